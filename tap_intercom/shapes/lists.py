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
from tap_intercom.shapes.drift import Pages
from tap_intercom.shapes.probes import Glimpse, NotAsked, together
from tap_intercom.shapes.reach import INTERCOM_BEGAN
from tap_intercom.shapes.shape import Page, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from tap_intercom.api.bodies import Body, Record
    from tap_intercom.shapes.drift import Fetch
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
        newest, is_whole = None, True
        # A list that is read as far as the bookmark mostly ends with its first page, and a trial
        # wants no more than one.
        back_to = reach.since if self.newest_first else None
        walked = walk if back_to or reach.is_trial else walked_ahead
        for request in self.requests_since(reach.since):
            pages = Pages(self, request, walked, self.fetch, back_to)
            for records in pages:
                if not self.replication_key:
                    yield Page(records)
                    continue
                newest = max(filter(None, [newest, *map(self.moment, records)]), default=None)
                yield Page(self.wanted(records, reach))
            is_whole &= noted(self, pages)
        yield Page([], newest if is_whole else None)

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


def walked_ahead(request: Request, fetch: Fetch) -> Iterator[Body]:
    """Yield the pages of a list, each while the next one is fetched."""
    return ahead(walk(request, fetch))


def noted(stream: Shape, pages: Pages) -> bool:
    """Note what a list did not give, once it has been read; say whether nothing can be missing."""
    stream.account.compare(stream.name, pages.count, pages.said)
    stream.account.restless |= not pages.is_whole
    return pages.is_whole


class Windows(Shape):
    """A list that Intercom filters by time, read a month at a time: longer spans time out."""

    window = timedelta(days=30)

    @override
    def pages(self, reach: Reach) -> Iterator[Page]:
        walked, is_whole = walk if reach.is_trial else walked_ahead, True
        for start, end in self.spans(reach):
            within = replace(reach, since=start, end=reach.until)
            is_last = end == reach.until
            pages = Pages(self, self.request(start, end), walked, self.fetch)
            for found in pages:
                records = self.wanted(found, within)
                yield Page([one for one in records if is_last or self.is_before(one, end)])
            is_whole &= noted(self, pages)
            yield Page([], end if is_whole else None)

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
