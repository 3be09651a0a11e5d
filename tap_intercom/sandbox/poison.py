"""What fails each time it is asked for: one record in eight, all of a resource, or one call?"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import msgspec

from .contradictions import KINDS
from .exchange import Reply
from .failures import FAILURES, always, as_is, error, html

if TYPE_CHECKING:
    from .exchange import Call
    from .failures import Misfortune, Proceed
    from .state import State

POISONABLE = {
    "/conversations/{id}",
    "/conversations/{id}/handling_events",
    "/conversations/{id}/side_conversations",
    "/articles/{id}",
    "/articles/{id}/versions",
    *(f"/contacts/{{id}}/{name}" for name in ("tags", "companies", "notes", "segments")),
    "/contacts/{id}/subscriptions",
    *(f"/companies/{{id}}/{name}" for name in ("contacts", "notes")),
}


def is_poisoned(call: Call) -> bool:
    """Say whether a call is about one of the records that nobody can ask about."""
    name = call.argument or call.query.get("intercom_user_id", "")
    is_detail = call.template in POISONABLE or "intercom_user_id" in call.query
    return is_detail and zlib.crc32(name.encode()) % 8 == 0


def failing_as(way: str) -> Misfortune:
    """Fail in a way that is named by its status, or as `FAILURES` has it."""
    if way.startswith("said"):
        return KINDS.get(f"said-{way.removeprefix('said')}", as_is)
    if way in FAILURES:
        return FAILURES[way]
    if way == "html404":
        return always(html(404, "Not Found"))
    if way == "without":
        return always(Reply(200, b'{"type": "list"}'))
    if not way.isdigit():
        return as_is
    return always(error(int(way), "server_error" if way[0] == "5" else "client_error", "Poisoned."))


def poisoned(way: str) -> Misfortune:
    """Make one record in eight one that nobody can ask about."""
    failure = failing_as(way)

    def poison(state: State, call: Call, proceed: Proceed) -> Reply:
        return failure(state, call, proceed) if is_poisoned(call) else proceed()

    return poison


def broken(what: str) -> Misfortune:
    """Make all calls for one resource fail."""
    resource, _, way = what.rpartition("-")
    failure = failing_as(way)

    def fail(state: State, call: Call, proceed: Proceed) -> Reply:
        return failure(state, call, proceed) if resource in call.resources else proceed()

    return fail


def unsearchable(way: str) -> Misfortune:
    """Make each search fail of which a page would hold one of some records, however small it is."""
    failure = failing_as(way)

    def fail(state: State, call: Call, proceed: Proceed) -> Reply:
        reply = proceed()
        if call.method != "POST" or not call.path.endswith("/search"):
            return reply
        body = msgspec.json.decode(reply.body)
        rows = next((one for one in body.values() if isinstance(one, list)), [])
        names = [str(row.get("id")) for row in rows if isinstance(row, dict)]
        spoilt = any(zlib.crc32(name.encode()) % SPOILT_OF == 0 for name in names)
        return failure(state, call, lambda: reply) if spoilt else reply

    return fail


SPOILT_OF = 32


def nth(what: str) -> Misfortune:
    """Make one call fail, and whenever the same is asked for again, whatever size of page."""
    number, _, way = what.partition("-")
    failure = failing_as(way.removesuffix("-once"))
    is_once = way.endswith("-once")

    def fail(state: State, call: Call, proceed: Proceed) -> Reply:
        asked = _asked(call)
        if call.total == int(number):
            state.notes[call.token, "asked"] = asked
        is_it = state.notes.get((call.token, "asked")) == asked
        if is_it and (call.total == int(number) or not is_once):
            return failure(state, call, proceed)
        return proceed()

    return fail if number.isdigit() else as_is


def _asked(call: Call) -> str:
    """Write down what a call asks for."""
    body = call.body() if call.raw else {}
    pagination = {**(body.get("pagination") or {}), "per_page": None}
    asked = [call.method, call.path, call.query, {**body, "pagination": pagination}]
    return msgspec.json.encode(asked, order="sorted").decode()
