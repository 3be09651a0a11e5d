"""How are the companies scrolled over?

A workspace has one scroll at a time, and it dies when left alone for 60 s. So it is read to its
end, into a temporary file, before the first record is handed out: a slow target cannot let it die,
a scroll that breaks and starts again repeats nothing, and all streams that need it share the one of
the run. That goes on while other streams are read, which need not wait where somebody else scrolls.
https://developers.intercom.com/docs/references/rest-api/api.intercom.io/companies/scrolloverallcompanies
"""

from __future__ import annotations

import time
from dataclasses import replace
from math import ceil
from typing import IO, TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_intercom.api.errors import IN_A_SCROLL, IntercomError, Occupied, ScrollLost
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
                count = 0
                try:
                    for records in self.scroll():
                        write_page(records, file)
                        count += len(records)
                except RepeatedPage:
                    raise self.lost() from None
                except ScrollLost as error:
                    # Past its end some scrolls answer 404 instead of an empty page, and a lost one
                    # does too: an end that comes twice after as many records is the end.
                    if error.is_not_there and count in ended_after:
                        return file
                    ended_after |= {count} if error.is_not_there else set()
                    self.logger.warning("%s (%d of %d)", error.problem, start, self.starts)
                    if start == self.starts:
                        raise
                else:
                    return file
        raise AssertionError  # it is returned or raised above

    @override
    def check(self, request: Request, body: Body) -> None:
        # Each answer moves a scroll on, so none is asked for again for what it says of the others.
        self.dig(body)

    def scroll(self) -> Iterator[list[Record]]:
        """Yield the records of each page of a new scroll, which ends with an empty one.

        Raises:
            ScrollLost: It breaks.
            RepeatedPage: It goes round in circles.
        """
        request = Request(self.path, self.query)
        rules = replace(self.rules, verdicts=IN_A_SCROLL)
        trail = Trail(is_unique=True)
        body = self.first(request)
        while records := self.dig(body):
            trail.add(body)
            yield records
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
