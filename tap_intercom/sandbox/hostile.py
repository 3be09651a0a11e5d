"""What would a server answer that means harm, or has gone mad?"""

from __future__ import annotations

import zlib
from dataclasses import replace
from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING, Any

import msgspec

from .exchange import Call, Refusal, Reply
from .failures import as_is, page
from .limits import Allowance, exceeded

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


def retry_forever(_: State, call: Call, proceed: Proceed) -> Reply:
    """Ask for a wait of three years on the first call of each endpoint."""
    if call.nth > 1:
        return proceed()
    wait = ((b"retry-after", b"99999999"),)
    raise Refusal(429, "rate_limit_exceeded", exceeded(167).message, headers=wait)


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
    "endless": endless(empty=False),
    "endless-empty": endless(empty=True),
    "lying-total": lying_total,
    "limit-zero": limit_zero,
    "retry-forever": retry_forever,
    "away": away,
}


def hostile(kind: str) -> Misfortune:
    """Find what a kind of harm is."""
    return KINDS.get(kind, as_is)
