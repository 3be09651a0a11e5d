"""What fails each time it is asked for: one record in eight, or all of a resource?"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from .exchange import Reply
from .failures import FAILURES, always, error, html

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
    if way in FAILURES:
        return FAILURES[way]
    if way == "html404":
        return always(html(404, "Not Found"))
    if way == "without":
        return always(Reply(200, b'{"type": "list"}'))
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
