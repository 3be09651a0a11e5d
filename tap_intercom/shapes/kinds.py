"""How are rows read of which Intercom gives the newest of each kind, if it is asked for kinds?

An answer of all kinds has the newest rows only. Where a parent has more, those beyond are asked for
by their kinds: half of the kinds at a time, and half of those again, until an answer has room left
or is of one kind; and all other kinds, of which the newest rows may have none.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_intercom.api.errors import EndsRun, IntercomError, StillFailing
from tap_intercom.shapes.caps import created, gap, oldest
from tap_intercom.shapes.fan_out import FanOut
from tap_intercom.shapes.losses import named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_intercom.api.bodies import Body, Record
    from tap_intercom.api.paginators import Request
    from tap_intercom.shapes.reach import Reach


class ByKind(FanOut):
    """Rows that cost one call per parent, and some more where it has too many for one answer."""

    cap: ClassVar[int]

    # The field that says of what kind a row is, the parameters that name the kinds that are wanted,
    # or those that are not, how many they may name, and the version of the API that has them.
    kind: ClassVar[str]
    only: ClassVar[str]
    all_but: ClassVar[str]
    most_kinds: ClassVar[int]
    kinds_since: ClassVar[str]

    @override
    def asked(self, parent: Record, reach: Reach) -> list[Record]:
        request = self.request(parent, reach)
        body = self.ask(request)
        rows = self.dig(body)
        if len(rows) < self.cap:
            self.compare(parent, rows, body)
            return rows
        try:
            found = list(self.of_all_kinds(replace(request, version=self.kinds_since), rows))
        except (EndsRun, StillFailing):
            raise
        except IntercomError as error:
            reason = error.failure or error.problem
            self.logger.info("%s: no rows by their %s. %s", named(parent), self.kind, reason)
            self.compare(parent, rows, body)
            return rows
        return self.joined(parent, rows, found, body)

    def of_all_kinds(self, request: Request, rows: list[Record]) -> Iterator[list[Record]]:
        """Yield the rows of a parent, of a few kinds at a time.

        Raises:
            IntercomError: It does not give rows by their kinds.
        """
        known: list[str] = []
        while len(known) <= self.most_kinds and len(rows) >= self.cap:
            new = [kind for kind, _ in self.kinds(rows).most_common() if kind not in known]
            if not new:
                break
            yield from self.of_kinds(request, new, rows)
            known += new
            others = known[: self.most_kinds]
            rows = self.answer(request.with_params({self.all_but: ",".join(others)}))
            self.see_that(self.kinds(rows).keys().isdisjoint(others))
        yield rows

    def of_kinds(
        self, request: Request, kinds: Sequence[str], rows: list[Record]
    ) -> Iterator[list[Record]]:
        """Yield the rows of some kinds, of which `rows` are the newest; of a single one, these."""
        if len(kinds) == 1:
            yield rows
            return
        for half in (kinds[::2], kinds[1::2]):
            found = rows
            if len(half) <= self.most_kinds:
                found = self.answer(request.with_params({self.only: ",".join(half)}))
                self.see_that(self.kinds(found).keys() <= {*half})
            if len(found) < self.cap:
                yield found
            else:
                yield from self.of_kinds(request, half, found)

    def answer(self, request: Request) -> list[Record]:
        """Ask for rows of a parent."""
        return self.dig(self.ask(request))

    def kinds(self, rows: Iterable[Record]) -> Counter[str]:
        """Count the rows of each kind that can be asked for; the rest is among all others."""
        kinds = (row.get(self.kind) for row in rows)
        return Counter(one for one in kinds if isinstance(one, str) and one and "," not in one)

    def see_that(self, fits: bool) -> None:  # noqa: FBT001
        """See that an answer has what was asked for.

        Raises:
            IntercomError: It has not.
        """
        if not fits:
            raise IntercomError(self.name, "Intercom gave rows of other kinds than were asked for.")

    def joined(
        self, parent: Record, rows: list[Record], found: list[list[Record]], body: Body
    ) -> list[Record]:
        """Put rows in the order in which they were created, each once, and note what is missing."""
        more = {named(row): row for group in found for row in group}
        for row in rows:
            more.pop(named(row), None)
        whole = sorted([*more.values(), *rows], key=lambda row: created(row) or "")
        full = [group for group in found if len(group) >= self.cap]
        if full:
            missing = gap(whole, body, self.in_all(body))
            until = max(filter(None, map(oldest, full)), default=None)
            kinds = tuple(sorted({kind for group in full for kind in self.kinds(group)}))
            self.account.capped[named(parent)] = missing._replace(until=until, kinds=kinds)
        else:
            self.account.compare(named(parent), len(whole), self.said(body))
        return whole
