"""An answer is read whole, within bounds of size and time, and its connection used again."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
import requests
import urllib3

from tap_intercom.api import transfer
from tap_intercom.api.transfer import BoundedAdapter, TooLarge, TooSlow, due, received

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Sent = Iterable[bytes]

BLOCK = bytes(1024 * 1024)
PATIENCE = 10


@contextmanager
def serving(answer: Callable[[], Sent], connections: list[int] | None = None) -> Iterator[str]:
    """Serve the bytes of an answer to every request, on connections that stay open."""
    accepted = [] if connections is None else connections

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):  # whoever asked has had enough
            while connection.recv(65_536):
                for block in answer():
                    connection.sendall(block)

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            accepted.append(len(accepted))
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, daemon=True).start()
        host, port = listening.getsockname()
        yield f"http://{host}:{port}/"
        listening.shutdown(socket.SHUT_RDWR)


def head(*lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode()


def sized(body: bytes, *lines: str) -> bytes:
    return head(f"Content-Length: {len(body)}", *lines) + body


def chunked(blocks: Iterable[bytes], *lines: str) -> Sent:
    yield head("Transfer-Encoding: chunked", *lines)
    for block in blocks:
        yield b"%x\r\n%s\r\n" % (len(block), block)
    yield b"0\r\n\r\n"


def session() -> requests.Session:
    session = requests.Session()
    session.mount("http://", BoundedAdapter())
    session.mount("https://", BoundedAdapter())
    session.trust_env = False
    return session


def fetched(url: str, timeout: float = PATIENCE) -> bytes:
    with session() as asking:
        return asking.get(url, timeout=timeout).content


@pytest.mark.parametrize("size", [0, 1, 65_536, transfer.CHUNK_BYTES, 3 * 1024 * 1024 + 1])
def test_bodies_arrive_whole_however_they_are_sent(size: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    body = body[:size]
    packed = gzip.compress(body)
    ways: list[Sent] = [
        [sized(body)],
        list(chunked([body[at : at + 1_000] for at in range(0, size, 1_000)])),
        [sized(packed, "Content-Encoding: gzip")],
        list(chunked([packed], "Content-Encoding: gzip")),
    ]
    for way in ways:
        with serving(lambda sent=way: sent) as url:
            assert fetched(url) == body


def test_a_connection_is_used_again() -> None:
    connections: list[int] = []
    ways = iter([[sized(b"one")], list(chunked([b"two"])), [sized(b"")], [sized(b"four")]])
    with serving(lambda: next(ways), connections) as url, session() as asking:
        bodies = [asking.get(url, timeout=PATIENCE).content for _ in range(4)]
    assert bodies == [b"one", b"two", b"", b"four"]
    assert len(connections) == 1


def packed_zeros(megabytes: int) -> Iterator[bytes]:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    for _ in range(megabytes):
        if block := packer.compress(BLOCK):
            yield block
    yield packer.flush()


def test_more_than_any_page_is_not_read_to_its_end() -> None:
    def endless() -> Sent:
        yield head("Connection: close")
        while True:
            yield BLOCK

    tracemalloc.start()
    with serving(endless) as url, pytest.raises(TooLarge, match="larger than 64 MB"):
        fetched(url)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * transfer.MOST_BYTES


def test_what_is_small_when_packed_is_not_unpacked_to_its_end() -> None:
    bomb = b"".join(packed_zeros(1_000))
    assert len(bomb) < 2 * len(BLOCK)
    tracemalloc.start()
    with serving(lambda: [sized(bomb, "Content-Encoding: gzip")]) as url, pytest.raises(TooLarge):
        fetched(url)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * transfer.MOST_BYTES


@pytest.mark.parametrize("start", [head("Content-Length: 1000"), head("Connection: close")])
def test_a_body_that_drips_is_given_up(start: bytes) -> None:
    def dripping() -> Sent:
        yield start
        while True:
            yield b" "
            time.sleep(0.05)

    with serving(dripping) as url, pytest.raises(TooSlow, match="request_timeout"):
        fetched(url, timeout=0.5)


def test_a_body_that_stalls_is_given_up() -> None:
    is_over = threading.Event()

    def stalling() -> Sent:
        yield head("Content-Length: 10") + b"12345"
        is_over.wait()

    with serving(stalling) as url, pytest.raises(requests.ReadTimeout):
        fetched(url, timeout=0.3)
    is_over.set()


@pytest.mark.parametrize(
    "sent",
    [
        head("Content-Length: 10") + b"12345",
        head("Transfer-Encoding: chunked") + b"5\r\n123",
        head("Transfer-Encoding: chunked") + b"nonsense\r\n",
    ],
    ids=["short", "in a chunk", "no chunk"],
)
def test_a_body_that_breaks_off_is_an_error(sent: bytes) -> None:
    def breaking() -> Sent:
        yield sent
        raise ConnectionError

    with serving(breaking) as url, pytest.raises(requests.exceptions.ChunkedEncodingError):
        fetched(url)


def test_what_is_not_packed_as_it_says_is_an_error() -> None:
    sent = sized(b'{"data": []}', "Content-Encoding: gzip")
    with serving(lambda: [sent]) as url, pytest.raises(requests.exceptions.ContentDecodingError):
        fetched(url)


def test_a_stream_is_left_to_who_asked_for_it() -> None:
    with serving(lambda: [sized(b"body")]) as url, session() as asking:
        response = asking.get(url, timeout=PATIENCE, stream=True)
        assert response.raw.read() == b"body"


class Broken:
    """A connection that fails while a body is read from it."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def read1(self, *_: Any, **__: Any) -> bytes:
        raise self.error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (urllib3.exceptions.ProtocolError("broken off"), requests.exceptions.ChunkedEncodingError),
        (urllib3.exceptions.DecodeError("garbled"), requests.exceptions.ContentDecodingError),
        (urllib3.exceptions.ReadTimeoutError(None, None, "silent"), requests.ReadTimeout),  # type: ignore[arg-type]
        (urllib3.exceptions.SSLError("forged"), requests.exceptions.SSLError),
    ],
    ids=lambda one: getattr(one, "__name__", type(one).__name__),
)
def test_what_breaks_while_a_body_arrives_is_an_error_of_the_request(
    error: Exception, said: type[Exception]
) -> None:
    response = requests.Response()
    response.raw = Broken(error)
    with pytest.raises(said) as raised:
        received(response)
    assert raised.value.__cause__ is error
