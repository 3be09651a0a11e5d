"""What do exports answer? Whoever begins one asks how far it is, and then for its file."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import msgspec

from ..endpoint import Endpoint, names
from ..exchange import Call, Refusal, Reply
from ..files import OCTETS, alone, archived, csv_of, zip_of
from ..jobs import CONTENT, KEPT, REPORT, Job, missing
from ..records import exports
from ..records.dice import DAY
from ..records.exports import DATASETS, GROUPS, content_rows, report_rows
from ..versions import V2_16

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..jobs import Kind
    from ..paging import Answer
    from ..state import State

Json = dict[str, Any]

REPORTED = 730 * DAY


def export_content(state: State, call: Call) -> Reply:
    """Begin an export of content."""
    given = call.body()
    after, before = (_whole(given, f"created_at_{side}") for side in ("after", "before"))
    if before < after:
        raise Refusal(400, "parameter_invalid", "created_at_before is before created_at_after")
    return _begun(state, Job(CONTENT, state.jobs.number(), after, before))


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
    return _begun(state, Job(REPORT, state.jobs.number(), start, end, name, columns))


def _begun(state: State, job: Job) -> Reply:
    return Reply(body=state.jobs.add(job, state.clock.now()).shown())


def _whole(given: Json, name: str) -> int:
    value = given.get(name)
    if type(value) is not int:
        raise Refusal(400, "bad_request", f"'{name}' is a required parameter")
    return value


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


def status(kind: Kind) -> Answer:
    """Tell how far an export is."""

    def answer(state: State, call: Call) -> Reply:
        job = state.jobs.found(kind, call.argument)
        job.look(state.clock.now())
        return Reply(body=job.shown())

    return answer


def content_file(state: State, call: Call) -> Reply:
    """Hand out an archive of CSV files."""
    job = _downloadable(state, call, CONTENT)
    world, today = state.holdings.world, state.holdings.today()
    stamp = datetime.fromtimestamp(job.done_at or 0, timezone.utc).strftime("%Y%m%d-%H%M%S")
    found = {
        f"{group}_{stamp}.csv": list(content_rows(world, group, job.after, min(job.before, today)))
        for group in GROUPS
    }
    members = {name: csv_of(list(rows[0]), rows) for name, rows in found.items() if rows}
    return archived(zip_of(members), sum(map(len, found.values())))


def report_file(state: State, call: Call) -> Reply:
    """Hand out a report as CSV; some of its headings are the same."""
    job = _downloadable(state, call, REPORT)
    dataset = DATASETS[job.dataset]
    heads = {one.qualified_id: one.name for one in dataset.attributes}
    world, today = state.holdings.world, state.holdings.today()
    rows = list(report_rows(world, dataset, job.after, job.before, today))
    return alone(csv_of(list(job.columns), rows, [heads[one] for one in job.columns]), len(rows))


def _downloadable(state: State, call: Call, kind: Kind) -> Job:
    """Find the job whose file is asked for, in the one way in which it is to be had."""
    if call.accept != OCTETS.decode():
        raise Refusal(406, "not_acceptable", "The Accept header must be application/octet-stream")
    job = state.jobs.found(kind, call.argument)
    if job.done_at is None or state.clock.now() > job.done_at + KEPT:
        raise missing(job.name)
    return job


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


CONTENTS = " ".join(["content_export", *(exports.CONTENT + one for one in GROUPS)])
REPORTS = " ".join(["reporting_data", *(exports.REPORT + one for one in DATASETS)])
V2_14 = (2, 14)

ENDPOINTS = (
    Endpoint("POST", "/export/content/data", CONTENTS, export_content),
    Endpoint("GET", "/export/content/data/{job}", CONTENTS, status(CONTENT)),
    Endpoint("GET", "/download/content/data/{job}", CONTENTS, content_file),
    Endpoint("GET", "/export/reporting_data/get_datasets", REPORTS, datasets, V2_14),
    Endpoint("POST", "/export/reporting_data/enqueue", REPORTS, export_report, V2_14),
    Endpoint(
        "GET",
        "/export/reporting_data/{job}",
        REPORTS,
        status(REPORT),
        V2_14,
        names("app_id client_id job_identifier"),
    ),
    Endpoint(
        "GET",
        "/download/reporting_data/{job}",
        REPORTS,
        report_file,
        V2_14,
        names("app_id job_identifier"),
    ),
)
