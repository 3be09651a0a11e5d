"""Where in an answer are the records, how many are there in all, and when did they change?"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tap_intercom.api.bodies import Garbled, at, found_at, number
from tap_intercom.records import times
from tap_intercom.shapes.bookmarked import Bookmarked

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tap_intercom.api.bodies import Body, Record
    from tap_intercom.shapes.reach import Reach


class Reader(Bookmarked):
    """A stream that finds its records in answers."""

    # Where the records are in an answer: a dotted path, or several with a bar between, of which the
    # first that is there counts; empty for the answer itself.
    records: ClassVar[str] = "data"
    # The name of records that are no objects.
    bare: ClassVar[str] = "value"
    # Where a record says since when it is in its list, as dotted paths; empty if it does not.
    made_at: ClassVar[str] = "created_at|updated_at"

    def dig(self, body: Body) -> list[Record]:
        """Find the records in an answer.

        Raises:
            Garbled: There is no list where the records should be, and no count that says that there
                are none.
        """
        found = at(self.records, body) if isinstance(body, dict) else body
        if isinstance(found, dict) and found.keys() - {"type"}:
            return [found]
        if not isinstance(found, list) and self.has_none(body):
            return []
        if not isinstance(found, list):
            msg = (
                f"Intercom's answer has no list at `{self.records}`. If it stays, try another"
                " api_version, and please report this."
            )
            raise Garbled(msg)
        return [record if isinstance(record, dict) else {self.bare: record} for record in found]

    def has_none(self, body: Body) -> bool:
        """Say whether an answer without a list means that there are no records.

        It does if it counts none. A record may leave out what it does not have, too.
        """
        said = self.said(body)
        is_record = isinstance(body, dict) and body.get("id") is not None
        is_null = any(one is None or one == {} for one in found_at(self.records, body))
        return said == 0 or (said is None and is_record and is_null)

    def said(self, body: Body) -> int | None:
        """Read how many records there are, if it is said beside them or where the pages are."""
        beside = (path.rpartition(".")[0] for path in self.records.split("|"))
        paths = (f"{path}.total_count".lstrip(".") for path in beside)
        return number(at("|".join([*paths, "pages.total_count"]), body))

    @property
    def changed(self) -> str:
        """The field that says when a record changed, whatever a catalog makes of it."""
        return type(self).replication_key or "updated_at"

    def moment(self, record: Record) -> datetime | None:
        """Read when a record changed, if it says so."""
        return times.known(record.get(self.changed))

    def wanted(self, records: Iterable[Record], reach: Reach) -> list[Record]:
        """Keep what is within reach."""
        return [record for record in records if reach.wants(self.moment(record))]
