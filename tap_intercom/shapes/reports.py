"""How is read what a report holds?

Each dataset is exported by itself, with all the columns that it has in the workspace. Which these
are differs from one workspace to the next, and from one day to the next; so they are kept in one
open object, by the names that Intercom gives to attributes, and as text.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import IO, TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_intercom import files
from tap_intercom.api.errors import NotAvailable
from tap_intercom.api.paginators import Request
from tap_intercom.records import fitting, times
from tap_intercom.shapes.exports import CALLS_OF_AN_EXPORT, Export
from tap_intercom.shapes.probes import Glimpse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from requests import Response

    from tap_intercom.api.bodies import Record
    from tap_intercom.shapes.probes import Finding

# Reports go back two years, or three where a workspace has paid for it; a day less, as it passes.
RETAINED = timedelta(days=729)

DATASETS = "/export/reporting_data/get_datasets"


class ReportExport(Export):
    """The rows of one dataset, with all the columns that it has in the workspace."""

    path = "/export/reporting_data/enqueue"
    status_path = "/export/reporting_data/{id}"
    file_path = "/download/reporting_data/{id}"
    permission = "export_reporting_data"
    component = "report_row"
    replication_key = "time"
    min_version = "2.14"
    # The attribute that names a row; without it, a row is named by what is in it.
    named_by: ClassVar[str | None] = None

    @override
    def begins(self, since: datetime | None) -> datetime:
        return max(super().begins(since), self.run.started_at - RETAINED)

    @override
    def exported(self, start: datetime, until: datetime) -> Iterator[tuple[Record, int]]:
        dataset = self.dataset
        attributes = [Attribute.of(one) for one in dataset.get("attributes") or []]
        if not self.is_qualified:
            attributes = plain(attributes)
        file = self.jobs.file(self.question(start, until, attributes)) if attributes else None
        if file is None:
            return
        with file:
            rows = self.read(file)
            heads = next(rows, [])
            names = headed(heads, attributes)
            if heads and not {one.name for one in attributes} & {*names}:
                raise self.bad(files.BadFile("has none of the columns that were asked for"))
            time_name = found(dataset.get("default_time_attribute_id"), attributes)
            own_name = found(self.named_by, attributes)
            for cells in rows:
                values = files.record(names, cells)
                row = {
                    "id": values.get(own_name) or digest(values),
                    "time": values.get(time_name),
                    "attributes": values,
                }
                yield row, sum(map(len, cells))

    was_empty = False

    @override
    def check_file(self, file: IO[bytes], response: Response) -> None:
        # Without rows a report may be an empty file. So may an answer be that went wrong, and asked
        # for again it is not.
        if file.tell() == 0 and self.was_empty:
            return
        self.was_empty = file.tell() == 0
        super().check_file(file, response)

    @property
    def dataset(self) -> Record:
        """What Intercom tells of the dataset, asked for once a run for all of them.

        Raises:
            NotAvailable: The workspace has no such dataset.
        """
        wanted = self.name.removeprefix("report_")
        rules = replace(self.rules, check=self.check)
        for one in self.run.once(DATASETS, lambda: self.dig(self.fetch(Request(DATASETS), rules))):
            if one.get("id") == wanted:
                return one
        problem = f"Intercom has no dataset `{wanted}` for this workspace; deselect the stream."
        raise NotAvailable(self.name, problem)

    @property
    def is_qualified(self) -> bool:
        """Say whether attributes are asked for by their full names."""
        return self.run.client.address.has(QUALIFIED_SINCE)

    def question(
        self, start: datetime, until: datetime, attributes: Sequence[Attribute]
    ) -> Request:
        """Ask for a span of time, of which the end may or may not be part."""
        body = {
            "dataset_id": self.dataset["id"],
            "attribute_ids": [one.name if self.is_qualified else one.id for one in attributes],
            "start_time": times.epoch(start),
            "end_time": times.epoch(until) + 1,
        }
        return Request(self.path, body=body)

    @override
    def probe(self, parent: Finding | None) -> Glimpse:
        self.dataset  # noqa: B018  it asks
        return Glimpse(pages=CALLS_OF_AN_EXPORT)


@dataclass(frozen=True)
class Attribute:
    """A column of a report: its full name, its plain id, and what heads it."""

    name: str
    id: str
    head: str

    @classmethod
    def of(cls, told: Record) -> Attribute:
        """Read what Intercom tells of an attribute."""
        plain = str(told.get("id") or told.get("qualified_id"))
        name = str(told.get("qualified_id") or plain)
        return cls(name, plain, str(told.get("name") or plain))


# Since this version attributes are asked for by their full names; before, by their plain ids.
QUALIFIED_SINCE = "2.16"


def plain(attributes: Sequence[Attribute]) -> list[Attribute]:
    """Ask once for those that have one plain id, and call them by it: nobody says which it is."""
    count = Counter(one.id for one in attributes)
    named = [one if count[one.id] == 1 else replace(one, name=one.id) for one in attributes]
    return list({one.name: one for one in named}.values())


def found(wanted: str | None, attributes: Sequence[Attribute]) -> str:
    """Give the name of an attribute that is called by its plain id, or by its name; else none."""
    return next((one.name for one in attributes if wanted in {one.id, one.name}), "")


def headed(heads: Sequence[str], attributes: Sequence[Attribute]) -> list[str]:
    """Name the columns of a report by the attributes that were asked for.

    By their place, since headings repeat. Where there are more columns, or fewer, they are told
    apart by their headings, and one that was not asked for keeps its own.
    """
    if len(heads) == len(attributes):
        return files.columns([one.name for one in attributes])
    names, place = [], 0
    for head in heads:
        words = range(place, len(attributes))
        at = next((one for one in words if head in vars(attributes[one]).values()), None)
        if at is None:
            names.append(head)
        else:
            names.append(attributes[at].name)
            place = at + 1
    return files.columns(names)


def digest(values: Mapping[str, str | None]) -> str:
    """Name a row by what is in it; columns that are empty in it make no difference."""
    return fitting.digest(
        "row", {name: value for name, value in values.items() if value is not None}
    )
