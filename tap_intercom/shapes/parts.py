"""How is a long search cut into parts, several of which are read at once?

The first page of a search tells how many records there are. If they are many, what follows is cut
by time into parts of a few pages each; a part that turns out to be full is cut again. Parts meet at
a second `s`: one asks for `< s`, the next for `> s or = s`, which leaves no gap and no overlap
whether Intercom compares seconds or days.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from tap_intercom.api.paginators import RepeatedPage, Request, Trail, next_request, walk
from tap_intercom.records import times
from tap_intercom.shapes.reach import Ascent

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet
    from datetime import datetime, timedelta

    from tap_intercom.api.bodies import Record
    from tap_intercom.shapes.shape import Shape

# A part is to hold about so many pages: few, as they wait in memory for the parts before; not
# fewer, as the last page of each is half empty.
PART_PAGES = 3
PARTS_AT_ONCE = 10
MOST_PARTS = 64


@dataclass(frozen=True)
class Stretch:
    """What changed up to a second, to be searched for: how to ask, and how much of it is read.

    `last` tells of the page before it the second in which it ended, and its ids; `trail` what was
    asked on the way.
    """

    request: Request
    before: int
    read: int = 0
    last: tuple[int, AbstractSet[str]] | None = None
    trail: Trail = field(default_factory=Trail)


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
    question: Callable[[int, int], Request]

    def read(self, stretch: Stretch) -> tuple[tuple[list[list[Record]], int], list[Stretch]]:
        """Read a stretch, or its beginning.

        Gives its pages, the number of bytes received for them, and the stretches that follow.
        """
        stream, received = self.stream, self.stream.run.client.received
        pages: list[list[Record]] = []
        before = received.bytes
        count = stretch.read
        try:
            for body in walk(stretch.request, stream.fetch, stretch.trail):
                page = stream.dig(body)
                pages.append([one for one in page if self.is_new(one, stretch.last)])
                count += len(page)
                total = stream.said(body)
                left = total - count if type(total) is int else 0
                following = next_request(stretch.request, body)
                if len(pages) >= PART_PAGES or left > PART_PAGES * self.page_size:
                    break
        except RepeatedPage:
            if not pages:
                raise
            # Pages came before the circle: the same once more was asked before, and ends so, too.
            return (pages, received.bytes - before), [stretch]
        read = (pages, received.bytes - before)
        if following is None:
            stream.account.compare(stream.name, count, total)
            return read, []
        rest = replace(stretch, request=following, read=count)
        return read, self.cut(page, stretch.before, left) or [rest]

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
        first, *others = (Stretch(self.question(*span), span[1]) for span in cuts)
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
