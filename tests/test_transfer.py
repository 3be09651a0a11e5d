"""An answer is read whole, within bounds of size and time, and its connection used again."""

from __future__ import annotations

import gzip
import itertools
import ssl
import threading
import time
import tracemalloc
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import requests
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from raw_server import serving

from tap_intercom.api import transfer
from tap_intercom.api.errors import RETRY, VERDICTS, Failure, cause, judged
from tap_intercom.api.pacing import PacedAdapter, Permit, RateLimit
from tap_intercom.api.transfer import TooLarge, TooSlow, bounded, due, received

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    Sent = Iterable[bytes]

BLOCK = bytes(1024 * 1024)
PATIENCE = 10


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
    session = bounded(requests.Session())
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


CHUNKED = head("Transfer-Encoding: chunked")
DRIPPING = {
    "status line": (b"HTTP/1.1 2", b"0"),
    "header": (b"HTTP/1.1 200 OK\r\nX-Drip: ", b"x"),
    "many headers": (b"HTTP/1.1 200 OK\r\n", b"X: x\r\n"),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": (head("Content-Length: 1000"), b" "),
    "body without a length": (head("Connection: close"), b" "),
    "length of a chunk": (CHUNKED, b"0"),
    "extension of a chunk": (CHUNKED + b"1;", b"x"),
    "chunk": (CHUNKED + b"fff\r\n", b" "),
    "many chunks": (CHUNKED, b"1\r\n \r\n"),
    "trailer": (CHUNKED + b"2\r\n{}\r\n0\r\nX-Drip: ", b"x"),
    "many trailers": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X: x\r\n"),
    "error": (b"HTTP/1.1 500 No\r\nContent-Length: 1000\r\n\r\n", b" "),
}
DRIPPING_HEADS = ["status line", "header", "many headers", "continue", "error"]


def dripping(name: str, every: float = 0.05) -> Callable[[], Sent]:
    """Begin an answer, and let the rest of it drip without end."""
    start, drop = DRIPPING[name]

    def sent() -> Sent:
        yield start
        while True:
            yield drop
            time.sleep(every)

    return sent


@pytest.mark.parametrize("name", DRIPPING)
def test_what_drips_is_given_up_wherever_it_does(name: str) -> None:
    with serving(dripping(name)) as url, pytest.raises(TooSlow, match="request_timeout") as raised:
        fetched(url, timeout=0.4)
    assert cause(raised.value) == "the answer did not arrive whole within request_timeout"


@pytest.mark.parametrize("name", ["continue", "extension of a chunk", "many trailers"])
def test_what_floods_in_is_given_up_too(name: str) -> None:
    """Or it is too much before that."""
    with serving(dripping(name, every=0)) as url, pytest.raises(requests.RequestException):
        fetched(url, timeout=0.4)


@pytest.mark.parametrize("name", DRIPPING_HEADS)
def test_the_head_of_a_stream_is_bounded_and_what_is_no_stream_but_an_error(name: str) -> None:
    with serving(dripping(name)) as url, session() as asking, pytest.raises(TooSlow):
        asking.get(url, timeout=0.4, stream=True)


@pytest.mark.parametrize("name", [one for one in DRIPPING if one not in DRIPPING_HEADS])
def test_a_stream_is_bounded_by_who_asked_for_it(name: str) -> None:
    with serving(dripping(name)) as url, session() as asking:
        response = asking.get(url, timeout=PATIENCE, stream=True)
        with response, due(time.monotonic() + 0.4), pytest.raises(TooSlow):
            b"".join(iter(lambda: received(response), b""))


def test_a_stream_that_is_bounded_more_widely_may_not_be_silent_for_longer() -> None:
    """It is no longer bound to what was left of the time for its head, either."""
    is_over = threading.Event()

    def resting() -> Sent:
        yield head("Content-Length: 3")
        for _ in range(2):
            time.sleep(0.3)
            yield b"x"
        is_over.wait()

    with serving(resting) as url, session() as asking:
        response = asking.get(url, timeout=0.5, stream=True)
        with response, due(time.monotonic() + PATIENCE):
            assert received(response) + received(response) == b"xx"
            with pytest.raises(requests.ReadTimeout) as raised:
                received(response)
        is_over.set()
    assert not isinstance(raised.value, TooSlow)


def test_a_proxy_that_drips_is_given_up() -> None:
    with serving(dripping("header")) as url, session() as asking, pytest.raises(TooSlow):
        asking.get("https://intercom.test/", proxies={"https": url}, timeout=0.4)


def test_a_greeting_that_drips_is_given_up() -> None:
    """TLS says first how much is to come."""

    def greeting() -> Sent:
        yield b"\x16\x03\x03\x40\x00"
        while True:
            yield b"\x02"
            time.sleep(0.05)

    with serving(greeting) as url, pytest.raises(requests.RequestException, match="timed out"):
        fetched(url.replace("http:", "https:"), timeout=0.4)


def test_nothing_at_all_is_silence_and_not_slow() -> None:
    is_over = threading.Event()

    def nothing() -> Sent:
        is_over.wait()
        yield b""

    with serving(nothing) as url, pytest.raises(requests.ReadTimeout) as raised:
        fetched(url, timeout=0.3)
    is_over.set()
    assert not isinstance(raised.value, TooSlow)


def test_the_time_of_one_answer_is_not_taken_from_the_next() -> None:
    """All of them take longer than one may; each comes in two pieces, on one connection."""
    connections: list[int] = []

    def slow() -> Sent:
        yield sized(b"12345678")[:-4]
        time.sleep(0.3)
        yield b"5678"

    with serving(slow, connections) as url, session() as asking:
        bodies = [asking.get(url, timeout=1).content for _ in range(4)]
    assert bodies == [b"12345678"] * 4
    assert len(connections) == 1


def test_many_threads_wait_for_their_own_answers_only() -> None:
    """Those that drip are given up, on connections that the others use meanwhile or later."""
    turns = itertools.count()

    def now_and_then() -> Sent:
        if next(turns) % 3:
            return [sized(b"well")]
        return dripping("header", every=0.02)()

    def fetch(_: int) -> bytes:
        try:
            return asking.get(url, timeout=1).content
        except TooSlow:
            return b"slow"

    with serving(now_and_then) as url, session() as asking, ThreadPoolExecutor(8) as pool:
        outcomes = Counter(pool.map(fetch, range(24)))
    assert outcomes == {b"well": 16, b"slow": 8}


def test_the_wait_for_a_permit_is_no_part_of_the_time() -> None:
    class Late(RateLimit):
        def take(self) -> Permit:
            time.sleep(1.2)
            return super().take()

    adapter = PacedAdapter(Late(), 1)
    with serving(lambda: [sized(b"body")]) as url, session() as asking:
        asking.mount("http://", adapter)
        assert asking.get(url, timeout=1).content == b"body"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["X: x"] * 200, "got more than 100 headers"),
        (["X: " + "x" * 100_000], "got more than 65536 bytes"),
        (["Transfer-Encoding: chunked", "", "1;" + "x" * 100_000], "got more than 65536 bytes"),
    ],
    ids=["many", "wide", "wide chunk"],
)
def test_a_head_that_is_too_much_is_an_error_of_the_request(lines: list[str], said: str) -> None:
    with serving(lambda: [head(*lines)]) as url, pytest.raises(requests.RequestException) as raised:
        fetched(url)
    failure = Failure.of_network(raised.value)
    assert said in failure.text
    assert judged(failure, VERDICTS).verdict == RETRY


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


# What is true of a connection is true of one that is encrypted


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine's, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    day = timedelta(days=1)
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    plain = serialization.NoEncryption()
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(key.private_bytes(pem, form, plain) + made.public_bytes(pem))
    return path


class Encrypted(BaseHTTPRequestHandler):
    """Answers whole, or drips."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b"x" * 300_000
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        if self.path == "/whole":
            self.wfile.write(head + body)
            return
        for one in head if self.path == "/head" else head + body:
            if self.path == "/head" or one == ord("x"):
                time.sleep(0.05)
            self.wfile.write(bytes([one]))
            self.wfile.flush()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def encrypted(certificate: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ThreadingHTTPServer(("127.0.0.1", 0), Encrypted) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  who hangs up
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"https://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_encrypted_answer_arrives_whole_and_its_connection_is_used_again(
    encrypted: str, certificate: Path
) -> None:
    with session() as asking:
        asking.verify = str(certificate)
        for _ in range(3):
            body = asking.get(f"{encrypted}/whole", timeout=PATIENCE).content
            assert body == b"x" * 300_000


@pytest.mark.parametrize("what", ["head", "body"])
def test_what_drips_through_encryption_is_given_up_too(
    encrypted: str, certificate: Path, what: str
) -> None:
    with session() as asking:
        asking.verify = str(certificate)
        with pytest.raises(TooSlow):
            asking.get(f"{encrypted}/{what}", timeout=0.4)
