"""How are the companies scrolled over?

A workspace has one scroll at a time, and it dies when left alone for 60 s. So it is read to its
end, into a temporary file, before the first record is handed out: a slow target cannot let it die,
a scroll that breaks and starts again repeats nothing, and all streams that need it share the one of
the run. That goes on while other streams are read, which need not wait where somebody else scrolls.
https://developers.intercom.com/docs/references/rest-api/api.intercom.io/companies/scrolloverallcompanies
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from math import ceil
from typing import IO, TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_intercom.api.bodies import Garbled
from tap_intercom.api.errors import (
    IN_A_SCROLL,
    RUN_LATER,
    EndsRun,
    IntercomError,
    Occupied,
    ScrollLost,
)
from tap_intercom.api.paginators import RepeatedPage, Request, Trail
from tap_intercom.records import times
from tap_intercom.shapes.shape import Page, Shape
from tap_intercom.spools import pages_in, spooled, write_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_intercom.api.bodies import Body, Record
    from tap_intercom.shapes.probes import Finding, Glimpse
    from tap_intercom.shapes.reach import Reach

# What a page of a scroll holds.
SCROLLED = 100

# How long to wait before it is looked again whether somebody else scrolls; longer each time.
FIRST_LOOK_SECONDS, LONGEST_LOOK_SECONDS = 5.0, 60.0


@dataclass
class Scrolled:
    """What a scroll has given so far: pages and records, and how many Intercom says there are."""

    pages: int = 0
    records: int = 0
    with_users: int = 0
    largest: int = 0
    last: int = 0
    said: int | None = None

    def add(self, records: list[Record], said: int | None) -> None:
        """Count a page."""
        self.pages += 1
        self.records += len(records)
        self.with_users += sum(one.get("user_count") != 0 for one in records)
        self.last = len(records)
        self.largest = max(self.largest, self.last)
        self.said = self.said if said is None else said


class Scroll(Shape):
    """All of something, page after page, until one is empty."""

    # How often a scroll may break before the run gives up.
    starts: ClassVar[int] = 10

    # A stream that asks for the same in another way, as a scroll is not opened for a look.
    probed_by: ClassVar[type[Shape]]

    @override
    def begin(self) -> bool:
        self.run.spools.begin(self.path, self.drained)
        return True

    @override
    def pages(self, reach: Reach) -> Iterator[Page]:
        newest = None
        try:
            file = self.run.spools.kept(self.path, self.drained)
        except IntercomError as error:
            raise error.about(self.name) from error
        for records in pages_in(file):
            newest = max(filter(None, [newest, *map(self.moment, records)]), default=None)
            yield Page(self.wanted(records, reach))
        yield Page([], newest)

    @override
    def probe(self, parent: Finding | None) -> Glimpse:
        known = self.probed_by(self._tap, self.run, self.account, self.patience).probe(parent)
        if known.records is None:
            return known
        pages = ceil(known.records / SCROLLED) + 1  # an empty page is its end
        return replace(known, pages=pages, advice="those without users are not counted")

    def drained(self) -> IO[bytes]:
        """Read a scroll to its end, and give the file that its pages are in.

        Raises:
            ScrollLost: It broke `starts` times.
            IntercomError: It goes round in circles.
        """
        ended_after: set[int] = set()
        with spooled() as file:
            for start in range(1, self.starts + 1):
                file.seek(0)
                file.truncate()
                scrolled = Scrolled()
                try:
                    for body in self.scroll():
                        records = self.dig(body)
                        scrolled.add(records, self.said(body))
                        write_page(records, file)
                except RepeatedPage:
                    raise self.lost() from None
                except ScrollLost as error:
                    lost = self.lost_after(scrolled, error, ended_after)
                    if lost is None:
                        return file
                    self.logger.warning("%s (%d of %d)", lost.problem, start, self.starts)
                    if start == self.starts:
                        raise lost from error
                else:
                    return file
        raise AssertionError  # it is returned or raised above

    def lost_after(
        self, scrolled: Scrolled, error: ScrollLost, ended_after: set[int]
    ) -> ScrollLost | None:
        """Say how a scroll broke, or None if that was its end; note where it was not there.

        Past its end some scrolls answer 404 instead of an empty page, and a lost one does too. It
        is the end if it comes twice after as many pages, and these are seen to be all.
        """
        if not error.is_not_there:
            return error
        if scrolled.pages not in ended_after:
            ended_after.add(scrolled.pages)
            return error
        if self.is_all(scrolled):
            return None
        problem = (
            f"It ended with 404 after {scrolled.records:,} {self.name}, and the last page of them"
            " was full: nothing that Intercom counts shows that these are all."
        )
        return ScrollLost(self.name, f"{problem} {RUN_LATER}", error.failure)

    def is_all(self, scrolled: Scrolled) -> bool:
        """Say whether a scroll that ended with 404 has given all: by its last page, or by count."""
        if scrolled.last < (scrolled.largest if scrolled.pages > 1 else SCROLLED):
            return True
        if scrolled.said is not None:
            return scrolled.records >= scrolled.said
        total = self.counted()
        return total is not None and scrolled.with_users >= total

    def counted(self) -> int | None:
        """Ask how many there are, beside those without users; None if it is not to be had."""
        counting = self.probed_by(self._tap, self.run, self.account, self.patience.short)
        try:
            return counting.probe(None).records
        except EndsRun:
            raise
        except (IntercomError, Garbled):
            return None

    @override
    def check(self, request: Request, body: Body) -> None:
        # Each answer moves a scroll on, so none is asked for again for what it says of the others.
        self.dig(body)

    def scroll(self) -> Iterator[Body]:
        """Yield each page of a new scroll, which ends with an empty one.

        Raises:
            ScrollLost: It breaks.
            RepeatedPage: It goes round in circles.
        """
        request = Request(self.path, self.query)
        rules = replace(self.rules, verdicts=IN_A_SCROLL)
        trail = Trail(is_unique=True)
        body = self.first(request)
        while self.dig(body):
            trail.add(body)
            yield body
            if not isinstance(body, dict) or not body.get("scroll_param"):
                raise ScrollLost(self.name, "A page of it does not say how to go on.")
            following = request.with_params({"scroll_param": body["scroll_param"]})
            body = self.fetch(following, rules)

    def first(self, request: Request) -> Body:
        """Ask for the first page, once nobody else scrolls.

        Raises:
            Occupied: Somebody does so for longer than patience lasts.
        """
        deadline = time.monotonic() + self.patience.outage_seconds
        seconds = FIRST_LOOK_SECONDS
        while True:
            try:
                return self.fetch(request)
            except Occupied as error:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise
                self.logger.warning(
                    "%s Other streams are read meanwhile; looking again in %.0f seconds, until %s.",
                    error.problem,
                    min(seconds, left),
                    times.clock_in(left),
                )
                time.sleep(min(seconds, left))
                seconds = min(2 * seconds, LONGEST_LOOK_SECONDS)
