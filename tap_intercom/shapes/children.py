"""How are rows read that belong to a parent's records?

They carry the parent's id and the time it changed. The parents are read for the children alone,
from the children's own bookmark: selecting them later fills them from the beginning, and
deselecting the parent changes nothing. What lies inside a parent's records costs no further call
(`Explode`); what does not is in `fan_out`.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_intercom.api.bodies import at
from tap_intercom.records import schema
from tap_intercom.shapes.caps import gap
from tap_intercom.shapes.derived import derived
from tap_intercom.shapes.losses import named
from tap_intercom.shapes.probes import Glimpse, readable
from tap_intercom.shapes.search import Search
from tap_intercom.shapes.shape import Page, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk import Tap

    from tap_intercom.api.bodies import Body, Record
    from tap_intercom.api.client import Rules
    from tap_intercom.api.paginators import Request
    from tap_intercom.shapes.probes import Finding
    from tap_intercom.shapes.reach import Reach


class Children(Shape):
    """Rows that belong to a parent's records."""

    of: ClassVar[type[Shape]]
    # Of a row that only says that two belong together: what its `id` is the id of, beside `of`.
    id_of: ClassVar[str | None] = None

    # As the parent's, unless a stream says otherwise.
    permission = derived(lambda cls: cls.of.permission)
    min_version = derived(lambda cls: cls.of.min_version)
    primary_keys: Any = derived(lambda cls: (f"{cls.of.noun}_id", "id"))
    # Where it can be searched for which parents changed, the rows of those are all that is new.
    replication_key: str | None = derived(
        lambda cls: cls.changed_link if issubclass(cls.of, Search) else None
    )
    selected_by_default = False

    # The field that says when a parent changed, and what it is called in a row; None if it has
    # none.
    parent_changed: ClassVar[str | None] = derived(lambda cls: cls.of.replication_key)
    changed_link: ClassVar[str | None] = derived(
        lambda cls: cls.parent_changed and f"{cls.of.noun}_{cls.parent_changed}"
    )

    @cached_property
    def parent(self) -> Shape:
        """The parent to read, which is none of the run's streams: its calls are this one's."""
        return self.of(self._tap, self.run, self.account, self.patience)

    @override
    def declared_schema(self, tap: Tap) -> dict[str, Any]:
        links = {f"{self.of.noun}_id": "string"}
        if self.id_of:
            links[f"{self.id_of}_id"] = "string"
        if self.changed_link:
            links[self.changed_link] = "integer date-time"
        return schema.stream_schema(self.component, links)

    @override
    def begin(self) -> bool:
        return self.parent.begin()

    @override
    def opens(self, reach: Reach) -> tuple[Request | None, Rules]:
        return self.parent.opens(reach)

    def parents(self, reach: Reach) -> Iterator[Page]:
        """Yield the parents that changed within reach; all, for a child that is read whole."""
        return self.parent.pages(reach)

    def links(self, parent: Record) -> Record:
        """Name the parent of a row, and when it changed."""
        links = {f"{self.of.noun}_id": parent.get("id")}
        if self.changed_link and self.parent_changed:
            links[self.changed_link] = parent.get(self.parent_changed)
        return links

    def linked(self, row: Record, links: Record) -> Record:
        """Give a row with its links, and with its `id` under the name of what it is the id of."""
        if self.id_of:
            return {**row, f"{self.id_of}_id": row.get("id"), **links}
        return {**row, **links}

    def compare(self, parent: Record, rows: list[Record], body: Body) -> None:
        """Note it where an answer has fewer rows of a parent than there are, or may have."""
        if self.cap is not None and len(rows) >= self.cap:
            self.account.capped[named(parent)] = gap(rows, body, self.in_all(body))
        else:
            self.account.compare(named(parent), len(rows), self.said(body))

    def in_all(self, body: Body) -> int | None:
        """Read from an answer how many rows a parent has, with those that are not given."""
        return self.said(body)

    def reading(self, parent: Glimpse) -> int | None:
        """Say how many calls it takes to find the parents, beside those that others make."""
        return 0 if self.of.is_shared else parent.pages


class Explode(Children):
    """Rows that lie inside a parent's records."""

    path = derived(lambda cls: cls.of.path)

    @override
    def pages(self, reach: Reach) -> Iterator[Page]:
        return map(self.expand, self.parents(reach))

    def expand(self, page: Page) -> Page:
        """Turn a page of parents into a page of their rows."""
        rows = [
            self.linked(row, self.links(parent))
            for parent in page.records
            for row in self.rows(parent)
        ]
        return Page(rows, page.up_to)

    def rows(self, parent: Record) -> list[Record]:
        """Give the rows that lie in a parent."""
        # Anything but a list there is nothing to explode; the parent's own row has it.
        rows = self.dig(parent) if isinstance(at(self.records, parent), list) else []
        self.compare(parent, rows, parent)
        return rows

    @override
    def probe(self, parent: Finding | None) -> Glimpse:
        return Glimpse(pages=self.reading(readable(parent)))
