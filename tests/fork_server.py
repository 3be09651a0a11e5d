"""Starts the project's programs by forking itself, which has loaded them already.

Run by `starting.py`, with the number of a socket over which it is told what to start. It does what
Python and the shell would: a child finds its own arguments, environment, folder, standard streams
and signals, and comes to its end as any program does, with all that Python does at the end. It is
told when a child has ended, and how; when nobody is at the socket any more, it ends all of them.
"""

from __future__ import annotations

import gc
import io
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
from contextlib import suppress
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Order = dict[str, Any]

NUMBER, END = struct.Struct("q"), struct.Struct("qq")
# The order itself, where its end is told, and the three standard streams.
FILES = 5
ENCODING, ERRORS = sys.stdout.encoding, sys.stdout.errors


def loaded() -> dict[str, Callable[[], Any]]:
    """Load the programs, and what some of them load when they are started."""
    programs = {
        one.name: one.load()
        for one in entry_points(group="console_scripts")
        if one.value.startswith("tap_intercom.")
    }
    import_module("tap_intercom.tap")
    return programs


class Server:
    """What has been started, and where to tell its end."""

    def __init__(self, orders: socket.socket) -> None:
        self.orders = orders
        self.ends: dict[int, int] = {}
        self.ended, ringing = os.pipe()
        for one in (self.ended, ringing):
            os.set_blocking(one, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(ringing, warn_on_full_buffer=False)

    def order(self) -> tuple[Order, list[int]]:
        """Start what is ordered and tell the ends; comes back in each child, with its order."""
        while True:
            if self.ended in select.select([self.orders, self.ended], [], [])[0]:
                os.read(self.ended, 4096)
                self.tell()
                continue
            told, files, *_ = socket.recv_fds(self.orders, 1, FILES)
            if not told:
                self.end()
            order, end, *streams = files
            process = os.fork()
            if process == 0:
                with os.fdopen(order, "rb") as file:
                    return json.loads(file.read()), streams
            os.write(end, NUMBER.pack(process))
            self.ends[process] = end
            for one in (order, *streams):
                os.close(one)

    def tell(self) -> None:
        """Tell of each child that has ended how it did, and how much memory it had at most."""
        while self.ends:
            process, status, used = os.wait4(-1, os.WNOHANG)
            if process == 0:
                return
            end = self.ends.pop(process)
            with suppress(BrokenPipeError):  # nobody asks any more
                os.write(end, END.pack(status, used.ru_maxrss))
            os.close(end)

    def end(self) -> None:
        """End, and all children before."""
        for process in self.ends:
            os.kill(process, signal.SIGKILL)
        os._exit(0)


def become(order: Order, streams: list[int]) -> None:
    """Be in the place in which a program finds itself that was started."""
    if order["alone"]:
        os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    open_streams(unbuffered=bool(os.environ.get("PYTHONUNBUFFERED")))
    sys.argv = order["command"]
    time.tzset()
    tempfile.tempdir = None
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def open_streams(*, unbuffered: bool) -> None:
    """Open the standard streams as Python does."""
    read = open(0, "rb", closefd=False)  # noqa: SIM115
    stdin = io.TextIOWrapper(read, ENCODING, ERRORS, write_through=unbuffered)
    sys.stdin = sys.__stdin__ = stdin  # type: ignore[misc]
    opened = []
    for number, errors in ((1, ERRORS), (2, "backslashreplace")):
        write: Any = open(number, "wb", 0 if unbuffered else -1, closefd=False)  # noqa: SIM115
        by_line = not unbuffered and (number == 2 or write.isatty())
        opened.append(
            io.TextIOWrapper(
                write, ENCODING, errors, line_buffering=by_line, write_through=unbuffered
            )
        )
    sys.stdout, sys.stderr = opened
    sys.__stdout__, sys.__stderr__ = opened  # type: ignore[misc]


def program(name: str, programs: dict[str, Callable[[], Any]]) -> Callable[[], Any]:
    """Find what is to be run: a program by its name, or code after `-c`."""
    if name != "-c":
        return programs[name]
    code = sys.argv.pop(1)
    return lambda: exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    # From here on only its children hear of these, and nothing before they are ready.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
    server = Server(socket.socket(fileno=int(sys.argv[1])))
    sys.path[0] = str(Path(sys.executable).parent)  # as a program finds it
    known = loaded()
    assert threading.active_count() == 1, threading.enumerate()
    gc.collect()
    gc.freeze()
    become(*server.order())
    del server
    sys.exit(program(sys.argv[0], known)())
