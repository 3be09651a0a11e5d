"""How is read what Intercom lists?

Singleton   one object
List        pages of a list, whole, or newest first as far as the bookmark
Windows     a list that Intercom filters by time, a month at a time
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_intercom.api.bodies import Garbled
from tap_intercom.api.paginators import Request, walk
from tap_intercom.concurrency import ahead
from tap_intercom.records import times
from tap_intercom.shapes.probes import Glimpse, NotAsked, together
from tap_intercom.shapes.reach import INTERCOM_BEGAN
from tap_intercom.shapes.shape import Page, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from tap_intercom.api.bodies import Body, Record
    from tap_intercom.shapes.probes import Finding
    from tap_intercom.shapes.reach import Reach


class Singleton(Shape):
    """One object."""

    @override
    def opening(self, reach: Reach) -> Request:
        return Request(self.path, self.query)

    @override
    def pages(self, reach: Reach) -> Iterator[Page]:
        yield Page(self.dig(self.fetch(self.opening(reach))))

    @override
    def dig(self, body: Body) -> list[Record]:
        if not isinstance(body, dict) or not body.keys() - {"type"}:
            msg = "Intercom's answer is no object. If it stays, please report this."
            raise Garbled(msg)
        return [body]

    @override
    def probe(self, parent: Finding | None) -> Glimpse:
        self.fetch(Request(self.path, self.query))
        return Glimpse(records=1, pages=1)


class List(Shape):
    """Pages of a list: all of them, or newest first as far as the bookmark."""

    newest_first: ClassVar[bool] = False
    # What to send, where a list is asked for with a POST.
    body: ClassVar[Mapping[str, object] | None] = None
    # The parameter by which Intercom itself leaves out what did not change since.
    since_param: ClassVar[str | None] = None

    @override
    def pages(self, reach: Reach) -> Iterator[Page]:
        newest = None
        for request in self.requests_since(reach.since):
            count, said = 0, None
            for body in self.bodies(request, reach):
                records = self.dig(body)
                count, said = count + len(records), self.said(body)
                if not self.replication_key:
                    yield Page(records)
                    continue
                moments = [moment for record in records if (moment := self.moment(record))]
                newest = max(filter(None, [newest, *moments]), default=None)
                yield Page(self.wanted(records, reach))
                if self.newest_first and reach.since and moments and min(moments) < reach.since:
                    break
            else:
                self.account.compare(self.name, count, said)
        yield Page([], newest)

    def bodies(self, request: Request, reach: Reach) -> Iterator[Body]:
        """Yield the pages of a list, each while the next one is fetched.

        Not of a list that mostly ends with its first page, as it is read as far as the bookmark,
        nor where no more than a page is wanted.
        """
        bodies = walk(request, self.fetch)
        ends_early = self.newest_first and reach.since
        return bodies if ends_early or reach.is_trial else ahead(bodies)

    def requests(self) -> Iterator[Request]:
        """Ask for the first page; or for several, where there are several lists."""
        yield Request(self.path, self.query, self.body)

    def requests_since(self, since: datetime | None) -> Iterator[Request]:
        """Ask the same, but for what Intercom itself can leave out."""
        bound = {self.since_param: times.epoch(since)} if self.since_param and since else {}
        return (request.with_params(bound) for request in self.requests())

    @override
    def opening(self, reach: Reach) -> Request | None:
        return next(self.requests_since(reach.since), None)

    @override
    def probe(self, parent: Finding | None) -> Glimpse:
        requests = list(self.requests())
        if not requests:
            raise NotAsked("set custom_object_types")
        return together([self.first_page(request) for request in requests])


class Windows(Shape):
    """A list that Intercom filters by time, read a month at a time: longer spans time out."""

    window = timedelta(days=30)

    @override
    def pages(self, reach: Reach) -> Iterator[Page]:
        for start, end in self.spans(reach):
            count, said = 0, None
            bodies = walk(self.request(start, end), self.fetch)
            within = replace(reach, since=start, end=reach.until)
            for body in bodies if reach.is_trial else ahead(bodies):
                found = self.dig(body)
                count, said = count + len(found), self.said(body)
                records = self.wanted(found, within)
                is_last = end == reach.until
                yield Page([one for one in records if is_last or self.is_before(one, end)])
            self.account.compare(self.name, count, said)
            yield Page([], end)

    @override
    def opening(self, reach: Reach) -> Request | None:
        return next((self.request(*span) for span in self.spans(reach)), None)

    def spans(self, reach: Reach) -> Iterator[tuple[datetime, datetime]]:
        """Divide the time since a moment, or since the workspace began, into windows."""
        start = reach.since or self.run.workspace_created_at or INTERCOM_BEGAN
        start = max(start, INTERCOM_BEGAN)
        while start < reach.until:
            end = min(start + self.window, reach.until)
            yield start, end
            start = end

    def request(self, start: datetime, end: datetime) -> Request:
        """Ask for a window; one second wider at each end, as it is not documented what is in it."""
        span = {"after": times.epoch(start) - 1, "before": times.epoch(end) + 1}
        params = {f"{self.changed}_{side}": str(second) for side, second in span.items()}
        return Request(self.path, {**self.query, **params})

    def is_before(self, record: Record, end: datetime) -> bool:
        """Say whether a record belongs to the window up to `end`, and not to the next."""
        moment = self.moment(record)
        return moment is None or moment < end

    @override
    def probe(self, parent: Finding | None) -> Glimpse:
        spans = list(self.spans(self.reach(is_first=True)))
        if not spans:
            return Glimpse(records=0, pages=0)
        pages = self.first_page(self.request(*spans[-1])).pages
        return Glimpse(pages=None if pages is None else max(1, pages) * len(spans))
