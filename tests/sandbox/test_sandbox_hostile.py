"""What means harm does it, and only where it should."""

from __future__ import annotations

import json
import socket
import time
import zlib
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from tap_intercom.sandbox.hostile import BOMB, DEEP, DEEP_ISH, HUGE, KINDS
from tap_intercom.sandbox.misfortunes import __doc__ as documented

if TYPE_CHECKING:
    import requests
    from calling import Caller, Json, Start


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_harm_is_documented(kind: str) -> None:
    assert f"demo-hostile-{kind} " in documented


@pytest.mark.parametrize("kind", KINDS)
def test_whose_token_it_is_can_be_asked_all_the_same(start: Start, kind: str) -> None:
    intercom = start().using(token=f"demo-hostile-{kind}")
    answers = [intercom.get("/me") for _ in range(2)]
    assert answers[-1].json()["type"] == "admin"


def opened(intercom: Caller, path: str) -> requests.Response:
    """An answer of which only the headers have been read."""
    headers = {"Authorization": f"Bearer {intercom.token}", "Intercom-Version": "2.17"}
    url = intercom.sandbox.url + path
    return intercom.session.get(url, headers=headers, stream=True, timeout=60)


def test_a_huge_body_comes_in_pieces(start: Start) -> None:
    with opened(start().using(token="demo-hostile-huge"), "/tags") as answer:
        assert answer.headers["Transfer-Encoding"] == "chunked"
        size = sum(len(chunk) for chunk in answer.iter_content(1_000_000))
    assert HUGE < size < HUGE + 100


def test_a_bomb_is_small_until_it_goes_off(start: Start) -> None:
    with opened(start().using(token="demo-hostile-bomb"), "/tags") as answer:
        packed = answer.raw.read(decode_content=False)
    assert len(packed) < 2_000_000
    unpacker = zlib.decompressobj(wbits=31)
    begin = end = unpacker.decompress(packed, 100)
    size = len(begin)
    while not unpacker.eof:
        piece = unpacker.decompress(unpacker.unconsumed_tail, 10_000_000)
        size += len(piece)
        end = piece or end
    assert BOMB < size < BOMB + 100
    assert json.loads(begin.rstrip() + end.lstrip()) == {"type": "list", "data": []}


def test_arrays_in_arrays(start: Start) -> None:
    body = start().using(token="demo-hostile-deep").get("/tags").content
    assert body.count(b"[") == body.count(b"]") == DEEP + 1


def test_a_record_that_is_deep(start: Start, ever: Json) -> None:
    intercom = start().using(token="demo-hostile-deep-ish")
    for answer in (intercom.get("/tags"), intercom.search("contacts", ever)):
        first, *others = answer.json()["data"]
        level, deep = 0, first["deep"]
        while deep:
            level, deep = level + 1, deep["deeper"]
        assert level == DEEP_ISH
        assert not any("deep" in one for one in others)


def test_drop_by_drop(start: Start) -> None:
    began = time.perf_counter()
    with opened(start().using(token="demo-hostile-drip"), "/tags") as answer:
        drops = list(islice(answer.iter_content(1), 4))
    assert drops == [b" "] * 4
    assert time.perf_counter() - began >= 0.6


@pytest.mark.parametrize(
    ("kind", "received"),
    [
        ("drip-head", b"x-drip: xxxx"),
        ("drip-continue", b"HTTP/1.1 100 Continue\r\n\r\n" * 4),
        ("drip-chunks", b"chunked\r\n\r\n1;xxxx"),
        ("drip-trailers", b"]}\r\n0\r\nx-drip: xxxx"),
        ("wide-head", b"x-wide: " + b"x" * 70_000),
        ("long-head", b"x-long: x\r\n" * 150),
    ],
)
def test_what_no_answer_is_made_of(start: Start, kind: str, received: bytes) -> None:
    come = spoken(start().using(token=f"demo-hostile-{kind}"), "/tags", received)
    assert come.startswith(b"HTTP/1.1 ")


def spoken(intercom: Caller, path: str, awaited: bytes) -> bytes:
    """What is answered, byte by byte, until something has come."""
    host, port = intercom.sandbox.url.removeprefix("http://").split(":")
    asked = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {intercom.token}\r\n\r\n"
    come = b""
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(asked.encode())
        while awaited not in come:
            piece = connection.recv(65_536)
            assert piece, come
            come += piece
    return come


@pytest.mark.parametrize("kind", ["endless", "endless-empty"])
def test_the_first_page_again_and_again(start: Start, ever: Json, kind: str) -> None:
    intercom = start(size=120).using(token=f"demo-hostile-{kind}")
    first = {
        row["id"] for row in intercom.using(token="demo").search("contacts", ever).json()["data"]
    }
    cursors, after = set(), None
    for _ in range(5):
        answer = intercom.search("contacts", ever, after=after).json()
        assert {row["id"] for row in answer["data"]} == (first if kind == "endless" else set())
        after = answer["pages"]["next"]["starting_after"]
        cursors.add(after)
    tags = [intercom.get("/tags", starting_after=after).json() for after in ("one", "two")]
    assert tags[0]["data"] == tags[1]["data"]
    cursors |= {one["pages"]["next"]["starting_after"] for one in tags}
    assert len(cursors) >= 5


def test_a_scroll_without_end(start: Start) -> None:
    intercom = start().using(token="demo-hostile-endless")
    page = intercom.get("/companies/scroll").json()
    for _ in range(5):
        again = intercom.get("/companies/scroll", scroll_param=page["scroll_param"]).json()
        assert again["data"] == page["data"] != []


def test_totals_that_lie(start: Start, ever: Json) -> None:
    intercom = start(size=120).using(token="demo-hostile-lying-total")
    honest = intercom.using(token="demo").search("contacts", ever, per_page=50).json()
    for factor in (1_000, 0, 1_000):
        answer = intercom.search("contacts", ever, per_page=50).json()
        assert answer["total_count"] == factor * honest["total_count"]
        assert answer["pages"]["total_pages"] == factor * honest["pages"]["total_pages"]
        assert answer["data"] == honest["data"]
        assert answer["pages"]["next"] == honest["pages"]["next"]


def test_a_limit_of_zero(start: Start) -> None:
    intercom = start().using(token="demo-hostile-limit-zero")
    for path in ("/me", "/tags"):
        answer = intercom.get(path)
        assert answer.status_code == 200
        assert answer.headers["X-RateLimit-Limit"] == answer.headers["X-RateLimit-Remaining"] == "0"
        assert int(answer.headers["X-RateLimit-Reset"]) > intercom.sandbox.now() + 86_400


def test_a_wait_of_years(start: Start) -> None:
    intercom = start().using(token="demo-hostile-retry-forever")
    for path in ("/me", "/tags"):
        first, second = intercom.get(path), intercom.get(path)
        assert (first.status_code, first.headers["Retry-After"]) == (429, "99999999")
        assert second.status_code == 200


def test_a_moment_in_years(start: Start) -> None:
    intercom = start().using(token="demo-hostile-retry-in-years")
    first, second = intercom.get("/tags"), intercom.get("/tags")
    then = parsedate_to_datetime(first.headers["Retry-After"]).timestamp()
    assert first.status_code == 429
    assert abs(then - intercom.sandbox.now() - 3 * 365 * 86_400) < 86_400
    assert second.status_code == 200


def test_what_goes_wrong_is_told_with_the_token(start: Start) -> None:
    intercom = start().using(token="demo-hostile-echo")
    answer = intercom.get("/tags")
    assert answer.status_code == 400
    for said in (answer.json()["request_id"], answer.json()["errors"][0]["message"]):
        assert "demo-hostile-echo" in said
        assert {"\x1b", "\n", "\u202e", "\x9b"} <= {*said}
    reason = b"HTTP/1.1 404 demo-hostile-echo \x1b[31m"
    assert spoken(intercom, "/segments", reason).startswith(reason)
    assert intercom.get("/contacts").status_code == 200


def test_everything_is_elsewhere(start: Start) -> None:
    intercom = start(elsewhere="http://127.0.0.1:9").using(token="demo-hostile-away")
    answer = intercom.get("/tags")
    assert answer.status_code == 308
    assert answer.headers["Location"] == "http://127.0.0.1:9/tags"


def test_an_id_may_have_a_slash(start: Start) -> None:
    intercom = start()
    record = {**intercom.truth("conversations")[0], "id": "a/../b?c#d"}
    intercom.sandbox.put("conversations", record)
    path = "/conversations/a%2F..%2Fb%3Fc%23d"
    assert intercom.get(path).json()["id"] == "a/../b?c#d"
    assert intercom.sandbox.log()[-1]["path"] == path
