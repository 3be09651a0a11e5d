"""A report comes with all columns that its dataset has, which are told apart by their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from intercom import DAY, STARTED, Intercom, file, moment, quick, reached, reaching, synced

from tap_intercom.api.errors import IntercomError, NotAvailable
from tap_intercom.records import times
from tap_intercom.shapes.exports import CALLS_OF_AN_EXPORT
from tap_intercom.shapes.reports import (
    DATASETS,
    Attribute,
    ReportExport,
    digest,
    found,
    headed,
    plain,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_intercom.tap import TapIntercom

BEGIN, STATUS = "/export/reporting_data/enqueue", "/export/reporting_data/j"
FILE = "/download/reporting_data/j"

ATTRIBUTES = [
    {"id": "call_id", "qualified_id": "call.call_id", "name": "Call"},
    {"id": "started", "qualified_id": "call.started", "name": "Start"},
    {"id": "name", "qualified_id": "call.name", "name": "Name"},
    {"id": "name", "qualified_id": "team.name", "name": "Name"},
]
CALL = {"id": "call", "attributes": ATTRIBUTES, "default_time_attribute_id": "started"}
ROWS = b"Call,Start,Name,Name\r\n7,2026-05-01 00:00:00,n,t\r\n8,,,\r\n"


@pytest.fixture
def make_tap(make_tap: Callable[..., TapIntercom]) -> Callable[..., TapIntercom]:  # noqa: ARG001
    return quick  # it is quick, and the one that it takes the place of keeps the signals


def exporting(dataset: Any = CALL, rows: bytes = ROWS) -> Intercom:
    intercom = Intercom().put(DATASETS, {"data": [{"id": "other"}, dataset]})
    intercom.put(BEGIN, {"job_identifier": "j"}).put(STATUS, {"status": "complete"})
    return intercom.put(FILE, file(rows, {"Content-Type": "text/csv"}))


def report(tap: TapIntercom, name: str = "report_call") -> ReportExport:
    stream = tap.streams[name]
    assert isinstance(stream, ReportExport)
    return stream


def rows_of(stream: ReportExport) -> list[Any]:
    return [row for page in stream.pages(reaching(stream)) for row in page.records]


pytestmark = pytest.mark.usefixtures("naps")


def test_a_row_is_its_id_its_time_and_an_object_by_full_names(tap: TapIntercom) -> None:
    intercom = exporting().before(tap)
    first, second = rows_of(report(tap))
    assert first == {
        "id": "7",
        "time": "2026-05-01 00:00:00",
        "attributes": {
            "call.call_id": "7",
            "call.started": "2026-05-01 00:00:00",
            "call.name": "n",
            "team.name": "t",
        },
    }
    assert (second["id"], second["time"]) == ("8", None)
    [asked] = intercom.to(BEGIN)
    assert asked.body == {
        "dataset_id": "call",
        "attribute_ids": ["call.call_id", "call.started", "call.name", "team.name"],
        "start_time": STARTED - 729 * DAY,
        "end_time": STARTED + 1,
    }


def test_before_2_16_attributes_go_by_their_plain_ids(make_tap: Callable[..., TapIntercom]) -> None:
    tap = make_tap(api_version="2.15")
    intercom = exporting(rows=b"Call,Start,Name\r\n7,,n\r\n").before(tap)
    [row] = rows_of(report(tap))
    assert row["attributes"] == {"call.call_id": "7", "call.started": None, "name": "n"}
    assert intercom.to(BEGIN)[0].body["attribute_ids"] == ["call_id", "started", "name"]


def test_a_row_without_an_id_is_named_by_what_is_in_it(tap: TapIntercom) -> None:
    exporting(
        {**CALL, "attributes": ATTRIBUTES[1:]}, b"Start,Name,Name\r\na,,t\r\nb,,t\r\n"
    ).before(tap)
    first, second = rows_of(report(tap))
    assert first["id"] == digest({"call.started": "a", "team.name": "t"})
    assert first["id"] != second["id"]
    assert digest({"a": "1", "b": None}) == digest({"a": "1"}) != digest({"a": "2"})


@pytest.mark.parametrize(
    ("since", "created", "start"),
    [
        (None, None, STARTED - 729 * DAY),
        (None, STARTED - 50 * DAY, STARTED - 50 * DAY),
        (STARTED - 9 * DAY, None, STARTED - 9 * DAY - 2 * DAY),
        (STARTED - 728 * DAY, None, STARTED - 729 * DAY),
        (STARTED - 900 * DAY, None, STARTED - 729 * DAY),
    ],
)
def test_a_report_goes_back_no_further_than_intercom_keeps_them(
    make_tap: Callable[..., TapIntercom], since: int | None, created: int | None, start: int
) -> None:
    tap = make_tap(export_lookback_days=2)
    intercom = exporting().before(tap)
    tap.run.workspace_created_at = moment(created)
    stream = report(tap)
    pages = list(stream.pages(reaching(stream, since, STARTED - 60)))
    [asked] = intercom.to(BEGIN)
    assert (asked.body["start_time"], asked.body["end_time"]) == (start, STARTED - 59)
    assert reached(pages) == [STARTED - 60]


def test_what_there_is_is_asked_once_for_all_reports() -> None:
    intercom = exporting()
    run = synced(intercom, "report_call", "report_tickets", "report_conversation")
    assert run.error is None
    assert len(intercom.to(DATASETS)) == 1
    assert run.left_out.keys() == {"report_tickets", "report_conversation"}
    assert "no dataset `tickets`" in run.left_out["report_tickets"]
    assert run.ids("report_call") == ["7", "8"]
    assert len(intercom.to(BEGIN)) == 1


@pytest.mark.parametrize("attributes", [[], None])
def test_without_attributes_nothing_is_exported(tap: TapIntercom, attributes: Any) -> None:
    intercom = exporting({**CALL, "attributes": attributes}).before(tap)
    assert rows_of(report(tap)) == []
    assert intercom.to(BEGIN) == []


def test_without_data_there_are_no_rows(tap: TapIntercom) -> None:
    intercom = exporting().before(tap).put(STATUS, {"status": "no_data"})
    stream = report(tap)
    assert reached(stream.pages(reaching(stream))) == [STARTED]
    assert intercom.to(FILE) == []


def test_a_report_that_is_empty_twice_is_empty(tap: TapIntercom) -> None:
    intercom = exporting(rows=b"").before(tap)
    assert rows_of(report(tap)) == []
    assert len(intercom.to(FILE)) == 2


def test_a_report_that_is_empty_once_is_not(tap: TapIntercom) -> None:
    intercom = exporting().before(tap).put(FILE, file(b""), file(ROWS))
    assert len(rows_of(report(tap))) == 2
    assert len(intercom.to(FILE)) == 2


def test_a_report_that_was_something_else_in_between_is_asked_for_again(tap: TapIntercom) -> None:
    page = file(b"<html>", {"Content-Type": "text/html"})
    intercom = exporting().before(tap).put(FILE, file(b""), page, file(b""), file(ROWS))
    assert len(rows_of(report(tap))) == 2
    assert len(intercom.to(FILE)) == 4


def test_a_file_with_none_of_the_columns_is_no_report(tap: TapIntercom) -> None:
    exporting(rows=b"fruit,weight\r\napple,3\r\n").before(tap)
    with pytest.raises(IntercomError, match="none of the columns that were asked for"):
        rows_of(report(tap))


def test_headings_alone_are_a_report_without_rows(tap: TapIntercom) -> None:
    exporting(rows=b"Call,Start,Name,Name\r\n").before(tap)
    assert rows_of(report(tap)) == []


def test_a_probe_asks_whether_there_is_such_a_dataset(tap: TapIntercom) -> None:
    intercom = exporting().before(tap)
    assert report(tap).probe(None).pages == CALLS_OF_AN_EXPORT
    with pytest.raises(NotAvailable):
        report(tap, "report_tickets").probe(None)
    assert list(report(tap).pages(reaching(report(tap), is_trial=True))) == []
    assert intercom.paths == [DATASETS]


# Columns

A, B, C = (Attribute(f"x.{one}", one, one.upper()) for one in "abc")


@pytest.mark.parametrize(
    ("heads", "names"),
    [
        (["anything", "at", "all"], ["x.a", "x.b", "x.c"]),
        (["A", "C"], ["x.a", "x.c"]),
        (["a", "x.c"], ["x.a", "x.c"]),
        (["C", "A"], ["x.c", "A"]),
        (["A", "new", "B", "C"], ["x.a", "new", "x.b", "x.c"]),
        ([], []),
        (["new"], ["new"]),
    ],
    ids=str,
)
def test_columns_are_named_by_place_or_else_by_heading(heads: list[str], names: list[str]) -> None:
    assert headed(heads, [A, B, C]) == names


def test_an_attribute_has_a_name_whatever_is_told_of_it() -> None:
    assert Attribute.of(ATTRIBUTES[0]) == Attribute("call.call_id", "call_id", "Call")
    assert Attribute.of({"id": "a"}) == Attribute("a", "a", "a")
    assert Attribute.of({"qualified_id": "x.a"}) == Attribute("x.a", "x.a", "x.a")
    assert Attribute.of({"id": 5, "name": 7}) == Attribute("5", "5", "7")


def test_an_attribute_is_found_by_either_name() -> None:
    assert found("b", [A, B]) == found("x.b", [A, B]) == "x.b"
    assert found("c", [A, B]) == found(None, [A, B]) == found("B", [A, B]) == ""


def test_what_has_one_plain_id_is_one() -> None:
    twin = Attribute("y.b", "b", "B")
    both = Attribute("b", "b", "B")
    assert plain([A, B, C]) == [A, B, C]
    assert [one.name for one in plain([A, B, twin])] == ["x.a", "b"]
    assert plain([B, twin]) == [both]


def test_what_is_named_in_the_schema_is_kept_as_a_time(tap: TapIntercom) -> None:
    row = report(tap).post_process({"id": "7", "time": "2026-05-01 00:00:00"})
    assert row["time"] == times.canonical("2026-05-01 00:00:00")
