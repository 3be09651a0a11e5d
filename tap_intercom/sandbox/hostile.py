"""What would a server answer that means harm, or has gone mad?"""

from __future__ import annotations

import zlib
from base64 import b64encode
from dataclasses import replace
from email.utils import formatdate
from functools import cache
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from .exchange import Call, Refusal, Reply
from .failures import as_is, page
from .limits import Allowance, exceeded
from .poison import is_poisoned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .failures import Misfortune, Proceed
    from .state import State

Json = dict[str, Any]

HUGE = 100_000_000
BOMB = 1_000_000_000
CHUNK = 100_000
BLOCK = 10_000_000
DEEP = 100_000
DEEP_ISH = 400
DRIP_EVERY = 0.2
FAR_OFF = 10**8
TOO_MANY = 1_000
# What says where a page begins.
PLACES = ("cursor", "page", "scroll_param", "starting_after")

START, END = b'{"type":"list","data":[', b"]}"

THREE_YEARS = 3 * 365 * 86_400
WIDE_LINE, MANY_LINES = 100_000, 200
# What would colour a terminal, put another title on it, begin a line in a log, turn what follows
# around, and do more of the kind with a single character.
ESCAPES = "\x1b[31m\x1b]0;pwned\x07\r\nINFO all is well\u202e\x9b2J\x7f\u2028"


def _lists(call: Call) -> bool:
    """Tell whether many records are asked for, and not one, nor what belongs to one."""
    return not call.argument and call.template != "/me"


def instead(reply: Callable[[], Reply]) -> Misfortune:
    """Answer lists that are asked for with GET in some way of its own."""

    def answer(_: State, call: Call, proceed: Proceed) -> Reply:
        return reply() if _lists(call) and call.method == "GET" else proceed()

    return answer


def _long() -> Iterator[bytes]:
    yield START + b'{"type":"tag","id":"1","name":"'
    yield from repeat(b"x" * CHUNK, HUGE // CHUNK)
    yield b'"}' + END


@cache
def _bomb() -> bytes:
    """Pack a list that is empty but for very much white space, a thousand times smaller."""
    packed, check, size = b"", 0, 0
    blank = b" " * BLOCK
    blanks = _packed(blank)
    for piece, deflated in (
        (START, _packed(START)),
        *repeat((blank, blanks), BOMB // BLOCK),
        (END, _packed(END, zlib.Z_FINISH)),
    ):
        check, size = zlib.crc32(piece, check), size + len(piece)
        packed += deflated
    head = b"\x1f\x8b\x08" + b"\0" * 7
    return head + packed + check.to_bytes(4, "little") + size.to_bytes(4, "little")


def _packed(piece: bytes, ending: int = zlib.Z_FULL_FLUSH) -> bytes:
    """Deflate a piece so that others may stand before and after it."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(piece) + packer.flush(ending)


def nested(_: State, call: Call, proceed: Proceed) -> Reply:
    """Put objects into objects, 400 deep, in the first record of each list."""
    reply = proceed()
    body, rows = _opened(reply)
    if not _lists(call) or not rows or not isinstance(rows[0], dict):
        return reply
    deep: Json = {}
    for _level in range(DEEP_ISH):
        deep = {"deeper": deep}
    rows[0]["deep"] = deep
    return replace(reply, body=msgspec.json.encode(body))


def _opened(reply: Reply) -> tuple[Any, list[Any]]:
    """Decode an answer, and find the records in it."""
    body = msgspec.json.decode(reply.body)
    lists = body.values() if isinstance(body, dict) else ()
    return body, next((one for one in lists if isinstance(one, list)), [])


def endless(*, empty: bool) -> Misfortune:
    """Answer with the first page for ever, and always with another next one."""

    def answer(state: State, call: Call, proceed: Proceed) -> Reply:
        if not _lists(call):
            return proceed()
        if call.template == "/companies/scroll":
            state.scrolls.drop()
        _begin_again(call)
        reply = proceed()
        body, rows = _opened(reply)
        if not isinstance(body, dict):
            return reply
        if empty:
            rows.clear()
        following = {"page": call.nth + 1, "starting_after": f"ever-{call.nth}"}
        body["pages"] = {"type": "pages", "page": call.nth, "next": following}
        return replace(reply, body=msgspec.json.encode(body), records=len(rows))

    return answer


def _begin_again(call: Call) -> None:
    """Make a call ask for the first page."""
    call.query = {name: value for name, value in call.query.items() if name not in PLACES}
    if call.raw:
        body = call.body()
        body.get("pagination", {}).pop("starting_after", None)
        call.raw = msgspec.json.encode(body)


def lying_total(_: State, call: Call, proceed: Proceed) -> Reply:
    """Count a thousand times too many records and pages, and none the next time.

    Where nothing else says that there is a next page, the number of pages is left alone.
    """
    reply = proceed()
    if not _lists(call):
        return reply
    factor = TOO_MANY if call.nth % 2 else 0
    body, _rows = _opened(reply)
    if not isinstance(body, dict):
        return reply
    place = body.get("pages")
    if isinstance(place, dict) and (place.get("next") or call.method == "POST"):
        place["total_pages"] = factor * (place.get("total_pages") or 1)
    if "total_count" in body:
        body["total_count"] = factor * (body["total_count"] or 1)
    return replace(reply, body=msgspec.json.encode(body))


def limit_zero(state: State, _: Call, proceed: Proceed) -> Reply:
    """Answer, and say that nothing may be asked for years."""
    reply = proceed()
    told = Allowance(0, 0, int(state.clock.now()) + FAR_OFF).headers()
    return replace(reply, headers=(*reply.headers, *told))


def dripping(start: bytes, drop: bytes) -> Misfortune:
    """Begin a response in some way, and let one drop after the other follow, without end."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n" + start
    begin = head if start else b""
    return instead(lambda: Reply(raw=lambda: chain([begin], repeat(drop)), every=DRIP_EVERY))


def headed(lines: Callable[[], bytes]) -> Misfortune:
    """Answer an empty list, with some lines in its head."""
    body = START + END
    head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n" % len(body)
    return instead(lambda: Reply(raw=lambda: [head + lines() + b"\r\n" + body]))


CHUNKED = b"transfer-encoding: chunked\r\n\r\n"


def retry_forever(_: State, call: Call, proceed: Proceed) -> Reply:
    """Ask for a wait of three years on the first call of each endpoint."""
    return proceed() if call.nth > 1 else _wait(b"99999999")


def retry_in_years(state: State, call: Call, proceed: Proceed) -> Reply:
    """Name a moment in three years."""
    then = formatdate(state.clock.now() + THREE_YEARS, usegmt=True)
    return proceed() if call.nth > 1 else _wait(then.encode())


def _wait(how_long: bytes) -> Reply:
    headers = ((b"retry-after", how_long),)
    raise Refusal(429, "rate_limit_exceeded", exceeded(167).message, headers=headers)


def echo(_: State, call: Call, proceed: Proceed) -> Reply:
    """Tell what goes wrong with the token in it, in several ways, and with what terminals obey."""
    packed = b64encode(f"Bearer {call.token}".encode()).decode()
    said = f"{ESCAPES} é 日本 {call.token} {quote(call.token, safe='')} {packed}"
    if "segments" in call.resources and _lists(call):
        line = f"HTTP/1.1 404 {call.token} \x1b[31m \x9b2J é\r\ncontent-length: 0\r\n\r\n"
        return Reply(raw=lambda: [line.encode("latin-1")])
    if not is_poisoned(call) and not ("tags" in call.resources and _lists(call)):
        return proceed()
    # Where an answer is cut off, a part of the token may be left of it.
    cut = ESCAPES * 4 + "." * (480 - 8 * len(ESCAPES)) + call.token
    told = [{"code": f"code {said}", "message": one} for one in (said, cut, said)]
    body = {"type": "error.list", "request_id": f"id {said}", "errors": told}
    return Reply(400, msgspec.json.encode(body))


def away(state: State, call: Call, proceed: Proceed) -> Reply:
    """Send everybody to another host, who is to be told the same again, once they are known."""
    if call.template == "/me":
        return proceed()
    location = (b"location", f"{state.options.elsewhere}{call.path}".encode())
    return Reply(308, page("308 Permanent Redirect", "nginx"), (location,), bare=True)


KINDS: dict[str, Misfortune] = {
    "huge": instead(lambda: Reply(chunks=_long)),
    "bomb": instead(lambda: Reply(body=_bomb(), headers=((b"content-encoding", b"gzip"),))),
    "deep": instead(lambda: Reply(body=START + b"[" * DEEP + b"]" * DEEP + END)),
    "deep-ish": nested,
    "drip": instead(lambda: Reply(chunks=lambda: repeat(b" "), every=DRIP_EVERY)),
    "drip-head": dripping(b"x-drip: ", b"x"),
    "drip-continue": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "drip-chunks": dripping(CHUNKED + b"1;", b"x"),
    "drip-trailers": dripping(
        CHUNKED + b"%x\r\n%s\r\n0\r\nx-drip: " % (len(START + END), START + END), b"x"
    ),
    "wide-head": headed(lambda: b"x-wide: %s\r\n" % (b"x" * WIDE_LINE)),
    "long-head": headed(lambda: b"x-long: x\r\n" * MANY_LINES),
    "endless": endless(empty=False),
    "endless-empty": endless(empty=True),
    "lying-total": lying_total,
    "limit-zero": limit_zero,
    "retry-forever": retry_forever,
    "retry-in-years": retry_in_years,
    "echo": echo,
    "away": away,
}


def hostile(kind: str) -> Misfortune:
    """Find what a kind of harm is."""
    return KINDS.get(kind, as_is)
