"""Exports: jobs that take a few looks, one of content and five of reports, and their files."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tap_intercom.sandbox.records.exports import DATASETS, GROUPS

if TYPE_CHECKING:
    import requests
    from calling import Caller, Code, Json, Start

EVER = {"created_at_after": 0, "created_at_before": 4_000_000_000}
OCTETS = {"Accept": "application/octet-stream"}
DAY = 86_400


def begun(answer: requests.Response) -> str:
    assert answer.status_code == 200
    assert answer.json()["status"] == "pending"
    assert answer.json()["download_url"] == ""
    return str(answer.json()["job_identifier"])


def statuses(caller: Caller, path: str) -> list[str]:
    """What is said of a job until it has ended."""
    said = [caller.get(path).json()["status"]]
    while said[-1] in ("pending", "in_progress"):
        said.append(caller.get(path).json()["status"])
    return said


def exported(caller: Caller, span: Json = EVER) -> requests.Response:
    """Export content, and give the answer with the file."""
    job = begun(caller.post("/export/content/data", span))
    statuses(caller, f"/export/content/data/{job}")
    return caller.call("GET", f"/download/content/data/{job}", headers=OCTETS)


def groups(answer: requests.Response) -> dict[str, list[Json]]:
    """The rows of an archive, by group."""
    found = {}
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        for name in archive.namelist():
            group, _, stamp = name.rpartition("_")
            assert len(stamp) == len("20260601-120000.csv".partition("_")[0])
            with archive.open(name) as member:
                text = io.TextIOWrapper(member, "utf-8", newline="")
                rows = csv.DictReader(text)
                found[group] = [{key: one or None for key, one in row.items()} for row in rows]
    return found


def report(caller: Caller, dataset: str, **changes: Any) -> requests.Response:
    """Begin to export a report whole, but for what is changed."""
    now = int(caller.sandbox.now())
    body = {
        "dataset_id": dataset,
        "attribute_ids": [one.qualified_id for one in DATASETS[dataset].attributes],
        "start_time": now - 700 * DAY,
        "end_time": now + 1,
    }
    return caller.post("/export/reporting_data/enqueue", {**body, **changes})


def test_content_comes_as_an_archive_of_csv_files(start: Start) -> None:
    intercom = start(size=100)
    answer = exported(intercom)
    assert answer.headers["Content-Encoding"] == "zip"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    found = groups(answer)
    assert sorted(found) == sorted(GROUPS)
    for group, rows in found.items():
        assert rows == intercom.truth(f"content_export_{group}")


def test_values_have_commas_quotes_and_line_breaks(start: Start) -> None:
    text = str(start(size=100).truth("content_export_receipt"))
    for odd in ('"hello", world', "line\\nsecond", "\\r\\n", "🎉"):
        assert odd in text


def test_a_span_selects_what_was_sent_in_it_and_counts_what_happened_by_its_end(
    start: Start,
) -> None:
    intercom = start(size=300)
    whole = intercom.truth("content_export_receipt")
    middle = int(whole[150]["received_at"])
    span = {"created_at_after": middle, "created_at_before": middle + 10 * DAY}
    found = groups(exported(intercom, span))
    ids = [row["receipt_id"] for row in found["receipt"]]
    assert ids == [row["receipt_id"] for row in whole[150 : 150 + len(ids)]]
    assert len(ids) > 5
    opened = {row["receipt_id"]: row["first_open"] for row in found["receipt"]}
    later = {row["receipt_id"]: row["first_open"] for row in whole}
    assert all(one is None or int(one) <= middle + 10 * DAY for one in opened.values())
    assert any(one is None and later[name] for name, one in opened.items())


def test_groups_without_rows_are_not_in_the_archive(start: Start) -> None:
    intercom = start(size=300)
    sent = int(intercom.truth("content_export_receipt")[-1]["received_at"])
    found = groups(exported(intercom, {"created_at_after": sent, "created_at_before": sent + 1}))
    assert list(found) == ["receipt", "overview"]


def test_a_job_is_looked_at_a_few_times_before_it_is_done(start: Start) -> None:
    intercom = start()
    job = begun(intercom.post("/export/content/data", EVER))
    path = f"/download/content/data/{job}"
    assert intercom.call("GET", path, headers=OCTETS).status_code == 404
    said = statuses(intercom, f"/export/content/data/{job}")
    assert said == ["pending", "in_progress", "completed"]
    shown = intercom.get(f"/export/content/data/{job}").json()
    assert shown["download_url"].endswith(path)
    assert int(shown["download_expires_at"]) > intercom.sandbox.now()
    dataset = begun(report(intercom, "call"))
    said = statuses(intercom, f"/export/reporting_data/{dataset}")
    assert said == ["pending", "in_progress", "complete"]


def test_one_job_of_content_at_a_time(start: Start, code: Code) -> None:
    intercom = start()
    begun(intercom.post("/export/content/data", EVER))
    refused = [intercom.post("/export/content/data", EVER) for _ in range(3)]
    assert {one.status_code for one in refused} == {429}
    assert code(refused[0]) == "rate_limit_exceeded"
    assert "1 pending message data export jobs" in refused[0].text
    begun(intercom.post("/export/content/data", EVER))  # the first is done by now


def test_five_jobs_of_reports_at_a_time(start: Start) -> None:
    intercom = start()
    for _ in range(5):
        begun(report(intercom, "call"))
    refused = report(intercom, "tickets")
    assert refused.status_code == 429
    assert "5 pending reporting dataset export jobs" in refused.text


def test_a_file_is_there_for_two_days(start: Start, code: Code) -> None:
    intercom = start()
    job = begun(intercom.post("/export/content/data", EVER))
    statuses(intercom, f"/export/content/data/{job}")
    path = f"/download/content/data/{job}"
    assert intercom.call("GET", path, headers=OCTETS).status_code == 200
    intercom.sandbox.advance(2 * DAY + 1)
    answer = intercom.call("GET", path, headers=OCTETS)
    assert (answer.status_code, code(answer)) == (404, "not_found")


def test_a_file_is_asked_for_as_octets(start: Start) -> None:
    intercom = start()
    job = begun(intercom.post("/export/content/data", EVER))
    statuses(intercom, f"/export/content/data/{job}")
    path = f"/download/content/data/{job}"
    assert intercom.call("GET", path, headers={"Accept": "*/*"}).status_code == 406


def test_datasets_tell_their_attributes(start: Start) -> None:
    answer = start().get("/export/reporting_data/get_datasets").json()
    assert {one["id"] for one in answer["data"]} == set(DATASETS)
    for one in answer["data"]:
        ids = {column["id"] for column in one["attributes"]}
        assert one["default_time_attribute_id"] in ids
        names = [column["name"] for column in one["attributes"]]
        assert len(set(names)) < len(names)


@pytest.mark.parametrize("dataset", ["conversation", "tickets", "call_team_stats"])
def test_a_report_has_the_columns_asked_for_under_headings_that_repeat(
    start: Start, dataset: str
) -> None:
    intercom = start(size=60)
    job = begun(report(intercom, dataset))
    statuses(intercom, f"/export/reporting_data/{job}")
    answer = intercom.call("GET", f"/download/reporting_data/{job}", headers=OCTETS)
    heads, *rows = csv.reader(io.StringIO(answer.content.decode(), newline=""))
    attributes = DATASETS[dataset].attributes
    assert heads == [one.name for one in attributes]
    assert heads.count("Brand") == 3
    names = [one.qualified_id for one in attributes]
    found = [{name: one or None for name, one in zip(names, row, strict=True)} for row in rows]
    assert found == intercom.truth(f"report_{dataset}")
    assert found


@pytest.mark.parametrize(
    "changes",
    [
        {"dataset_id": None},
        {"dataset_id": "imaginary"},
        {"attribute_ids": None},
        {"attribute_ids": []},
        {"attribute_ids": "call.call_id"},
        {"attribute_ids": ["call_id"]},
        {"start_time": None},
        {"end_time": "today"},
        {"start_time": 0},
    ],
    ids=str,
)
def test_what_a_report_cannot_be_is_refused(start: Start, code: Code, changes: Json) -> None:
    answer = report(start(), "call", **changes)
    assert (answer.status_code, code(answer)) == (400, "bad_request")


def test_plain_ids_were_asked_for_before_2_16(start: Start) -> None:
    intercom = start()
    columns = {"attribute_ids": ["call_id"]}
    assert report(intercom.using(version="2.15"), "call", **columns).status_code == 200
    assert report(intercom.using(version="2.16"), "call", **columns).status_code == 400
    assert report(intercom.using(version="2.13"), "call").status_code == 400


def test_a_span_that_ends_before_it_begins_is_refused(start: Start) -> None:
    span = {"created_at_after": 2, "created_at_before": 1}
    assert start().post("/export/content/data", span).status_code == 400
    assert start().post("/export/content/data", {}).status_code == 400


def test_a_day_brings_messages_and_what_was_done_with_older_ones(start: Start) -> None:
    intercom = start(size=300)
    before = intercom.truth("content_export_receipt")
    intercom.sandbox.advance(DAY)
    after = intercom.truth("content_export_receipt")
    assert len(after) == len(before) + 1
    changed = [one for one, other in zip(before, after, strict=False) if one != other]
    assert changed


@pytest.mark.parametrize("status", ["failed", "no_data", "canceled"])
def test_a_job_ends_badly(start: Start, status: str) -> None:
    intercom = start().using(token=f"demo-export-{status}")
    for path, answer in (
        ("/export/content/data", intercom.post("/export/content/data", EVER)),
        ("/export/reporting_data", report(intercom, "call")),
    ):
        assert statuses(intercom, f"{path}/{begun(answer)}") == [status]


def test_a_job_is_canceled_once(start: Start) -> None:
    intercom = start().using(token="demo-export-canceled-once")
    first = begun(report(intercom, "call"))
    second = begun(report(intercom, "call"))
    assert statuses(intercom, f"/export/reporting_data/{first}") == ["canceled"]
    assert statuses(intercom, f"/export/reporting_data/{second}")[-1] == "complete"


def test_a_job_is_never_done(start: Start) -> None:
    intercom = start().using(token="demo-export-endless")
    job = begun(report(intercom, "call"))
    said = [intercom.get(f"/export/reporting_data/{job}").json()["status"] for _ in range(9)]
    assert set(said) == {"in_progress"}


def test_another_app_exports(start: Start) -> None:
    intercom = start().using(token="demo-export-held")
    answers = [intercom.post("/export/content/data", EVER).status_code for _ in range(4)]
    assert answers == [429, 429, 429, 200]


@pytest.mark.parametrize(
    ("token", "expected"), [("expired", [404] * 2), ("expired-once", [404, 200])]
)
def test_a_file_is_gone(start: Start, token: str, expected: list[int]) -> None:
    intercom = start().using(token=f"demo-export-{token}")
    job = begun(intercom.post("/export/content/data", EVER))
    statuses(intercom, f"/export/content/data/{job}")
    path = f"/download/content/data/{job}"
    answers = [intercom.call("GET", path, headers=OCTETS).status_code for _ in range(2)]
    assert answers == expected


def test_an_archive_would_unpack_to_half_a_gigabyte(start: Start) -> None:
    answer = exported(start().using(token="demo-export-bomb"))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        [member] = archive.infolist()
    assert member.file_size > 500_000_000
    assert len(answer.content) < 5_000_000


def test_members_are_named_as_files_elsewhere(start: Start) -> None:
    answer = exported(start().using(token="demo-export-paths"))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = archive.namelist()
    assert any(name.startswith("../") for name in names)
    assert any(name.startswith("/") for name in names)


@pytest.mark.parametrize(
    ("token", "size"), [("demo-export-wide", 2_000_000), ("demo-export-long", 64_000_000)]
)
def test_a_file_is_far_too_wide_or_long(start: Start, token: str, size: int) -> None:
    answer = exported(start().using(token=token))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        [member] = archive.infolist()
    assert member.file_size > size


def test_an_archive_is_torn_or_none(start: Start) -> None:
    torn = exported(start().using(token="demo-export-torn"))
    assert torn.content.startswith(b"PK")
    assert not zipfile.is_zipfile(io.BytesIO(torn.content))
    none = exported(start().using(token="demo-export-not-a-file"))
    assert none.status_code == 200
    assert none.headers["Content-Type"] == "text/html"


def test_files_are_elsewhere_empty_or_about_something_else(start: Start) -> None:
    intercom = start().using(token="demo-export-elsewhere")
    job = begun(intercom.post("/export/content/data", EVER))
    statuses(intercom, f"/export/content/data/{job}")
    shown = intercom.get(f"/export/content/data/{job}").json()
    assert shown["download_url"].startswith("https://elsewhere.example.com/")
    sent_away = exported(start().using(token="demo-export-redirect"))
    assert sent_away.status_code == 302
    assert sent_away.headers["Location"].startswith("https://elsewhere.example.com/")
    assert exported(start().using(token="demo-export-empty")).content == b""
    assert exported(start().using(token="demo-export-other")).content.startswith(b"PK")
