"""Where does the browser come back to?

To the callback URL. Where that is a plain address of this machine, it is listened at here: on every
address that its host has, for its path only, and until one visit was the last.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from dataclasses import dataclass
from html import escape
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from typing_extensions import override

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

HTTP_PORT = 80
IDLE_SECONDS = 10.0


class PortTaken(Exception):
    """The callback URL cannot be listened at: another program does, or this user may not."""


@dataclass(frozen=True)
class Shown:
    """A page for the person: its status, title and text, and whether all is well, and over."""

    status: int
    title: str
    text: str
    is_well: bool = False
    is_over: bool = True


NOT_FOUND = Shown(
    404, "Nothing here", "This address is not the one that the tap waits at.", is_over=False
)


class Listener(ThreadingTCPServer):
    """Listens at one address for the browser; readable as a file is when somebody is there."""

    daemon_threads = True
    # On Windows, it would let two programs listen on one port.
    allow_reuse_address = os.name == "posix"
    timeout = 0

    def __init__(
        self,
        family: socket.AddressFamily,
        address: Any,
        path: str,
        answer: Callable[[str], Shown],
        over: threading.Event,
    ) -> None:
        """Answer queries on a path; after a page that says it is over, set the event."""
        self.address_family = family
        self.path = path
        self.answer = answer
        self.over = over
        super().__init__(address, _Visit)

    @override
    def handle_error(self, *_: Any) -> None:
        """Say nothing of a browser that went away."""


def listeners(
    url: str, answer: Callable[[str], Shown], over: threading.Event
) -> Iterator[Listener]:
    """Listen at a callback URL; yield nothing if it is not plain HTTP on this machine.

    On all addresses of it: `localhost` is two, and who listens on the other one would get the code.

    Raises:
        PortTaken: It cannot be listened at.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "http" or not is_this_machine(host):
        return
    port = parts.port or HTTP_PORT
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise PortTaken(f"{host} port {port}: {error.strerror}") from error
    for family, address in dict.fromkeys((one[0], one[4]) for one in found):
        try:
            listener = Listener(family, address, parts.path or "/", answer, over)
        except OSError as error:
            if family == socket.AF_INET6 and error.errno not in TAKEN:
                continue  # a machine without IPv6
            raise PortTaken(f"{host} port {port}: {error.strerror}") from error
        yield listener


TAKEN = frozenset({errno.EADDRINUSE, errno.EACCES})


def is_this_machine(host: str) -> bool:
    """Say whether a host is this machine, and no other can reach it there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Visit(BaseHTTPRequestHandler):
    """Answers the browser that comes back, and sends everybody else away."""

    server: Listener
    timeout = IDLE_SECONDS  # browsers open connections in advance, and say nothing on them
    server_version, sys_version = "tap-intercom", ""

    def do_GET(self) -> None:
        """Take the answer, and show how it went."""
        parts = urlsplit(self.path)
        is_it = (parts.path or "/") == self.server.path
        is_over = is_it  # also if the answer fails in a way that nobody thought of
        try:
            shown = self.server.answer(parts.query) if is_it else NOT_FOUND
            is_over = shown.is_over
            self._show(shown)
        finally:
            if is_over:
                self.server.over.set()

    def _show(self, shown: Shown) -> None:
        page = PAGE.format(
            title=escape(shown.title),
            text=escape(shown.text),
            sign="well" if shown.is_well else "ill",
        ).encode()
        self.send_response(shown.status)
        for name, value in {**HEADERS, "Content-Length": str(len(page))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(page)

    @override
    def log_message(self, *_: Any) -> None:
        """Log nothing: the path has the code in it."""


HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}: tap-intercom</title>
<style>
  body {{ margin: 0; min-height: 100vh; display: grid; place-items: center;
         font: 1.1rem/1.5 system-ui, sans-serif; background: Canvas; color: CanvasText; }}
  main {{ max-width: 30rem; margin: 2rem; padding: 2rem 2.5rem; border: 1px solid #8885;
         border-top: 6px solid; border-radius: 10px; }}
  h1 {{ margin: 0 0 .5rem; font-size: 1.6rem; }}
  p {{ margin: 0; overflow-wrap: anywhere; }}
  .well {{ border-top-color: #2e9e5b; }}
  .ill {{ border-top-color: #d4573a; }}
</style>
</head>
<body><main class="{sign}"><h1>{title}</h1><p>{text}</p></main></body>
</html>
"""
