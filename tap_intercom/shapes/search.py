"""How is read what changed between the bookmark and the start of the run, oldest first?

With a search. A record that is changed while the pages are read moves past the upper bound; the
next run finds it, as the bookmark stays before the start of this one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_intercom.api import errors
from tap_intercom.api.bodies import Garbled
from tap_intercom.api.paginators import RepeatedPage, Request, walk
from tap_intercom.api.sizes import PageSize
from tap_intercom.concurrency import ordered_growth
from tap_intercom.records import times
from tap_intercom.shapes.parts import PARTS_AT_ONCE, Disorder, Found, Hole, Parts, Stretch
from tap_intercom.shapes.reach import DAY, INTERCOM_BEGAN, SECOND, Ascent
from tap_intercom.shapes.shape import Page, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_intercom.api.bodies import Body, Record
    from tap_intercom.api.client import Rules
    from tap_intercom.shapes.probes import Finding, Glimpse
    from tap_intercom.shapes.reach import Reach


# What there are searches for.
SEARCHED = frozenset({"company", "contact", "conversation", "ticket"})


class Search(Shape):
    """What changed between the bookmark and the start of the run, oldest first."""

    replication_key = "updated_at"
    verdicts = errors.OF_SEARCHES
    # The version from which on Intercom compares to the second; None if it is not known to.
    exact_since: ClassVar[str | None] = "2.0"
    keeps_place = True
    largest_page: ClassVar[int] = 150

    @cached_property
    def page_size(self) -> PageSize:
        """The size of page to ask for, by whichever of the stream's threads."""
        return PageSize(self.largest_size)

    @override
    def dig(self, body: Body) -> list[Record]:
        """Find the records in an answer.

        Raises:
            Garbled: They are not there, or those of another search are.
        """
        records = super().dig(body)
        kinds = {str(one.get("type")) for one in records[:1]}
        kinds |= {str(body.get("type")).removesuffix(".list")} if isinstance(body, dict) else set()
        if others := kinds & (SEARCHED - {self.noun}):
            msg = f"Intercom's answer to a search for {self.name} is about a {others.pop()}."
            raise Garbled(msg)
        return records

    @property
    def largest_size(self) -> int:
        """The size of page that the user wants, if Intercom allows it."""
        return min(int(self.config["page_size"]), self.largest_page)

    @property
    @override
    def rules(self) -> Rules:
        return replace(super().rules, page_size=self.page_size)

    @override
    def pages(self, reach: Reach) -> Iterator[Page]:
        ascent = Ascent(reach.settled, reach.since)
        restart = True
        while restart:
            start, restart = ascent.reached, False
            rest = replace(reach, since=start, end=reach.until if reach.is_bounded else None)
            try:
                for found in self.found(rest):
                    if isinstance(found, Hole):
                        self.leave(found, ascent)
                        continue
                    if isinstance(found, Disorder):
                        ascent.in_order = False
                        continue
                    records = self.wanted(found, rest)
                    ascent.add(map(self.moment, records))
                    is_known = ascent.in_order and not ascent.is_over
                    yield Page(records, ascent.reached if is_known else None)
            except RepeatedPage:
                if ascent.reached == start or not ascent.in_order or ascent.is_over:
                    raise self.lost() from None
                self.logger.warning(
                    "The search repeats itself; searching on from %s", ascent.reached
                )
                restart = True
        if not ascent.in_order:
            self.logger.warning(
                "Intercom did not give these by the time of their change, as it was asked to: none"
                " is missing for that, but the bookmark moves only now that all are read."
            )
        yield Page([], ascent.reached)

    def leave(self, hole: Hole, ascent: Ascent) -> None:
        """Go on behind what cannot be read; the bookmark stays before it."""
        ascent.end(times.parse(hole.since) if hole.since else INTERCOM_BEGAN)
        self.fail(str(hole))

    @override
    def probe(self, parent: Finding | None) -> Glimpse:
        return self.first_page(self.opening(self.reach(is_first=True)))

    @property
    def grain(self) -> timedelta:
        """What Intercom compares times by: to the second, or by calendar day.

        Before 2.17 contacts are compared by day, in the workspace's time zone: `>` starts with the
        next day and `<` ends before the day. Asking a day wider on each side covers every zone.
        https://developers.intercom.com/docs/references/2.16/rest-api/api.intercom.io/contacts/searchcontacts
        """
        has = self.run.client.address.has
        return SECOND if self.exact_since is not None and has(self.exact_since) else DAY

    @property
    def margin(self) -> timedelta:
        """How much wider to ask, so that Intercom leaves out nothing that is wanted."""
        return timedelta(0) if self.grain == SECOND else self.grain

    def beyond(self, reach: Reach) -> int:
        """The second, counted from 1970, before which all has changed that a run can find."""
        return times.epoch(reach.until + 2 * self.margin) + 1

    def question(self, since: int | None, before: int | None) -> Request:
        """Ask for what changed from one second on, and before another.

        With `>` or `=`, as `>=` is not to be had everywhere. Where days are compared, the day of a
        second belongs to what is asked for since then, and not to what is asked for before.
        """
        filters: list[dict[str, Any]] = []
        if since is not None:
            from_then_on = [
                {"field": self.changed, "operator": operator, "value": since} for operator in ">="
            ]
            filters.append({"operator": "OR", "value": from_then_on})
        if before is not None:
            filters.append({"field": self.changed, "operator": "<", "value": before})
        query = {"operator": "AND", "value": filters} if len(filters) > 1 else filters[0]
        sort = {"field": self.changed, "order": "ascending"}
        return Request(self.path, self.query, {"query": query, "sort": sort})

    @override
    def opening(self, reach: Reach) -> Request:
        if reach.since is None and reach.is_bounded:
            return self.question(None, self.beyond(reach))
        return self.question(
            self.first_second(reach), self.beyond(reach) if reach.is_bounded else None
        )

    def first_second(self, reach: Reach) -> int:
        """The second, counted from 1970, from which on to ask."""
        return times.epoch(reach.since or times.EPOCH) - int(self.margin.total_seconds())

    def found(self, reach: Reach) -> Iterator[Found]:
        """Yield the pages of all that changed within reach, oldest change first.

        What several streams of the run search for is kept in a file for those that come later.
        """
        opening = self.opening(reach)
        if not self.run.is_shared(opening):
            return self.searched(reach)
        kept = self.run.spools.pages(opening.key, lambda: self.searched(reach))
        return map(_as_it_was, kept)

    def searched(self, reach: Reach) -> Iterator[Found]:
        """Search for all that changed within reach, oldest change first."""
        opening = self.opening(reach)
        if reach.is_trial:
            yield from map(self.dig, walk(opening, self.fetch))
            return
        parts = Parts(self, self.largest_size, self.grain, reach.settled, self.question)
        concurrency = min(self.config["max_concurrency"], PARTS_AT_ONCE)
        count = 0
        whole = Stretch(opening, self.first_second(reach), self.beyond(reach))
        for pages, _ in ordered_growth(parts.read, whole, concurrency, weigh=itemgetter(1)):
            count += 1
            yield from pages
        if not reach.is_bounded and count > 1:
            # What changed while the parts were read has moved out of them, or into the last one,
            # which may have been read before: as the run began in its second, or in its day.
            late = replace(reach, since=reach.until)
            for body in walk(self.question(times.epoch(reach.until), None), self.fetch):
                yield self.wanted(self.dig(body), late)


def _as_it_was(kept: Any) -> Found:
    """Give what was kept as JSON, which makes objects of all but pages."""
    if isinstance(kept, dict):
        return Hole(**kept) if kept else Disorder()
    return kept  # type: ignore[no-any-return]
