"""How are rows read that cost a call for each parent, or for several?

Several calls are made at once, and rows come in the order of their parents: of each call those of
one parent (`FanOut`), or of as many as it may name (`Batches`).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial
from itertools import islice
from math import ceil
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from typing_extensions import override

from tap_intercom.api.bodies import at, number
from tap_intercom.api.client import anything
from tap_intercom.api.errors import OF_PARENTS, EndsRun, Gone, IntercomError, NotAvailable
from tap_intercom.api.paginators import RepeatedPage, Request, walk
from tap_intercom.concurrency import at_once, ordered_map
from tap_intercom.shapes.children import Children
from tap_intercom.shapes.drift import RESTLESS, Pages
from tap_intercom.shapes.losses import Loss, Losses, Portion, named
from tap_intercom.shapes.probes import Glimpse, NotAsked, readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from concurrent.futures import Future

    from tap_intercom.api.bodies import Record
    from tap_intercom.shapes.probes import Finding
    from tap_intercom.shapes.reach import Reach
    from tap_intercom.shapes.shape import Page


class FanOut(Children):
    """Rows that cost one call per parent: made several at once, given out in the parents' order."""

    verdicts = OF_PARENTS

    # Where a parent says how many rows it has, in `total_count`: none cost no call.
    counted: ClassVar[tuple[str, ...]] = ()
    # Whether the rows that lie in the parent, at `counted`, will do when it says that they are all.
    inline: ClassVar[bool] = False
    # A field of the parent without which there is nothing to ask for.
    only_if: ClassVar[str | None] = None
    # The fields of a row to keep, where the rest is another stream's.
    fields: ClassVar[tuple[str, ...]] = ()
    # The query parameter that names the parent, where the path does not.
    parent_param: ClassVar[str | None] = None

    @cached_property
    def losses(self) -> Losses:
        """The parents that failed, in this run or in those before."""
        return Losses(self, self.parent_changed)

    @cached_property
    def put_off(self) -> list[Future[Portion]]:
        """What is asked while other streams are read, of parents that may be answered by then."""
        return []

    @property
    @override
    def is_unfinished(self) -> bool:
        return bool(self.put_off)

    @override
    def pages(self, reach: Reach) -> Iterator[Page]:
        return self.late() if self.is_unfinished else self.portions(reach)

    def portions(self, reach: Reach) -> Iterator[Portion]:
        """Yield the rows of parents within reach: of those that failed before, and of the others.

        Raises:
            NotAvailable, IntercomError: They fail alike.
        """
        # A trial wants one record; thirty-two calls for it would be a waste.
        concurrency = 1 if reach.is_trial else self.config["max_concurrency"]
        expand = partial(self.but(patience=self.patience.short).expand, reach=reach)
        listed = self.losses.others(self.batches(self.parents(reach)))
        for portions in (self.losses.again(), listed):
            for one in ordered_map(expand, portions, concurrency, weigh=attrgetter("bytes")):
                yield from self.losses.handed_out(one)
                if self.losses.are_no_accident and not one.is_again:
                    yield from self.tried_in_earnest(reach)
        self.losses.end()
        put_off = list(self.losses.put_off())
        self.put_off.extend(at_once(partial(self.expand, reach=reach), put_off, concurrency))

    def late(self) -> Iterator[Portion]:
        """Yield the rows of the parents that were put off."""
        try:
            for future in self.put_off:
                if self.losses.are_no_accident:
                    return
                yield from self.losses.handed_out(future.result())
        finally:
            for future in self.put_off:
                future.cancel()
            self.put_off.clear()

    def tried_in_earnest(self, reach: Reach) -> Iterator[Portion]:
        """Ask about the last of many that failed with all patience, if that may help.

        Raises:
            NotAvailable, IntercomError: It fails all the same.
        """
        if self.losses.last.may_pass:
            found = self.expand(Portion([self.losses.last.parent], is_again=True), reach)
            yield from self.losses.handed_out(found)
        if self.losses.are_no_accident:
            raise self.losses.hopeless()

    def batches(self, parents: Iterable[Page]) -> Iterator[Portion]:
        """Put parents into the portions that one call can ask for: one by one.

        What a page reached is reached after its last.
        """
        for page in parents:
            for record in page.records:
                yield Portion([record])
            yield Portion([], page.up_to)

    def expand(self, portion: Portion, reach: Reach) -> Portion:
        """Turn parents into their rows, but for those that fail."""
        received = self.run.client.received
        before = received.bytes
        rows: list[Record] = []
        answered: list[str] = []
        losses: list[Loss] = []
        for parent in portion.records:
            # What is kept of a parent to ask again does not tell.
            found = None if portion.is_again else self.known(parent)
            if found is None:
                try:
                    found = self.fetched(parent, reach)
                    answered.append(named(parent))
                except (NotAvailable, EndsRun):
                    raise
                except (IntercomError, RepeatedPage) as error:
                    losses.append(self.loss(parent, reach, error))
                    continue
            links = self.links(parent)
            rows += [self.linked(self.kept(row), links) for row in found]
        spent = received.bytes - before
        return replace(portion, records=rows, bytes=spent, answered=answered, losses=losses)

    def loss(self, parent: Record, reach: Reach, error: IntercomError | RepeatedPage) -> Loss:  # noqa: ARG002  others need it
        """Say that the rows of a parent could not be read, and keep what it takes to ask again."""
        needed = {"id", self.parent_changed}
        stub = {name: value for name, value in parent.items() if name in needed}
        return Loss(stub, error if isinstance(error, IntercomError) else self.lost())

    def kept(self, row: Record) -> Record:
        """Reduce a row to what is this stream's."""
        return {name: row.get(name) for name in self.fields} if self.fields else row

    def fetched(self, parent: Record, reach: Reach) -> list[Record]:
        """Ask for the rows of one parent; none if it is gone.

        Raises:
            IntercomError: They cannot be read. That it is not there, something before Intercom may
                have said, and it is.
        """
        try:
            return self.asked(parent, reach)
        except IntercomError as error:
            if not isinstance(error, Gone) and not (error.is_page_of_none and self.is_gone(parent)):
                raise
            self.account.skipped.append(named(parent))
            return []

    def is_gone(self, parent: Record) -> bool:
        """Ask for a parent itself."""
        try:
            request = Request(self.of.one.format(id=quote(named(parent), safe="")))
            self.run.client.send(request, replace(self.rules, check=anything))
        except IntercomError as error:
            return isinstance(error, Gone)
        return False

    def asked(self, parent: Record, reach: Reach) -> list[Record]:
        """Ask for the rows of one parent.

        Raises:
            Gone: It is deleted, or has an id that cannot be part of an address, or none.
        """
        pages = Pages(self, self.request(parent, reach), walk, self.ask)
        rows = [row for page in pages for row in page]
        self.compare_pages(parent, pages)
        return rows

    def compare_pages(self, parent: Record, pages: Pages) -> None:
        """Note it where pages gave fewer rows of a parent than there are.

        Raises:
            IntercomError: Something may be missing, and may be there the next time.
        """
        if not pages.is_whole:
            raise IntercomError(self.name, f"Its list moved {RESTLESS}.")
        self.account.compare(named(parent), pages.count, pages.said)

    def known(self, parent: Record) -> list[Record] | None:
        """Give the rows of a parent that already tells them; None if it does not."""
        if self.only_if and not parent.get(self.only_if):
            return []
        wrappers = [at(path, parent) for path in self.counted]
        if not wrappers or not all(isinstance(one, dict) for one in wrappers):
            return None
        if all(number(one.get("total_count")) == 0 and not one.get("data") for one in wrappers):
            return []
        if self.inline and all(map(_is_whole, wrappers)):
            return [row for one in wrappers for row in one.get("data") or []]
        return None

    def request(self, parent: Record, reach: Reach) -> Request:  # noqa: ARG002  others need it
        """Ask for the rows of one parent.

        Raises:
            Gone: It has an id that cannot be part of an address, or none.
        """
        name = str(parent.get("id") or "")
        if name in {"", ".", ".."}:  # the last two would be read as a way to another address
            problem = f"A {self.of.noun} has the id {name!r}, which nobody can ask for."
            self.logger.warning(problem)
            raise Gone(self.name, problem)
        params = {self.parent_param: name} if self.parent_param else {}
        return Request(self.path.format(id=quote(name, safe="")), {**self.query, **params})

    @override
    def probe(self, parent: Finding | None) -> Glimpse:
        glimpse = readable(parent)
        asked_about = [one for one in glimpse.sample if self.known(one) is None]
        words = self.of.noun.replace("_", " ")
        if not asked_about and glimpse.records:
            raise NotAsked(f"no {words} that has any was at hand")
        if not asked_about:
            raise NotAsked(f"there is no {words}")
        reach = self.reach(is_first=True)
        self.ask(self.request(asked_about[0], reach))
        for one in asked_about[1 : self.probed]:
            with suppress(IntercomError):  # the first has told what the token may read
                self.ask(self.request(one, reach))
        return self.costs(glimpse, len(asked_about) / len(glimpse.sample))

    def costs(self, parent: Glimpse, share: float) -> Glimpse:
        """Work out the calls for a share of the parents, which have to be found, too."""
        if parent.records is None:
            return Glimpse()
        return Glimpse(pages=self.reading(parent), details=ceil(parent.records * share))


def _is_whole(wrapper: Mapping[str, Any]) -> bool:
    """Say whether the rows that lie in a parent are all there are, and rows at all."""
    rows, total = wrapper.get("data") or [], number(wrapper.get("total_count"))
    are_rows = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
    return are_rows and total in {None, len(rows)} and wrapper.get("has_more") is False


class Batches(FanOut):
    """Rows that are asked for with a POST that names something of several parents."""

    # How many may be named, by what field of a parent, and in what field of the body.
    most: ClassVar[int]
    named_by: ClassVar[str]
    asked_in: ClassVar[str]

    @override
    def batches(self, parents: Iterable[Page]) -> Iterator[Portion]:
        rest = (parent for page in parents for parent in self.askable(page.records))
        while batch := list(islice(rest, self.most)):
            yield Portion(batch)

    def askable(self, parents: Iterable[Record]) -> list[Record]:
        """Keep the parents that have something to name."""
        return [parent for parent in parents if parent.get(self.named_by)]

    @override
    def expand(self, portion: Portion, reach: Reach) -> Portion:
        parents = {named(parent): parent for parent in portion.records}
        names = sorted({str(parent[self.named_by]) for parent in portion.records})
        try:
            found = self.dig(self.ask(Request(self.path, {}, {self.asked_in: names})))
        except (NotAvailable, EndsRun):
            raise
        except IntercomError as error:
            return self.halved(portion, reach, error)
        rows = [
            self.linked(self.kept(row), self.links(parents[name]))
            for row in found
            if (name := str(row.get("id"))) in parents
        ]
        return replace(portion, records=rows, answered=list(parents))

    def halved(self, portion: Portion, reach: Reach, error: IntercomError) -> Portion:
        """Ask about each half of several parents; of one there is none."""
        half = len(portion.records) // 2
        if half == 0:
            losses = [self.loss(parent, reach, error) for parent in portion.records]
            return replace(portion, records=[], losses=losses)
        sides = (portion.records[:half], portion.records[half:])
        one, two = (self.expand(replace(portion, records=side), reach) for side in sides)
        return replace(
            portion,
            records=[*one.records, *two.records],
            answered=[*one.answered, *two.answered],
            losses=[*one.losses, *two.losses],
        )

    @override
    def loss(self, parent: Record, reach: Reach, error: IntercomError | RepeatedPage) -> Loss:
        lost = super().loss(parent, reach, error)
        return replace(lost, parent={**lost.parent, self.named_by: parent[self.named_by]})

    @override
    def probe(self, parent: Finding | None) -> Glimpse:
        glimpse = readable(parent)
        parents = self.askable(glimpse.sample)[: self.most]
        if not parents:
            whose = self.named_by.removesuffix("_id")
            raise NotAsked(f"there is no {self.of.noun} that belongs to a {whose}")
        self.expand(Portion(parents), self.reach(is_first=True))
        return self.costs(glimpse, 1 / self.most)
