"""How is a long search cut into parts, several of which are read at once?

The first page of a search tells how many records there are. If they are many, what follows is cut
by time into parts of a few pages each; a part that turns out to be full is cut again. Parts meet at
a second `s`: one asks for `< s`, the next for `> s or = s`, which leaves no gap and no overlap
whether Intercom compares seconds or days.

A search that does not come by time, though it was asked to, is not cut: of what lies before the
parts it is asked how much there is, and that must be what was read of it.

What cannot be read is cut into halves, until what lies around it is read, and it is named as a
hole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tap_intercom.api.errors import EndsRun, IntercomError, NotAvailable
from tap_intercom.api.paginators import RepeatedPage, Request, Trail, next_request, walk
from tap_intercom.api.sizes import PageSize
from tap_intercom.records import times
from tap_intercom.shapes.reach import Ascent

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet
    from datetime import datetime, timedelta

    from tap_intercom.api.bodies import Record
    from tap_intercom.api.client import Rules
    from tap_intercom.shapes.shape import Shape

# A part is to hold about so many pages: few, as they wait in memory for the parts before; not
# fewer, as the last page of each is half empty.
PART_PAGES = 3
PARTS_AT_ONCE = 10
MOST_PARTS = 64


@dataclass(frozen=True)
class Stretch:
    """What changed from a second on and before another, to be searched for, and how much is read.

    `last` tells of the page before it the second in which it ended, and its ids; `trail` what was
    asked on the way; `first` the second from which on `read` counts, and `settled` those among them
    that did not change lately. It is suspect if it is part of one that could not be read.
    """

    request: Request
    since: int
    before: int
    is_suspect: bool = False
    read: int = 0
    last: tuple[int, AbstractSet[str]] | None = None
    trail: Trail = field(default_factory=Trail)
    first: int | None = None
    settled: int = 0
    may_be_cut: bool = True


@dataclass(frozen=True)
class Hole:
    """What cannot be read: from a second on, and before another, counted from 1970; and why."""

    since: int
    before: int
    problem: str

    def __str__(self) -> str:
        span = " to ".join(times.canonical(one) for one in (self.since, self.before))
        return f"What changed from {span} cannot be read, not even one by one. {self.problem}"


@dataclass(frozen=True)
class Disorder:
    """That a search does not come by time, though it was asked to."""


Found = list[dict[str, Any]] | Hole | Disorder


@dataclass(frozen=True)
class Parts:
    """How the stretches of one search are read and cut.

    `question` asks for what changed from a second on and before another; `grain` is what Intercom
    compares times by; `settled` the moment up to which the order can be trusted.
    """

    stream: Shape
    page_size: int
    grain: timedelta
    settled: datetime
    question: Callable[[int | None, int | None], Request]

    def read(self, stretch: Stretch) -> tuple[tuple[list[Found], int], list[Stretch]]:
        """Read a stretch, or its beginning.

        Gives its pages, the number of bytes received for them, and the stretches that follow.
        """
        received = self.stream.run.client.received
        before = received.bytes
        pages: list[Found] = []
        try:
            following = self.walked(stretch, pages)
        except RepeatedPage:
            if not pages:
                raise
            # Pages came before the circle: the same once more was asked before, and ends so, too.
            following = [stretch]
        return (pages, received.bytes - before), following

    def walked(self, stretch: Stretch, pages: list[Found]) -> list[Stretch]:
        """Add the pages of a stretch, or of its beginning; give the stretches that follow."""
        stream, count = self.stream, stretch.read
        fetch = partial(stream.fetch, rules=self.rules(stretch))
        page: list[Record] = []
        read: list[Record] = []
        following: Request | None = stretch.request
        try:
            for body in walk(stretch.request, fetch, stretch.trail):
                page = stream.dig(body)
                pages.append([one for one in page if self.is_new(one, stretch.last)])
                count += len(page)
                read += page
                total = stream.said(body)
                following = next_request(stretch.request, body)
                left = 0 if total is None else total - count
                if len(pages) >= PART_PAGES or left > PART_PAGES * self.page_size:
                    break
        except (NotAvailable, EndsRun):
            raise
        except IntercomError as error:
            if not pages:
                return self.around(stretch, pages, error)
            # That the next page was asked for is no circle.
            stretch, left = replace(stretch, trail=Trail()), 0
        if following is None:
            stream.account.compare(stream.name, count, total)
            return []
        moments = [moment for record in read if (moment := self.stream.moment(record))]
        rest = replace(
            stretch,
            request=following,
            since=self.came_to(page, stretch),
            read=count,
            first=stretch.since if stretch.first is None else stretch.first,
            settled=stretch.settled + sum(moment <= self.settled for moment in moments),
            may_be_cut=stretch.may_be_cut and self.goes_on(stretch, moments),
        )
        parts = self.cut(page, stretch.before, left) if rest.may_be_cut else []
        if parts and not self.is_all_before(parts[0].since, stretch, moments):
            pages.insert(0, Disorder())
            return [replace(rest, may_be_cut=False)]
        return parts or [rest]

    def goes_on(self, stretch: Stretch, moments: list[datetime]) -> bool:
        """Say whether moments come in order, and after what was read before of a stretch."""
        start = None if stretch.first is None else times.parse(stretch.since)
        ascent = Ascent(self.settled, start)
        ascent.add(moments)
        return ascent.in_order

    def is_all_before(self, second: int, stretch: Stretch, moments: list[datetime]) -> bool:
        """Say whether all that lies before a second was read of a stretch, and at last these.

        Where it cannot be asked, the order is not to be trusted either.
        """
        stream, start = self.stream, stretch.first
        known = stretch.settled + sum(times.epoch(moment) < second for moment in moments)
        question = self.question(stretch.since if start is None else start, second)
        try:
            found = stream.fetch(question, replace(stream.rules, page_size=PageSize(1)))
        except (NotAvailable, EndsRun):
            raise
        except IntercomError:
            return False
        total = stream.said(found)
        return total is not None and total <= known

    def came_to(self, page: list[Record], stretch: Stretch) -> int:
        """The second that a page of a stretch ended in, if its order can be trusted."""
        ascent = Ascent(self.settled, None)
        ascent.add(map(self.stream.moment, page))
        if ascent.reached is None or not ascent.in_order:
            return stretch.since
        return max(stretch.since, times.epoch(ascent.reached))

    def rules(self, stretch: Stretch) -> Rules:
        """Be less patient with what is cut if it fails again; read what cannot be one by one."""
        rules, width = self.stream.rules, stretch.before - stretch.since
        if not stretch.is_suspect:
            return rules
        if width > self.grain.total_seconds():
            return replace(rules, patience=rules.patience.short)
        return replace(rules, page_size=PageSize(1))

    def around(self, stretch: Stretch, pages: list[Found], error: IntercomError) -> list[Stretch]:
        """Cut a stretch that cannot be read into halves; add a hole where it cannot be cut.

        Raises:
            IntercomError: It is not this stretch, but the search.
        """
        since, before = stretch.since, stretch.before
        if not stretch.is_suspect:
            self.see_that_it_works(error)
        if before - since <= self.grain.total_seconds():
            pages.append(Hole(since, before, error.problem))
            return []
        middle = (since + before) // 2
        halves = ((since, middle), (middle, before))
        return [Stretch(self.question(*one), *one, is_suspect=True) for one in halves]

    def see_that_it_works(self, error: IntercomError) -> None:
        """Search for what there is none of.

        Raises:
            IntercomError: It fails, too.
        """
        stream, rules = self.stream, self.stream.rules
        try:
            stream.fetch(self.question(None, 1), replace(rules, patience=rules.patience.short))
        except (NotAvailable, EndsRun):
            raise
        except IntercomError:
            stream.run.give_up(stream.path, error)
            raise error from None

    def cut(self, page: list[Record], before: int, left: int) -> list[Stretch]:
        """Cut what follows a page into stretches of a few pages each; none if it is not worth it.

        The first begins where the page ended, if its order can be trusted; many records of one
        second cannot be cut.
        """
        moments = [moment for record in page if (moment := self.stream.moment(record))]
        ascent = Ascent(self.settled, None)
        ascent.add(moments)
        if ascent.reached is None or not ascent.in_order or ascent.reached == moments[0]:
            return []
        begin = times.epoch(ascent.reached)
        width = before - begin
        count = min(
            math.ceil(left / (PART_PAGES * self.page_size)),
            width // int(self.grain.total_seconds()),
            MOST_PARTS,
        )
        if count < 2:  # noqa: PLR2004  one part is no part
            return []
        cuts = pairwise(begin + width * one // count for one in range(count + 1))
        first, *others = (Stretch(self.question(*span), *span) for span in cuts)
        known = frozenset(str(record.get("id")) for record in page)
        return [replace(first, last=(begin, known)), *others]

    def is_new(self, record: Record, last: tuple[int, AbstractSet[str]] | None) -> bool:
        """Say whether a record was not on a page that ended in a second, with these ids."""
        moment = self.stream.moment(record) if last else None
        if last is None or moment is None:
            return True
        second, known = last
        return times.epoch(moment) > second or (
            times.epoch(moment) == second and str(record.get("id")) not in known
        )
