"""How large may an answer be, and how long may it take to arrive?

Larger than any page of Intercom's it may not be, however well it is packed; and no longer than the
timeout, which else would begin anew with each byte that drips in, be it of the head, of what stands
between the pieces of a body, or of the body.
"""

from __future__ import annotations

import io
import math
import threading
import time
from contextlib import contextmanager
from functools import cache
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import DecodeError, ProtocolError, ReadTimeoutError, SSLError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from socket import socket
    from typing import TypeVar

    from _typeshed import WriteableBuffer

    Session = TypeVar("Session", bound=requests.Session)

# The largest that is known are conversations of 500 parts, with some ten kilobytes of HTML each.
MOST_BYTES = 64 * 1024 * 1024
CHUNK_BYTES = 256 * 1024
MOST_OF_AN_ERROR = 1024 * 1024

# With a timeout of 0, a socket would not wait for what is on its way to us already.
SHORTEST_SECONDS = 0.001
SLOWLY = "the answer did not arrive whole within request_timeout"


class TooLarge(requests.RequestException):
    """An answer is larger than any that Intercom gives."""


class TooSlow(requests.ReadTimeout):
    """An answer did not arrive whole in time."""


class _Due(threading.local):
    """Until when each thread waits for an answer, by the steady clock, and whether it gave it up.

    A request is sent, and what comes is read, on one thread, which waits for nothing else.
    """

    at: float = math.inf
    is_over: bool = False


_due = _Due()


@contextmanager
def due(at: float) -> Iterator[None]:
    """Wait until then, by the steady clock, for what is read meanwhile on this thread."""
    _due.at, _due.is_over = at, False
    try:
        yield
    finally:
        _due.at = math.inf


class _Arriving(io.RawIOBase):
    """What arrives on a connection, until it is due."""

    def __init__(self, raw: io.RawIOBase, connection: socket) -> None:
        self._raw = raw
        self._connection = connection
        self._silence = connection.gettimeout() or math.inf
        self._has_begun = False

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        left = _due.at - time.monotonic()
        wait = max(min(left, self._silence), SHORTEST_SECONDS)
        if wait < math.inf:
            self._connection.settimeout(wait)
        try:
            count = self._raw.readinto(buffer) if left > 0 else None
        except TimeoutError:
            if not self._has_begun or left > self._silence:
                raise
            count = None
        if count is None:  # said here, so that it is the innermost reason
            _due.is_over = True
            raise TimeoutError(SLOWLY)
        self._has_begun = True
        return count

    @override
    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    """An answer of which every byte is awaited until it is due, from its first line on."""

    def __init__(self, sock: socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Arriving(self.fp.detach(), sock))


@cache
def _punctual(connection: type[Any]) -> type[Any]:
    """Make a kind of connection one on which answers are due."""
    if connection.response_class is _Answer:
        return connection
    return type(connection.__name__, (connection,), {"response_class": _Answer})


class BoundedAdapter(HTTPAdapter):
    """Sends requests and reads the answers, within bounds.

    What is asked for as a stream is left to who asked, but for its head, and an error.
    """

    @override
    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = _punctual(pool.ConnectionCls)
        return pool

    @override
    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Send a request and read the answer.

        Raises:
            TooLarge, TooSlow: There are more than `MOST_BYTES` of it, unpacked, or it takes longer
                than the `timeout`, in seconds.
        """
        with due(time.monotonic() + (kwargs.get("timeout") or math.inf)):
            try:
                response = super().send(request, *args, **{**kwargs, "stream": True})
                if isinstance(response.raw, BaseHTTPResponse):
                    if not kwargs.get("stream"):
                        _read(response)
                    elif response.status_code >= requests.codes.multiple_choices:
                        _read_beginning(response)
            except requests.RequestException as error:
                if _due.is_over:
                    raise TooSlow(SLOWLY, request=request) from error
                raise
            return response


def bounded(session: Session) -> Session:
    """Have a session read no answer but within bounds."""
    for scheme in ("https://", "http://"):
        session.mount(scheme, BoundedAdapter())
    return session


def _read(response: requests.Response) -> None:
    """Read the body of an answer, and close what breaks off."""
    try:
        body = b"".join(_chunks(response))
    except BaseException:
        response.close()
        raise
    response._content = body  # noqa: SLF001  what `content` gives


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """Yield what has arrived of a body, as it arrives."""
    size = 0
    while chunk := received(response):
        size += len(chunk)
        if size > MOST_BYTES:
            msg = f"the answer is larger than {MOST_BYTES // 1024**2} MB"
            raise TooLarge(msg, response=response)
        yield chunk


def _read_beginning(response: requests.Response) -> None:
    """Read no more of the body of a streamed answer than an error may have."""
    response._content = next(response.iter_content(MOST_OF_AN_ERROR), b"")  # noqa: SLF001


def received(response: requests.Response, *, unpack: bool = True) -> bytes:
    """Wait for the next bytes of a body, none at its end; unpacked, as its headers say, or not.

    Raises:
        TooSlow: It is due.
        RequestException: It breaks off, or falls silent, or is not packed as it says.
    """
    try:
        return response.raw.read1(CHUNK_BYTES, decode_content=unpack) or b""
    except ProtocolError as error:
        raise requests.exceptions.ChunkedEncodingError(error) from error
    except DecodeError as error:
        raise requests.exceptions.ContentDecodingError(error) from error
    except ReadTimeoutError as error:
        raise (TooSlow if _due.is_over else requests.ReadTimeout)(error) from error
    except SSLError as error:
        raise requests.exceptions.SSLError(error) from error
