"""All streams of content read one archive, each its own rows, and nothing but what was asked for.

What a file may be is shown by `test_exports.py`, in a sandbox.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from answering import answer
from intercom import (
    DAY,
    STARTED,
    Bookmarks,
    Intercom,
    file,
    moment,
    quick,
    reached,
    reaching,
    synced,
)

from tap_intercom.api.errors import IntercomError, NotAvailable
from tap_intercom.records import times
from tap_intercom.shapes import contents, exports
from tap_intercom.shapes.contents import ContentExport
from tap_intercom.shapes.exports import CALLS_OF_AN_EXPORT
from tap_intercom.shapes.reach import INTERCOM_BEGAN

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_intercom.tap import TapIntercom

BEGIN, STATUS = "/export/content/data", "/export/content/data/j"
FILE = "/download/content/data/j"
OPEN, CLICK, RECEIPT = (f"content_export_{one}" for one in ("open", "click", "receipt"))
OPENS = "receipt_id,opened_at\r\n1,2026-05-01 00:00:00\r\n2,2026-05-02 00:00:00\r\n"
CLICKS = "receipt_id,clicked_at,url\r\n1,2026-05-01 00:00:00,u\r\n"


@pytest.fixture
def make_tap(make_tap: Callable[..., TapIntercom]) -> Callable[..., TapIntercom]:  # noqa: ARG001
    return quick  # it is quick, and the one that it takes the place of keeps the signals


def archive(**members: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        for group, text in members.items():
            opened.writestr(f"{group}_20260601-120000.csv", text)
    return content.getvalue()


def exporting(**members: str) -> Intercom:
    intercom = Intercom().put(BEGIN, {"job_identifier": "j"}).put(STATUS, {"status": "complete"})
    return intercom.put(FILE, file(archive(**members)))


@pytest.fixture
def intercom(tap: TapIntercom) -> Intercom:
    return exporting(open=OPENS, click=CLICKS).before(tap)


def content(tap: TapIntercom, name: str) -> ContentExport:
    stream = tap.streams[name]
    assert isinstance(stream, ContentExport)
    return stream


def span(intercom: Intercom) -> tuple[int, int]:
    [asked] = intercom.to(BEGIN)
    return asked.body["created_at_after"], asked.body["created_at_before"]


def test_each_stream_reads_its_own_rows_of_one_archive(intercom: Intercom) -> None:
    run = synced(intercom, OPEN, CLICK, RECEIPT)
    assert run.error is None
    assert [row["receipt_id"] for row in run.rows(OPEN)] == ["1", "2"]
    assert [row["url"] for row in run.rows(CLICK)] == ["u"]
    assert run.rows(RECEIPT) == []
    assert [str(one) for one in intercom.asked[1:]] == [
        f"POST {BEGIN}",
        f"GET {STATUS}",
        f"GET {FILE}",
    ]
    # All that was sent until the run began has been handed out, to the lookback.
    assert run.state["bookmarks"].keys() == {OPEN, CLICK, RECEIPT}


def test_several_members_of_a_group_are_read_one_after_the_other(tap: TapIntercom) -> None:
    content_ = io.BytesIO()
    with zipfile.ZipFile(content_, "w") as opened:
        opened.writestr("a/open_1.csv", OPENS)
        opened.writestr("open_2.csv", "opened_at,receipt_id\r\n2026-05-03 00:00:00,3\r\n")
    exporting().put(FILE, file(content_.getvalue())).before(tap)
    rows = [
        row
        for page in content(tap, OPEN).pages(reaching(content(tap, OPEN)))
        for row in page.records
    ]
    assert [row["receipt_id"] for row in rows] == ["1", "2", "3"]


def test_an_address_of_any_length_is_part_of_the_key_by_its_digest() -> None:
    """Two links of one message may be clicked in the same second."""
    links = "u", "https://example.com/?" + "x" * 5_000, "ü"
    rows = [f"1,2026-05-01 00:00:00,{link}\r\n" for link in links]
    run = synced(exporting(click=CLICKS.splitlines(keepends=True)[0] + "".join(rows)), CLICK)
    assert run.error is None
    assert run.schemas[CLICK]["key_properties"] == ["receipt_id", "clicked_at", "url_sha256"]
    assert [row["url"] for row in run.rows(CLICK)] == [*links]
    expected = [hashlib.sha256(link.encode()).hexdigest() for link in links]
    assert [row["url_sha256"] for row in run.rows(CLICK)] == expected


def test_a_click_without_an_address_has_a_key(caplog: pytest.LogCaptureFixture) -> None:
    run = synced(exporting(click=CLICKS.replace(",u\r", ",\r")), CLICK)
    [row] = run.rows(CLICK)
    assert row["url"] is None
    assert row["url_sha256"].startswith("keyless-")
    assert "The export has no" not in caplog.text


def test_an_export_without_addresses_is_told(
    tap: TapIntercom, caplog: pytest.LogCaptureFixture
) -> None:
    exporting(click="receipt_id,clicked_at\r\n1,2026-05-01 00:00:00\r\n").before(tap)
    list(content(tap, CLICK).pages(reaching(content(tap, CLICK))))
    assert "The export has no url, so" in caplog.text


# From when to when


@pytest.mark.parametrize(
    ("bookmark", "start", "end", "expected"),
    [
        (None, None, None, (INTERCOM_BEGAN, STARTED)),
        (STARTED - 9 * DAY, None, None, (STARTED - 9 * DAY - 3 * DAY, STARTED)),
        (STARTED - 9 * DAY, STARTED - 11 * DAY, None, (STARTED - 11 * DAY, STARTED)),
        (STARTED - 9 * DAY, STARTED - 13 * DAY, None, (STARTED - 12 * DAY, STARTED)),
        (None, STARTED - 9 * DAY, None, (STARTED - 9 * DAY, STARTED)),
        (None, None, STARTED - DAY, (INTERCOM_BEGAN, STARTED - DAY)),
        (STARTED - DAY, None, STARTED - 4 * DAY, (STARTED - 4 * DAY, STARTED - 4 * DAY)),
    ],
)
def test_an_export_goes_back_before_the_bookmark_but_not_before_the_start(
    make_tap: Callable[..., TapIntercom],
    bookmark: int | None,
    start: int | None,
    end: int | None,
    expected: tuple[Any, int],
) -> None:
    tap = make_tap(
        export_lookback_days=3,
        start_date=start and times.canonical(start),
        end_date=end and times.canonical(end),
    )
    if bookmark is not None:
        tap.load_state(Bookmarks({OPEN: bookmark}).state)
    intercom = exporting(open=OPENS).before(tap)
    stream = content(tap, OPEN)
    # A stream alone: what others have not read is not asked for.
    for one in stream.siblings:
        one.selected = one is stream  # type: ignore[misc]
    pages = list(stream.pages(stream.reach()))
    began, until = expected
    assert span(intercom) == (began if isinstance(began, int) else times.epoch(began), until)
    assert reached(pages)[-1] == until


def test_a_first_export_begins_with_the_workspace(tap: TapIntercom, intercom: Intercom) -> None:
    tap.run.workspace_created_at = moment(STARTED - 50 * DAY)
    list(content(tap, OPEN).pages(reaching(content(tap, OPEN))))
    assert span(intercom)[0] == STARTED - 50 * DAY


def test_a_span_that_is_over_before_it_begins_is_not_exported(
    make_tap: Callable[..., TapIntercom],
) -> None:
    tap = make_tap(export_lookback_days=0)
    intercom = exporting().before(tap)
    stream = content(tap, OPEN)
    assert list(stream.pages(reaching(stream, STARTED - DAY, STARTED - DAY - 1))) == []
    assert intercom.asked == []
    list(stream.pages(reaching(stream, STARTED - DAY, STARTED - DAY)))
    assert len(intercom.to(BEGIN)) == 1


def test_the_earliest_stream_that_is_selected_says_from_when_on(intercom: Intercom) -> None:
    bookmarks = {OPEN: STARTED - DAY, CLICK: STARTED - 9 * DAY, RECEIPT: STARTED - 90 * DAY}
    synced(intercom, OPEN, CLICK, bookmarks=bookmarks, export_lookback_days=1)
    assert span(intercom) == (STARTED - 10 * DAY, STARTED)


def test_a_trial_and_a_probe_have_nothing_exported(tap: TapIntercom, intercom: Intercom) -> None:
    stream = content(tap, OPEN)
    assert list(stream.pages(reaching(stream, is_trial=True))) == []
    assert [str(one) for one in intercom.asked] == ["GET /export/content/data/none"]
    glimpses = {one.name: one.probe(None) for one in stream.siblings}
    first = min(glimpses)
    assert [one.pages for name, one in glimpses.items() if name == first] == [CALLS_OF_AN_EXPORT]
    assert {one.pages for name, one in glimpses.items() if name != first} == {0}
    assert {one.advice for one in glimpses.values()} == {"one export for all"}
    intercom.put("/export/content/data/none", answer(403, {}))
    with pytest.raises(NotAvailable):
        stream.probe(None)


# What is in the archive


def test_without_data_there_is_nothing_and_it_is_known(
    tap: TapIntercom, intercom: Intercom
) -> None:
    intercom.put(STATUS, {"status": "no_data"})
    for name in (OPEN, CLICK):
        pages = list(content(tap, name).pages(reaching(content(tap, name))))
        assert [(page.records, page.up_to) for page in pages] == [([], moment(STARTED))]
    assert len(intercom.to(BEGIN)) == 1


def test_pages_are_small_and_the_last_says_how_far_they_reach(
    tap: TapIntercom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ROWS_A_PAGE", 2)
    rows = "".join(f"{one},2026-05-01 00:00:00\r\n" for one in range(5))
    exporting(open=f"receipt_id,opened_at\r\n{rows}").before(tap)
    found = list(content(tap, OPEN).pages(reaching(content(tap, OPEN))))
    assert [len(page.records) for page in found] == [2, 2, 1]
    assert reached(found) == [None, None, STARTED]


def test_pages_of_long_rows_are_smaller(tap: TapIntercom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "CHARACTERS_A_PAGE", 8)
    exporting(open="receipt_id,opened_at\r\n1,abc\r\n2,abc\r\n3,abc\r\n4,abcdefgh\r\n").before(tap)
    found = list(content(tap, OPEN).pages(reaching(content(tap, OPEN))))
    assert [len(page.records) for page in found] == [3, 1, 0]


def test_a_column_that_nobody_knows_is_kept_where_there_is_something_in_it(
    tap: TapIntercom,
) -> None:
    exporting(open="receipt_id,opened_at,new\r\n1,,x\r\n2,,\r\n").before(tap)
    [page] = content(tap, OPEN).pages(reaching(content(tap, OPEN)))
    assert page.records == [
        {"receipt_id": "1", "opened_at": None, "new": "x"},
        {"receipt_id": "2", "opened_at": None},
    ]


def test_what_is_missing_or_new_is_said(tap: TapIntercom, caplog: pytest.LogCaptureFixture) -> None:
    exporting(open="receipt_id,when\r\n1,2\r\n", brand_new="a\r\n", other="b\r\n").before(tap)
    list(content(tap, OPEN).pages(reaching(content(tap, OPEN))))
    assert "The export has no opened_at, so" in caplog.text
    assert "its columns: receipt_id, when." in caplog.text
    assert "there is no stream: brand_new, other." in caplog.text


def test_what_is_as_it_should_be_is_not_spoken_of(
    tap: TapIntercom, intercom: Intercom, caplog: pytest.LogCaptureFixture
) -> None:
    list(content(tap, OPEN).pages(reaching(content(tap, OPEN))))
    assert intercom.asked
    assert "The export has" not in caplog.text
    assert "at most" not in caplog.text


def test_an_empty_member_has_no_rows(tap: TapIntercom) -> None:
    exporting(open="").before(tap)
    [page] = content(tap, OPEN).pages(reaching(content(tap, OPEN)))
    assert page.records == []


@pytest.mark.parametrize(("most", "warned"), [(2, True), (3, False)])
def test_as_many_rows_as_intercom_exports_at_most_may_not_be_all(
    tap: TapIntercom,
    intercom: Intercom,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    most: int,
    *,
    warned: bool,
) -> None:
    monkeypatch.setattr(contents, "MOST_ROWS", most)
    list(content(tap, OPEN).pages(reaching(content(tap, OPEN))))
    assert intercom.to(FILE)
    assert (f"Intercom exports at most {most} rows" in caplog.text) is warned


def test_an_archive_that_is_not_whole_is_downloaded_again(
    tap: TapIntercom, intercom: Intercom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    whole = archive(open=OPENS)
    intercom.put(FILE, file(whole[:-30]), file(b"receipt_id\r\n"), file(b""), file(whole))
    [page] = content(tap, OPEN).pages(reaching(content(tap, OPEN)))
    assert len(page.records) == 2
    assert len(intercom.to(FILE)) == 4
    assert len(intercom.to(BEGIN)) == 1


def test_a_member_that_is_damaged_ends_the_run_with_a_sentence(tap: TapIntercom) -> None:
    damaged = bytearray(archive(open=OPENS))
    damaged[45] ^= 0xFF
    exporting().put(FILE, file(bytes(damaged))).before(tap)
    with pytest.raises(IntercomError, match="The file that Intercom exported is damaged"):
        list(content(tap, OPEN).pages(reaching(content(tap, OPEN))))
