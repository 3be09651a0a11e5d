"""What does one request tell of a stream?

Whether the token may read it, how many records there are, and so what a first sync takes. How each
shape is asked is said by its `probe`; here is what it gives.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_intercom.api.bodies import Record

OK, NOT_ASKED, FAILED = "OK", "not asked", "failed"


@dataclass(frozen=True)
class Glimpse:
    """What one request told.

    `records` is the total that Intercom tells. Of a first sync's calls, `pages` have to be made one
    after another, and `details` may be made many at once; None is unknown. `sample` are some of the
    records, as Intercom sent them.
    """

    records: int | None = None
    pages: int | None = None
    details: int = 0
    advice: str = ""
    sample: Sequence[Record] = field(default=(), repr=False)


@dataclass(frozen=True)
class Finding:
    """What was found out about one stream.

    `access` is `OK`, `not asked`, `failed`, or what is missing; `advice` says what to do then.
    `seconds` is how long the request took.
    """

    stream: str
    selected_by_default: bool
    access: str
    advice: str = ""
    glimpse: Glimpse = Glimpse()
    seconds: float | None = None

    @property
    def calls(self) -> int | None:
        """How many calls a first sync of the stream takes."""
        pages = self.glimpse.pages
        return None if pages is None else pages + self.glimpse.details

    def shown(self) -> dict[str, Any]:
        """The finding as JSON."""
        names = ("stream", "selected_by_default", "access", "advice")
        shown = {name: getattr(self, name) for name in names}
        return {**shown, "records": self.glimpse.records, "calls": self.calls}


class NotAsked(Exception):
    """There is nothing to ask a stream with."""

    def __init__(self, advice: str, access: str = NOT_ASKED) -> None:
        """Say why, and what is known of the access all the same."""
        super().__init__(advice)
        self.access = access
        self.advice = advice


def readable(parent: Finding | None) -> Glimpse:
    """Give what is known of a child's parent, if the parent may be read.

    Raises:
        NotAsked: It may not.
    """
    if parent is None:
        raise NotAsked("its parent was not asked")
    if parent.access != OK:
        raise NotAsked(parent.advice, parent.access)
    return parent.glimpse


def together(glimpses: Sequence[Glimpse]) -> Glimpse:
    """Add up what the first pages of a stream's lists tell."""
    return Glimpse(
        added(one.records for one in glimpses),
        added(one.pages for one in glimpses),
        sample=[row for one in glimpses for row in one.sample],
    )


def added(counts: Iterable[int | None]) -> int | None:
    """Add up counts, of which one may be unknown, and then all are."""
    known = list(counts)
    return None if None in known else sum(one for one in known if one is not None)
