"""What is being exported? Jobs that take a few looks to be done, and the files they leave.

Of content, a workspace has one job at a time, and of reports five. A job is done when it has been
looked at a few times; whoever is refused a new one has looked at those that are under way. A file
is there for two days.
"""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import msgspec

from .exchange import Call, Refusal, Reply
from .records.dice import DAY, mixed
from .records.exports import DATASETS, GROUPS, content_rows, report_rows
from .versions import V2_16

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .records.exports import Row
    from .records.world import World
    from .state import State

Json = dict[str, Any]

LOOKS = 2
KEPT = 2 * DAY
REPORTED = 730 * DAY
CONTENT_AT_ONCE, REPORTS_AT_ONCE = 1, 5
OCTETS = b"application/octet-stream"


@dataclass
class Job:
    """One export: of content, where no dataset is named."""

    name: str
    after: int
    before: int
    dataset: str | None = None
    columns: tuple[str, ...] = ()
    looks: int = 0
    done_at: float | None = None

    def look(self, now: float) -> None:
        """Note that somebody wanted to know how far it is."""
        self.looks += 1
        if self.looks > LOOKS and self.done_at is None:
            self.done_at = now

    @property
    def status(self) -> str:
        """How far it is; one kind of job completes, the other is complete."""
        if self.done_at is None:
            return "pending" if self.looks <= 1 else "in_progress"
        return "completed" if self.dataset is None else "complete"

    def shown(self, kind: str) -> bytes:
        """Tell of it."""
        there = self.done_at is not None
        url = f"https://api.intercom.io/download/{kind}/{self.name}"
        return msgspec.json.encode(
            {
                "job_identifier": self.name,
                "status": self.status,
                "download_url": url if there else "",
                "download_expires_at": str(int(self.done_at + KEPT)) if self.done_at else "",
            }
        )


@dataclass
class Exports:
    """All jobs of a workspace."""

    jobs: dict[str, Job] = field(default_factory=dict)

    def add(self, job: Job, now: float) -> Job:
        """Begin a job, if there is room for it."""
        of_content = job.dataset is None
        under_way = [
            one
            for one in self.jobs.values()
            if one.done_at is None and (one.dataset is None) == of_content
        ]
        if len(under_way) >= (CONTENT_AT_ONCE if of_content else REPORTS_AT_ONCE):
            for one in under_way:
                one.look(now)
            raise busy(of_content=of_content)
        self.jobs[job.name] = job
        return job

    def found(self, name: str, *, of_content: bool) -> Job:
        """Find a job of a kind."""
        job = self.jobs.get(name)
        if job is None or (job.dataset is None) != of_content:
            raise missing(name)
        return job

    def number(self) -> str:
        """Name the next job."""
        return f"{mixed(len(self.jobs), 91):016x}"


def busy(*, of_content: bool) -> Refusal:
    """Build the refusal of one job too many."""
    many = "1 pending message data" if of_content else "5 pending reporting dataset"
    return Refusal(429, "rate_limit_exceeded", f"Exceeded rate limit of {many} export jobs")


def missing(name: str) -> Refusal:
    """Build the refusal of a job that is not there, or whose file no longer is."""
    return Refusal(404, "not_found", f"Export job not found for identifier: {name}")


def _whole(given: Json, name: str) -> int:
    value = given.get(name)
    if type(value) is not int:
        raise Refusal(400, "bad_request", f"'{name}' is a required parameter")
    return value


# Content


def export_content(state: State, call: Call) -> Reply:
    """Begin an export of content."""
    given = call.body()
    after, before = (_whole(given, f"created_at_{side}") for side in ("after", "before"))
    if before < after:
        raise Refusal(400, "parameter_invalid", "created_at_before is before created_at_after")
    job = state.exports.add(Job(state.exports.number(), after, before), state.clock.now())
    return Reply(body=job.shown("content/data"))


def content_status(state: State, call: Call) -> Reply:
    """Tell how far an export of content is."""
    job = state.exports.found(call.argument, of_content=True)
    job.look(state.clock.now())
    return Reply(body=job.shown("content/data"))


def content_file(state: State, call: Call) -> Reply:
    """Hand out an archive of CSV files, whose encoding nobody has registered."""
    job = _downloadable(state, call, of_content=True)
    world, today = state.workspace.world, state.workspace.today()
    rows = 0
    file = io.BytesIO()
    stamp = datetime.fromtimestamp(job.done_at or 0, timezone.utc).strftime("%Y%m%d-%H%M%S")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for group in GROUPS:
            found = list(content_rows(world, group, job.after, min(job.before, today)))
            rows += len(found)
            if found:
                archive.writestr(f"{group}_{stamp}.csv", written(list(found[0]), found))
    return archived(file.getvalue(), rows)


def archived(body: bytes, rows: int = 0) -> Reply:
    """Build the answer that an archive comes in."""
    encoding = ((b"content-encoding", b"zip"),)
    return Reply(body=body, headers=encoding, content_type=OCTETS, records=rows)


def written(names: list[str], rows: Iterable[Row], heads: list[str] | None = None) -> str:
    """Write rows as CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(heads or names)
    writer.writerows([row[name] or "" for name in names] for row in rows)
    return text.getvalue()


def _downloadable(state: State, call: Call, *, of_content: bool) -> Job:
    """Find the job whose file is asked for, in the one way in which it is to be had."""
    if call.accept != OCTETS.decode():
        raise Refusal(406, "not_acceptable", "The Accept header must be application/octet-stream")
    job = state.exports.found(call.argument, of_content=of_content)
    if job.done_at is None or state.clock.now() > job.done_at + KEPT:
        raise missing(job.name)
    return job


# Reports


def datasets(_: State, __: Call) -> Reply:
    """Tell what there is to report, with the columns of each."""
    rows = [
        {
            "id": one.id,
            "name": one.id.replace("_", " ").capitalize(),
            "description": f"Rows about {one.id.replace('_', ' ')}.",
            "default_time_attribute_id": one.time,
            "attributes": [
                {"id": column.id, "qualified_id": column.qualified_id, "name": column.name}
                for column in one.attributes
            ],
        }
        for one in DATASETS.values()
    ]
    return Reply(body=msgspec.json.encode({"type": "list", "data": rows}), records=len(rows))


def export_report(state: State, call: Call) -> Reply:
    """Begin an export of a report."""
    given = call.body()
    name = given.get("dataset_id")
    if name is None:
        raise Refusal(400, "bad_request", "'dataset_id' is a required parameter")
    if name not in DATASETS:
        raise Refusal(400, "bad_request", f"{name} is not a valid dataset_id")
    columns = tuple(_columns(name, given.get("attribute_ids"), call))
    start, end = _whole(given, "start_time"), _whole(given, "end_time")
    if start < state.clock.now() - REPORTED:
        raise Refusal(400, "bad_request", "start_time is before what is retained")
    job = Job(state.exports.number(), start, end, name, columns)
    return Reply(body=state.exports.add(job, state.clock.now()).shown("reporting_data"))


def _columns(dataset: str, asked: object, call: Call) -> Iterator[str]:
    if asked is None:
        raise Refusal(400, "bad_request", "'attribute_ids' is a required parameter")
    if not isinstance(asked, list):
        message = "'attribute_ids' not an array must be of type Array"
        raise Refusal(400, "bad_request", message)
    if not asked:
        message = "attribute_ids must contain at least one attribute_id"
        raise Refusal(400, "bad_request", message)
    known = {one.qualified_id: one.qualified_id for one in DATASETS[dataset].attributes}
    if call.version < V2_16:
        known = {one.id: one.qualified_id for one in DATASETS[dataset].attributes} | known
    for one in asked:
        if one not in known:
            message = f"attribute_ids invalid for {dataset} dataset: {one}"
            raise Refusal(400, "bad_request", message)
        yield known[one]


def report_status(state: State, call: Call) -> Reply:
    """Tell how far an export of a report is."""
    job = state.exports.found(call.argument, of_content=False)
    job.look(state.clock.now())
    return Reply(body=job.shown("reporting_data"))


def report_file(state: State, call: Call) -> Reply:
    """Hand out a report as CSV; some of its headings are the same."""
    job = _downloadable(state, call, of_content=False)
    dataset = DATASETS[job.dataset or ""]
    heads = {one.qualified_id: one.name for one in dataset.attributes}
    rows = list(_reported(state.workspace.world, job, state.workspace.today()))
    text = written(list(job.columns), rows, [heads[one] for one in job.columns])
    return Reply(body=text.encode(), content_type=OCTETS, records=len(rows))


def _reported(world: World, job: Job, today: int) -> Iterator[Row]:
    return report_rows(world, DATASETS[job.dataset or ""], job.after, job.before, today)
