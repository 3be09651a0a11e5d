"""How are rows read that every parent gathers, whether or not it changes?

Of each parent in every run, as far as the stream's bookmark. A parent that is new since the
bookmark may bring older rows along: it is read whole.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_intercom.api.paginators import walk
from tap_intercom.records import times
from tap_intercom.shapes.drift import Pages
from tap_intercom.shapes.fan_out import FanOut
from tap_intercom.shapes.losses import Portion
from tap_intercom.shapes.reach import INTERCOM_BEGAN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_intercom.api.bodies import Record
    from tap_intercom.api.client import Rules
    from tap_intercom.api.errors import IntercomError
    from tap_intercom.api.paginators import RepeatedPage, Request
    from tap_intercom.shapes.losses import Loss
    from tap_intercom.shapes.reach import Reach
    from tap_intercom.shapes.shape import Page


# From when on the rows of a parent are still to be read.
KEPT_SINCE = "_rows_since"


class Feed(FanOut):
    """Rows that every parent gathers, whether or not it changes: read of each to the bookmark."""

    # A row stays as it is while its parent changes, so it does not say when that was.
    parent_changed = None

    # The parameters by which Intercom itself leaves out what is not between two moments.
    span_params: ClassVar[tuple[str, str] | None] = None

    @override
    def opens(self, reach: Reach) -> tuple[Request | None, Rules]:
        return super().opens(reach.whole())

    @override
    def parents(self, reach: Reach) -> Iterator[Page]:
        return super().parents(reach.whole())

    @override
    def pages(self, reach: Reach) -> Iterator[Page]:
        for portion in super().pages(reach):
            yield replace(portion, up_to=None)
        yield self.losses.noted(Portion([], reach.until))

    @override
    def asked(self, parent: Record, reach: Reach) -> list[Record]:
        within = self.reach_for(parent, reach)
        pages = Pages(self, self.request(parent, within), walk, self.ask, within.since)
        rows = [row for page in pages for row in self.wanted(page, within)]
        self.compare_pages(parent, pages)
        return rows

    @override
    def loss(self, parent: Record, reach: Reach, error: IntercomError | RepeatedPage) -> Loss:
        lost = super().loss(parent, reach, error)
        since = self.reach_for(parent, replace(reach, since=reach.gap_from or reach.since)).since
        return replace(lost, parent={**lost.parent, KEPT_SINCE: since and times.text(since)})

    def reach_for(self, parent: Record, reach: Reach) -> Reach:
        """Say what is wanted of a parent: everything, if it is new."""
        with suppress(ValueError):
            if KEPT_SINCE in parent:
                since = parent[KEPT_SINCE]
                return replace(reach, since=times.parse(since) if since else None)
            if reach.since and times.parse(parent.get("created_at")) >= reach.since:
                return replace(reach, since=None)
        return reach

    @override
    def request(self, parent: Record, reach: Reach) -> Request:
        request = super().request(parent, reach)
        if self.span_params is None:
            return request
        start = reach.since or self.run.workspace_created_at or INTERCOM_BEGAN
        span = (times.epoch(min(start, reach.until)) - 1, times.epoch(reach.until) + 1)
        return request.with_params(dict(zip(self.span_params, span, strict=True)))
