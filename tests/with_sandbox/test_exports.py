"""Exports: one job for many streams, whatever becomes of it, and files that may be anything."""

from __future__ import annotations

import io
import logging
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from runs import NAMES, Run, catalog_of, latest, sync
from starting import ran

from tap_intercom import run as run_module
from tap_intercom.api import jobs
from tap_intercom.api.jobs import Download, Jobs
from tap_intercom.api.pacing import PacedAdapter
from tap_intercom.api.retries import Patience
from tap_intercom.records import times
from tap_intercom.sandbox import running
from tap_intercom.sandbox.records.exports import DATASETS, QUESTIONS
from tap_intercom.shapes import exports
from tap_intercom.shapes.contents import ContentExport
from tap_intercom.shapes.reports import Attribute, headed
from tap_intercom.tap import TapIntercom

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_intercom.sandbox import Sandbox

CONTENT = [name for name in NAMES if name.startswith("content_export_")]
REPORTS = [name for name in NAMES if name.startswith("report_")]
RECEIPTS = "content_export_receipt"
CALLS = "report_call"
EACH = pytest.mark.parametrize("stream", [RECEIPTS, CALLS])
DAY = 86_400


@pytest.fixture
def small() -> Iterator[Sandbox]:
    """A workspace from which ten days send a message each."""
    with running(size=300) as sandbox:
        yield sandbox


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def asked(sandbox: Sandbox, method: str = "POST") -> list[dict[str, Any]]:
    return [one for one in sandbox.log() if one["method"] == method and "export" in one["path"]]


def bookmark(run: Run, stream: str) -> Any:
    state = run.state if run.states else {"bookmarks": {}}
    return state["bookmarks"].get(stream, {}).get("replication_key_value")


def problem(run: Run, stream: str) -> str:
    """Why a stream failed, which was the only one of its run."""
    assert str(run.error) == (
        f"0 streams ended; 1 failed ({stream}). Run again: each goes on where it stopped."
    )
    return run.failed[stream]


def whole(sandbox: Sandbox, stream: str) -> int:
    return len(sandbox.records(stream))


# How jobs begin and end (B37)


@EACH
def test_b37_a_job_that_is_under_way_is_waited_for(small: Sandbox, stream: str) -> None:
    run = sync(small, stream, token="demo-export-held")
    assert run.error is None
    assert run.counts[stream] == whole(small, stream)
    assert [one["status"] for one in asked(small)] == [429, 429, 429, 200]


def test_b37_a_job_of_our_own_that_was_left_behind_is_waited_for(small: Sandbox) -> None:
    body = {"created_at_after": 0, "created_at_before": 1}
    headers = {"Authorization": "Bearer demo", "Intercom-Version": "2.17"}
    url = f"{small.url}/export/content/data"
    assert requests.post(url, json=body, headers=headers, timeout=60).status_code == 200
    run = sync(small, RECEIPTS)
    assert run.error is None
    assert run.counts[RECEIPTS] == whole(small, RECEIPTS)


@EACH
def test_b37_waiting_for_a_job_ends_at_the_deadline(
    small: Sandbox, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    for minute, token, said in (
        (0.001, "endless", "in_progress"),
        (0.0, "held", "429 (rate_limit_exceeded)"),
    ):
        monkeypatch.setattr(jobs, "MINUTE", minute)
        run = sync(small, stream, token=f"demo-export-{token}", export_timeout_minutes=1)
        assert said in problem(run, stream)
        assert "export_timeout_minutes" in problem(run, stream)
        assert bookmark(run, stream) is None


@EACH
def test_b37_a_failed_job_ends_the_run_with_a_sentence(small: Sandbox, stream: str) -> None:
    run = sync(small, stream, token="demo-export-failed")
    assert "export failed" in problem(run, stream)
    assert bookmark(run, stream) is None


@EACH
def test_b37_a_job_without_data_is_a_stream_without_rows(small: Sandbox, stream: str) -> None:
    run = sync(small, stream, token="demo-export-no_data")
    assert run.error is None
    assert run.counts == {}
    assert bookmark(run, stream)


@EACH
@pytest.mark.parametrize("what", ["canceled", "expired"])
def test_b37_what_was_canceled_or_is_gone_is_begun_again(
    small: Sandbox, stream: str, what: str
) -> None:
    run = sync(small, stream, token=f"demo-export-{what}-once")
    assert run.error is None
    assert run.counts[stream] == whole(small, stream)


@EACH
@pytest.mark.parametrize(("what", "said"), [("canceled", "canceled"), ("expired", "no longer")])
def test_b37_it_is_not_begun_again_for_ever(
    small: Sandbox, stream: str, what: str, said: str
) -> None:
    run = sync(small, stream, token=f"demo-export-{what}")
    assert said in problem(run, stream)
    begun = [one for one in asked(small) if one["status"] == 200]
    assert len(begun) == jobs.STARTS
    assert bookmark(run, stream) is None


def test_b37_all_streams_of_content_share_one_job(small: Sandbox) -> None:
    """All that have a bookmark; what is read whole has another one, which goes back farther."""
    sync(small, *[name for name in CONTENT if name != "content_export_overview"])
    assert len(asked(small)) == 1
    small.reset()
    run = sync(small, *CONTENT)
    assert run.error is None
    assert len(asked(small)) == 2
    assert run.counts == {name: whole(small, name) for name in CONTENT}


@pytest.mark.parametrize("kind", ["500", "502", "reset", "empty", "truncated", "html403", "408"])
def test_b37_what_fails_once_is_asked_again(small: Sandbox, kind: str) -> None:
    run = sync(small, RECEIPTS, CALLS, token=f"demo-{kind}-once")
    assert run.error is None
    assert run.counts == {name: whole(small, name) for name in (RECEIPTS, CALLS)}


# What is in files (B38)


@pytest.mark.parametrize("stream", [RECEIPTS, "content_export_answer", "report_conversation"])
def test_b38_commas_quotes_and_line_breaks_stay_in_their_values(
    small: Sandbox, stream: str
) -> None:
    rows = sync(small, stream).rows(stream)
    # Values of a report are in an object.
    arrived = [row.get("attributes", row) for row in rows]
    sent = small.records(stream)
    assert len(arrived) == len(sent)
    odd = 0
    for row, original in zip(arrived, sent, strict=True):
        for name, value in original.items():
            if value and any(character in value for character in ',"\n\r'):
                assert row[name] == value
                odd += 1
    assert odd > len(sent) / 5


def test_b38_a_column_that_nobody_knows_is_rescued_where_there_is_something_in_it(
    small: Sandbox,
) -> None:
    rows = {row["receipt_id"]: row for row in sync(small, RECEIPTS).rows(RECEIPTS)}
    for sent in small.records(RECEIPTS):
        value = sent["first_hologram_view"]
        expected = None if value is None else {"first_hologram_view": value}
        assert rows[sent["receipt_id"]]["_rescued_data"] == expected


@pytest.mark.parametrize("kind", ["", "-export-bomb", "-export-long", "-export-not-a-file"])
@EACH
def test_b38_nothing_is_left_on_disk(
    small: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str, stream: str
) -> None:
    """Temporary files have no name, so that there is nothing to see or to leave, even meanwhile."""
    seen: list[Path] = []
    write = Download.write

    def watched(self: Download, response: Any) -> None:
        write(self, response)
        seen.extend(folder.rglob("*"))

    monkeypatch.setattr(Download, "write", watched)
    monkeypatch.setattr(run_module, "PATIENT", Patience(tries=2))
    sync(small, stream, token=f"demo{kind}")
    assert [*seen, *folder.rglob("*")] == []


# What comes late (B39)


def test_b39_what_was_done_late_with_a_message_arrives(small: Sandbox) -> None:
    streams = (RECEIPTS, "content_export_open", "content_export_click", "report_conversation")
    first = sync(small, *streams)
    small.advance(10 * DAY)
    second = sync(small, *streams, state=first.state)
    fresh = sync(small, *streams)
    assert latest(first, second) == latest(fresh)
    opened = [row["first_open"] for row in first.rows(RECEIPTS)]
    again = {row["receipt_id"]: row for row in second.rows(RECEIPTS)}
    late = [
        row
        for row, was in zip(first.rows(RECEIPTS), opened, strict=True)
        if was is None and again.get(row["receipt_id"], {}).get("first_open")
    ]
    assert late, "nobody opened anything late, so nothing is shown"


def test_b39_the_lookback_is_what_it_is_set_to(small: Sandbox) -> None:
    first = sync(small, RECEIPTS, CALLS)
    value = times.parse(bookmark(first, RECEIPTS)).timestamp()
    for days in (0, 3, 30):
        small.reset()
        sync(small, RECEIPTS, CALLS, state=first.state, export_lookback_days=days)
        content, report = (one["body"] for one in asked(small))
        assert content["created_at_after"] == int(value) - days * DAY
        assert report["start_time"] == int(value) - days * DAY
    small.advance(10 * DAY)
    short = sync(small, RECEIPTS, state=first.state, export_lookback_days=0)
    assert latest(first, short) != latest(sync(small, RECEIPTS))


def test_b39_the_earliest_stream_says_from_when_on(small: Sandbox) -> None:
    first = sync(small, RECEIPTS)
    both = sync(small, RECEIPTS, "content_export_open", state=first.state)
    assert both.counts["content_export_open"] == whole(small, "content_export_open")
    assert len(asked(small)) == 2


def test_b39_start_and_end_date_bound_the_span(small: Sandbox) -> None:
    run = sync(small, RECEIPTS, CALLS, start_date="2026-02-01", end_date="2026-02-10")
    assert run.error is None
    for stream, key in ((RECEIPTS, "received_at"), (CALLS, "time")):
        moments = [row[key] for row in run.rows(stream)]
        assert len(moments) in {9, 10}
        assert "2026-02-01" <= min(moments) <= max(moments) <= "2026-02-10T00:00:01"
        assert bookmark(run, stream) == "2026-02-10T00:00:00+00:00"


def test_b39_a_span_that_is_over_is_not_asked_for(small: Sandbox) -> None:
    state = {"bookmarks": {RECEIPTS: {"replication_key_value": "2026-05-30T00:00:00+00:00"}}}
    run = sync(small, RECEIPTS, state=state, end_date="2026-01-01")
    assert run.error is None
    assert asked(small) == []
    assert bookmark(run, RECEIPTS) == "2026-05-30T00:00:00+00:00"


def test_b39_a_bookmark_moves_when_all_is_out(small: Sandbox) -> None:
    run = sync(small, RECEIPTS)
    order = [one["type"] for one in run.messages]
    values = [
        (place, one["value"]["bookmarks"].get(RECEIPTS, {}).get("replication_key_value"))
        for place, one in enumerate(run.messages)
        if one["type"] == "STATE"
    ]
    last = max(place for place, kind in enumerate(order) if kind == "RECORD")
    assert all((value is not None) == (place > last) for place, value in values)


# The columns of reports (B40)


@pytest.mark.parametrize("version", ["2.16", "2.17", "Preview"])
def test_b40_the_columns_are_those_that_intercom_tells(small: Sandbox, version: str) -> None:
    run = sync(small, "report_conversation", api_version=version)
    assert run.error is None
    [body] = [one["body"] for one in asked(small)]
    attributes = DATASETS["conversation"].attributes
    names = [one.qualified_id for one in attributes]
    assert body["attribute_ids"] == names
    assert all(list(row["attributes"]) == names for row in run.rows("report_conversation"))
    assert [row["attributes"] for row in run.rows("report_conversation")] == small.records(
        "report_conversation"
    )


def test_b40_what_has_one_plain_id_is_asked_for_once_before_2_16(small: Sandbox) -> None:
    run = sync(small, CALLS, api_version="2.15")
    assert run.error is None
    [body] = [one["body"] for one in asked(small)]
    own = ["call_id", "call_started_at", "teammate", "title", "last_changed_at"]
    assert body["attribute_ids"] == [*own, "Brand"]
    rows = run.rows(CALLS)
    assert all(
        list(row["attributes"]) == [*(f"call.{one}" for one in own), "Brand"] for row in rows
    )
    assert len(rows) == whole(small, CALLS)


def test_b40_all_reports_ask_once_what_there_is(small: Sandbox) -> None:
    run = sync(small, *REPORTS)
    assert run.error is None
    told = [one for one in asked(small, "GET") if one["path"].endswith("get_datasets")]
    assert len(told) == 1
    assert run.counts == {name: whole(small, name) for name in REPORTS}


def test_b40_a_dataset_that_the_workspace_does_not_have_is_left_out(
    small: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(DATASETS, "call")
    run = sync(small, CALLS)
    assert run.error is None
    assert "no dataset `call`" in run.left_out[CALLS]


BRANDS = [
    Attribute("call.id", "id", "ID"),
    Attribute("call.Brand", "Brand", "Brand"),
    Attribute("people.Brand", "Brand", "Brand"),
]


@pytest.mark.parametrize(
    ("heads", "names"),
    [
        (["ID", "Brand", "Brand"], ["call.id", "call.Brand", "people.Brand"]),
        (["Kennung", "Marke", "Marke"], ["call.id", "call.Brand", "people.Brand"]),
        (["ID", "New", "Brand", "Brand"], ["call.id", "New", "call.Brand", "people.Brand"]),
        (["ID", "Brand"], ["call.id", "call.Brand"]),
        (["Brand", "Brand", "Brand", "Brand"], ["call.Brand", "people.Brand", "Brand", "Brand.2"]),
        ([], []),
    ],
    ids=["as asked", "translated", "one more", "one fewer", "too many", "none"],
)
def test_b40_columns_are_named_by_their_place(heads: list[str], names: list[str]) -> None:
    assert headed(heads, BRANDS) == names


# Files that are no honest ones


BAD = {
    "bomb": "would unpack from",
    "wide": "1,000,001 columns",
    "long": "a row of more than",
    "not-a-file": "not a file",
}


@pytest.mark.parametrize(
    ("stream", "kind", "said"),
    [(RECEIPTS, "torn", "not whole"), *((CALLS, *one) for one in BAD.items())]
    + [(RECEIPTS, *one) for one in BAD.items()],
)
def test_a_file_that_is_no_honest_one_ends_the_run_with_a_sentence(
    small: Sandbox, monkeypatch: pytest.MonkeyPatch, stream: str, kind: str, said: str
) -> None:
    monkeypatch.setattr(run_module, "PATIENT", Patience(tries=2))
    run = sync(small, stream, token=f"demo-export-{kind}")
    assert said in problem(run, stream)
    assert run.counts == {}
    assert bookmark(run, stream) is None


def test_names_in_an_archive_lead_nowhere(
    small: Sandbox, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    around = {path for path in folder.parent.rglob("*") if path.is_file()}
    run = sync(small, RECEIPTS, "content_export_open", token="demo-export-paths")
    assert run.error is None
    assert [row["receipt_id"] for row in run.rows(RECEIPTS)] == ["17"]
    assert {path for path in folder.parent.rglob("*") if path.is_file()} == around
    assert not Path("/tmp/open_20260601-120000.csv").exists()
    assert "no opened_at" in caplog.text  # a file of another make is read, and said to be one


# Runs the tap alone, so that the memory of the sandbox is not counted.
MEASURED = """
import resource, sys
sys.path.append(sys.argv.pop(1))
from runs import sync
from tap_intercom.api import retries

class There:
    url = sys.argv[1]

retries.FIRST_WAIT_SECONDS = 0.01
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
run = sync(There, sys.argv[2], token=sys.argv[3])
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(after - before, run.failed)
"""
MOST_MEGABYTES = 64


@pytest.mark.parametrize("kind", ["bomb", "wide", "long", "expired"])
def test_memory_stays_small_whatever_is_in_a_file(small: Sandbox, kind: str) -> None:
    tests = Path(__file__).parent.parent
    done = ran("-c", MEASURED, str(tests), small.url, RECEIPTS, f"demo-export-{kind}")
    assert done.returncode == 0, done.stderr
    kilobytes, _, said = done.stdout.partition(" ")
    assert BAD.get(kind, "no longer there") in said
    assert int(kilobytes) < MOST_MEGABYTES * 1024


def test_a_large_file_is_read_a_page_at_a_time(
    small: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "CHARACTERS_A_PAGE", 1_000)
    stream = TapIntercom(
        config={"api_key": "demo", "api_url": small.url}, catalog=catalog_of(RECEIPTS)
    ).streams[RECEIPTS]
    assert isinstance(stream, ContentExport)
    stream.run.token.obtain()
    pages = list(stream.pages(stream.reach()))
    assert len(pages) > 20
    assert sum(len(page.records) for page in pages) == whole(small, RECEIPTS)
    assert [page.up_to for page in pages[:-1]] == [None] * (len(pages) - 1)


@EACH
@pytest.mark.usefixtures("impatient")
def test_the_token_goes_to_no_other_host_for_a_file(
    small: Sandbox, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    hosts = set()
    send = PacedAdapter.send

    def noted(
        self: PacedAdapter, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        hosts.add(str(request.url).partition("/export")[0].partition("/download")[0])
        return send(self, request, **options)

    monkeypatch.setattr(PacedAdapter, "send", noted)
    run = sync(small, stream, token="demo-export-elsewhere")
    assert run.error is None
    assert run.counts[stream] == whole(small, stream)
    run = sync(small, stream, token="demo-export-redirect")
    assert "302" in problem(run, stream)
    assert "demo-export-redirect" not in problem(run, stream)
    assert hosts == {small.url, f"{small.url}/me"}


def test_a_report_may_be_an_empty_file(small: Sandbox) -> None:
    run = sync(small, CALLS, token="demo-export-empty")
    assert run.error is None
    assert run.counts == {}
    assert bookmark(run, CALLS)


def test_an_archive_may_not(small: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "PATIENT", Patience(tries=3))
    run = sync(small, RECEIPTS, token="demo-export-empty")
    assert problem(run, RECEIPTS)
    assert bookmark(run, RECEIPTS) is None


def test_a_file_about_something_else_is_not_taken_for_a_report(small: Sandbox) -> None:
    run = sync(small, CALLS, token="demo-export-other")
    assert "none of the columns" in problem(run, CALLS)
    assert bookmark(run, CALLS) is None


def test_a_receipt_without_an_id_arrives_all_the_same(
    small: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    run = sync(small, RECEIPTS, token="demo-export-other")
    [row] = run.rows(RECEIPTS)
    assert row["_rescued_data"] == {"fruit": "apple", "weight": "3"}
    assert row["receipt_id"].startswith("keyless-")
    assert "no receipt_id" in caplog.text


def test_groups_without_a_stream_are_named(
    small: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("open_1.csv", "receipt_id,opened_at\r\n1,2\r\n")
        archive.writestr("new_1.csv", "a\r\n")
    monkeypatch.setattr(Jobs, "file", lambda *_: file)
    caplog.set_level(logging.WARNING)
    run = sync(small, "content_export_open")
    assert run.counts == {"content_export_open": 1}
    assert "no stream: new." in caplog.text


# Groups of their own kind


def test_the_questions_of_surveys_are_gathered(small: Sandbox) -> None:
    """Each survey has a column for each of its questions; a schema has none that differ so."""
    run = sync(small, "content_export_answer_combined")
    rows = run.rows("content_export_answer_combined")
    assert len(rows) == whole(small, "content_export_answer_combined") > 0
    asked = {question for row in rows for question in row["answers"]}
    assert asked == {*QUESTIONS}
    assert all(None not in row["answers"].values() for row in rows)
    assert {row["_rescued_data"] for row in rows} == {None}


def test_an_overview_is_of_all_that_was_sent_however_often_it_is_read(small: Sandbox) -> None:
    """Its totals are of what is exported: since the bookmark, they would be of some days."""
    first = sync(small, "content_export_overview", "content_export_open")
    second = sync(small, "content_export_overview", "content_export_open", state=first.state)
    for run in (first, second):
        rows = run.rows("content_export_overview")
        assert sum(row["receipt_total"] for row in rows) == whole(small, RECEIPTS)
        assert all(type(row["open_rate"]) is float for row in rows)
    assert second.counts["content_export_open"] < first.counts["content_export_open"]


def test_an_overview_begins_with_start_date(small: Sandbox) -> None:
    sent = [int(row["received_at"]) for row in small.records(RECEIPTS)]
    start = times.text(times.parse(sent[10]))
    run = sync(small, "content_export_overview", start_date=start)
    rows = run.rows("content_export_overview")
    assert sum(row["receipt_total"] for row in rows) == len(sent) - 10
