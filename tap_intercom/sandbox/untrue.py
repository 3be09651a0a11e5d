"""What does an answer say that is not so? Of the time, of an order, of what it holds."""

from __future__ import annotations

from dataclasses import replace
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import msgspec

from .exchange import JSON
from .failures import as_is
from .records.dice import DAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from .exchange import Call, Reply
    from .failures import Misfortune, Proceed
    from .state import State

Json = dict[str, Any]

NTH = 3


def ahead(which: str) -> Misfortune:
    """Let the `Date` of some answers be a day ahead."""
    if which not in WHICH:
        return as_is

    def dated(state: State, call: Call, proceed: Proceed) -> Reply:
        reply = proceed()
        if not WHICH[which](call):
            return reply
        date = formatdate(int(state.clock.now()) + DAY, usegmt=True).encode()
        return replace(reply, headers=(*reply.headers, (b"date", date)))

    return dated


WHICH: dict[str, Callable[[Call], bool]] = {
    "me": lambda call: call.path == "/me",
    "others": lambda call: call.path != "/me",
    "all": lambda _: True,
    "one": lambda call: call.total == NTH,
}


def unsorted(field: str) -> Misfortune:
    """Give what is searched for by another field, or newest first."""
    order = "descending" if field == "updated_at" else "ascending"

    def sort(_: State, call: Call, proceed: Proceed) -> Reply:
        if call.method == "POST" and call.path.endswith("/search"):
            call.raw = msgspec.json.encode(
                {**call.body(), "sort": {"field": field, "order": order}}
            )
        return proceed()

    return sort


def inside_short(_: State, call: Call, proceed: Proceed) -> Reply:
    """Hold one of each list inside a record, count all of them, and say that there are no more."""
    reply = proceed()
    if reply.content_type != JSON or not call.path.endswith("/search"):
        return reply
    return reply.changed(_hold_one)


def _hold_one(body: Json) -> None:
    for record in body.get("data") or []:
        for one in record.values():
            if isinstance(one, dict) and isinstance(one.get("data"), list) and one["data"]:
                one.update(data=one["data"][:1], has_more=False)
