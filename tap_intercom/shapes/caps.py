"""What may be missing of a parent of which Intercom gives the newest rows only?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_intercom.api.bodies import at
from tap_intercom.audit import Gap
from tap_intercom.records import times

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_intercom.api.bodies import Body, Record


def gap(rows: list[Record], body: Body, in_all: int | None) -> Gap:
    """Say from when to when there may be rows that are older than all that were given.

    `body` has the parent, and `in_all` is how many rows it says it has. That such a count is
    reached says nothing: it may be of what was given.
    """
    missing = in_all - len(rows) if in_all is not None and in_all > len(rows) else None
    return Gap(created(body), oldest(rows), missing)


def oldest(rows: Iterable[Record]) -> str | None:
    """Say when the oldest of some rows was created, as far as they tell."""
    return min(filter(None, map(created, rows)), default=None)


def created(record: Body) -> str | None:
    """Say when something was created, if it tells."""
    moment = times.known(at("created_at", record))
    return times.text(moment) if moment else None
