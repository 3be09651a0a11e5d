"""How is a list read that leaves out what another request gives?

First the list, then what else there is. The other request may be refused where the list is not:
that costs what it alone would give, and is noted.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_intercom.api.errors import EndsRun, IntercomError, NotAvailable, StillFailing
from tap_intercom.shapes.lists import List
from tap_intercom.shapes.probes import Glimpse, together
from tap_intercom.shapes.shape import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_intercom.api.bodies import Record
    from tap_intercom.api.paginators import Request
    from tap_intercom.shapes.probes import Finding
    from tap_intercom.shapes.reach import Reach


class Completed(List):
    """A list that another request completes, the answer to which is one page."""

    # What that gives, in words, and from which version on the list has it no longer.
    rest: ClassVar[str]
    apart_since: ClassVar[str]

    @property
    def is_apart(self) -> bool:
        """Say whether in the API version in use the list has not got all."""
        return self.run.client.address.has(self.apart_since)

    @property
    @abstractmethod
    def completing(self) -> Request:
        """What asks for the rest."""

    @override
    def pages(self, reach: Reach) -> Iterator[Page]:
        listed: set[tuple[str, ...] | None] = set()
        for page in super().pages(reach):
            listed.update(map(self.key, page.records))  # before they are made to fit
            yield page
        if self.is_apart:
            yield Page(self.unlisted(listed))

    def key(self, row: Record) -> tuple[str, ...] | None:
        """Give the key of a row, as text; None if it has none."""
        values = [row.get(name) for name in type(self).primary_keys]  # whatever a catalog says
        return None if None in values else tuple(map(str, values))

    def unlisted(self, listed: set[tuple[str, ...] | None]) -> list[Record]:
        """Ask for the rest, of which some may be listed; none, where that is refused.

        Raises:
            TokenRefused: It is the token.
            IntercomError: It failed, in a way that may pass.
        """
        try:
            rows = self.dig(self.fetch(self.completing))
        except (EndsRun, StillFailing):
            raise
        except IntercomError as error:
            if isinstance(error, NotAvailable):
                self.run.check_token(self.rules)
            self.account.refused = f"{self.rest}: {error.failure or error.problem}"
            return []
        return [row for row in rows if self.key(row) not in listed - {None}]

    @override
    def probe(self, parent: Finding | None) -> Glimpse:
        listed = super().probe(parent)
        if not self.is_apart:
            return listed
        rows = self.unlisted(set(map(self.key, listed.sample)))
        advice = f"without {self.account.refused}" if self.account.refused else ""
        return replace(together([listed, Glimpse(len(rows), 1, sample=rows)]), advice=advice)
