"""Pages become records, bookmarks that are true, and an end that is told at the end.

The fuzzed search shows that no bookmark passes over what was not handed out; here is when it moves.
"""

from __future__ import annotations

import copy
import logging
import time
from typing import TYPE_CHECKING, Any

import pytest
from answering import answer
from intercom import DAY, STARTED, Bookmarks, Intercom, paged, quick, reaching, synced, waited_for
from runs import catalog_of

from tap_intercom.api.bodies import Garbled
from tap_intercom.api.errors import IntercomError, TokenRefused
from tap_intercom.api.paginators import RepeatedPage, Request
from tap_intercom.api.retries import BRIEF, PATIENT
from tap_intercom.audit import BEGUN, ENDED, NOT_BEGUN
from tap_intercom.records import times
from tap_intercom.shapes.lists import List
from tap_intercom.shapes.shape import Page
from tap_intercom.streams.conversations import Conversations
from tap_intercom.streams.people import Companies, Contacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_intercom.shapes.reach import Reach
    from tap_intercom.shapes.shape import Shape
    from tap_intercom.tap import TapIntercom

LOOKBACK = 600


@pytest.fixture
def make_tap(make_tap: Callable[..., TapIntercom]) -> Callable[..., TapIntercom]:  # noqa: ARG001
    return quick  # it is quick, and the one that it takes the place of keeps the signals


@pytest.fixture
def intercom(tap: TapIntercom) -> Intercom:
    return Intercom().before(tap)


def bookmark(stream: Shape) -> str | None:
    value: str | None = stream.stream_state.get("replication_key_value")
    return value


def at(second: int) -> str:
    return times.canonical(second)


# Pages that are made here, of a stream that has a bookmark


class Made(List):
    """Calls that come in pages as a test wants them."""

    name = "calls"
    path = "/calls"
    component = "call"
    replication_key = "updated_at"
    made: list[Any]

    def pages(self, reach: Reach) -> Iterator[Page]:  # noqa: ARG002
        for one in self.made:
            if isinstance(one, Exception):
                raise one
            up_to = None if one is None else times.parse(one)
            yield Page([{"id": str(one)}], up_to)


def made(tap: TapIntercom, *pages: Any) -> Made:
    stream = Made(tap, tap.run)
    stream.made = list(pages)
    return stream


@pytest.mark.parametrize(
    ("pages", "moved"),
    [
        ([], None),
        ([None, None], None),
        ([STARTED - 9000, None], STARTED - 9000),
        ([STARTED - 9000, STARTED - 8000, None], STARTED - 8000),
        ([STARTED - 8000, STARTED - 9000], STARTED - 8000),
        ([STARTED - LOOKBACK], STARTED - LOOKBACK),
        ([STARTED - LOOKBACK + 1], STARTED - LOOKBACK),
        ([STARTED + DAY], STARTED - LOOKBACK),
    ],
    ids=str,
)
@pytest.mark.usefixtures("intercom")
def test_a_bookmark_goes_as_far_as_pages_say_and_things_are_settled(
    tap: TapIntercom, pages: list[Any], moved: int | None
) -> None:
    stream = made(tap, *pages)
    assert len(list(stream.get_records())) == len(pages)
    assert bookmark(stream) == (None if moved is None else at(moved))
    assert stream.account.records == len(pages)


@pytest.mark.usefixtures("intercom")
def test_a_bookmark_moves_after_the_last_record_of_its_page(tap: TapIntercom) -> None:
    stream = made(tap, STARTED - 9000, STARTED - 8000, None)
    records = stream.get_records()
    seen = []
    for _ in range(3):
        next(records)
        seen.append(bookmark(stream))
    assert seen == [None, at(STARTED - 9000), at(STARTED - 8000)]
    assert stream.account.records == 2  # those that have been handed out, with their page


def test_an_end_that_is_wanted_is_as_far_as_a_bookmark_goes(
    make_tap: Callable[..., TapIntercom],
) -> None:
    tap = make_tap(end_date=at(STARTED - 5 * DAY))
    Intercom().before(tap)
    stream = made(tap, STARTED - DAY)
    list(stream.get_records())
    assert bookmark(stream) == at(STARTED - 5 * DAY)


@pytest.mark.usefixtures("intercom")
def test_a_bookmark_never_goes_back(tap: TapIntercom) -> None:
    tap.load_state(Bookmarks({"calls": STARTED - DAY}).state)
    stream = made(tap, STARTED - 2 * DAY)
    list(stream.get_records())
    assert bookmark(stream) == at(STARTED - DAY)


@pytest.mark.usefixtures("intercom")
def test_what_the_catalog_has_read_whole_keeps_its_bookmark(tap: TapIntercom) -> None:
    stream = made(tap, STARTED - 9000)
    stream.forced_replication_method = "FULL_TABLE"
    list(stream.get_records())
    assert bookmark(stream) is None


@pytest.mark.usefixtures("intercom")
def test_what_fails_keeps_the_bookmark_of_what_was_handed_out(tap: TapIntercom) -> None:
    stream = made(tap, STARTED - 9000, ValueError("oh"))
    records = stream.get_records()
    assert next(records)
    with pytest.raises(ValueError, match="oh"):
        next(records)
    assert bookmark(stream) == at(STARTED - 9000)
    assert stream.account.progress == BEGUN


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RepeatedPage(), "round in circles"),
        (RecursionError(), "nested too deeply"),
        (Garbled("It is no list."), "It is no list."),
        (IntercomError("tags", "Oh.", why="so"), "Oh."),
    ],
    ids=repr,
)
@pytest.mark.usefixtures("intercom")
def test_what_cannot_be_read_on_ends_with_a_sentence(
    tap: TapIntercom, error: Exception, text: str
) -> None:
    stream = made(tap, STARTED - 9000, error)
    assert list(stream.get_records())
    assert text in str(stream.account.failed)
    assert stream.account.progress == BEGUN
    assert stream.account.left_out is None


@pytest.mark.usefixtures("intercom")
def test_a_stream_that_was_read_has_ended(tap: TapIntercom) -> None:
    stream = made(tap, None)
    assert stream.account.progress == NOT_BEGUN
    records = stream.get_records()
    next(records)
    assert stream.account.progress == BEGUN
    assert list(records) == []
    assert stream.account.progress == ENDED
    assert stream.account.incomplete == []


def test_what_was_read_of_fewer_rows_than_there_are_is_told(
    tap: TapIntercom, intercom: Intercom, caplog: pytest.LogCaptureFixture
) -> None:
    intercom.put("/calls", {"data": [{"id": "1"}], "total_count": 3})
    assert len(list(tap.streams["calls"].get_records())) == 1
    assert "Intercom counts 3 calls, and gave 1." in caplog.text


def test_what_is_capped_or_short_is_told_of_parents(
    tap: TapIntercom, intercom: Intercom, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    parts = {"ticket_parts": {"ticket_parts": [{"id": "p"}] * 500, "total_count": 501}}
    short = {"ticket_parts": {"ticket_parts": [{"id": "p"}], "total_count": 2}}
    there = [{"id": "9", "updated_at": 5, **parts}, {"id": "8", "updated_at": 6, **short}]
    intercom.put("/tickets/search", {"tickets": there})
    assert len(list(tap.streams["ticket_parts"].get_records())) == 501
    assert "only the newest 500 rows of these tickets: 9" in caplog.text
    assert "more rows than it gave of these tickets: 8 (1 of 2)" in caplog.text
    assert "Skipped" not in caplog.text


# What is not read


def test_what_the_version_does_not_have_is_left_out_and_not_asked(
    make_tap: Callable[..., TapIntercom],
) -> None:
    tap = make_tap(api_version="2.13")
    intercom = Intercom().before(tap)
    calls = tap.streams["calls"]
    assert not calls.is_available
    assert list(calls.get_records()) == []
    assert calls.account.left_out == "needs api_version 2.14 or newer."
    assert calls.account.progress == NOT_BEGUN
    assert intercom.asked == []
    assert make_tap(api_version="2.14").streams["calls"].is_available
    assert make_tap(api_version="Preview").streams["calls"].is_available


def test_what_is_not_permitted_is_left_out_once_the_token_is_known_to_be_good(
    tap: TapIntercom, intercom: Intercom
) -> None:
    intercom.put("/tags", answer(403, {"errors": [{"code": "forbidden"}]}))
    tags = tap.streams["tags"]
    assert list(tags.get_records()) == []
    assert tags.account.left_out is not None
    assert "Tick read_tags" in tags.account.left_out
    assert tags.account.incomplete == ["left out"]
    assert intercom.paths == ["/tags", "/me"]


def test_a_token_that_is_no_longer_good_ends_the_run(tap: TapIntercom, intercom: Intercom) -> None:
    intercom.put("/tags", answer(401)).put("/me", answer(401))
    tags = tap.streams["tags"]
    with pytest.raises(TokenRefused):
        list(tags.get_records())
    assert tags.account.left_out is None
    assert tags.account.progress == BEGUN


def test_what_is_not_there_is_left_out_without_a_look_at_the_token(
    tap: TapIntercom, intercom: Intercom
) -> None:
    intercom.put("/tags", answer(404, {}))
    tags = tap.streams["tags"]
    assert list(tags.get_records()) == []
    assert tags.account.left_out is not None
    assert intercom.paths == ["/tags"]


@pytest.mark.parametrize("name", ["calls", "contacts", "content_export_open", "contact_events"])
def test_of_what_is_yet_to_come_nothing_is_read(
    tap: TapIntercom, intercom: Intercom, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    tap.load_state(Bookmarks({name: STARTED + 1}).state)
    stream = tap.streams[name]
    assert list(stream.get_records()) == []
    assert stream.account.progress == ENDED
    assert stream.account.incomplete == []
    assert bookmark(stream) == at(STARTED + 1)
    assert intercom.asked == []
    assert "yet to come" in caplog.text


def test_what_has_no_bookmark_is_read_though_the_start_is_yet_to_come(
    make_tap: Callable[..., TapIntercom],
) -> None:
    tap = make_tap(start_date=at(STARTED + DAY))
    Intercom().before(tap).put("/tags", {"data": [{"id": "1"}]})
    assert len(list(tap.streams["tags"].get_records())) == 1


# What a target is told


def whole_tables(*streams: str) -> dict[str, Any]:
    """A catalog that has streams read whole."""
    catalog = copy.deepcopy(catalog_of(*streams))
    for entry in catalog["streams"]:
        entry["replication_method"] = "FULL_TABLE"
        for one in entry["metadata"]:
            if not one["breadcrumb"]:
                one["metadata"]["forced-replication-method"] = "FULL_TABLE"
    return catalog


def test_the_end_of_a_table_is_told_after_its_last_record() -> None:
    rows = [[{"id": "1"}], [{"id": "2"}]]
    intercom = Intercom().put("/tags", paged("data", *rows))
    run = synced(intercom, "tags", emit_activate_version_messages=True)
    assert run.error is None
    kinds = [one["type"] for one in run.messages if one["type"] != "STATE"]
    assert kinds == ["SCHEMA", "RECORD", "RECORD", "ACTIVATE_VERSION"]


@pytest.mark.parametrize("failure", [answer(403, {}), answer(404, {}), answer(422)], ids=repr)
def test_the_end_of_a_table_that_was_not_read_is_not_told(failure: Any) -> None:
    first = {"data": [{"id": "1"}], "pages": {"next": {"starting_after": "b"}}}
    run = synced(
        Intercom().put("/tags", first, failure), "tags", emit_activate_version_messages=True
    )
    assert [one["type"] for one in run.messages].count("RECORD") == 1
    assert "ACTIVATE_VERSION" not in {one["type"] for one in run.messages}
    assert bool(run.error) != bool(run.left_out)


def test_the_end_of_what_is_incremental_is_not_told() -> None:
    intercom = Intercom().put("/calls", {"data": [{"id": "1", "updated_at": STARTED - DAY}]})
    run = synced(intercom, "calls", emit_activate_version_messages=True)
    assert "ACTIVATE_VERSION" not in {one["type"] for one in run.messages}
    assert run.state["bookmarks"]["calls"] == {
        "replication_key": "updated_at",
        "replication_key_value": at(STARTED - DAY),
    }
    catalog = whole_tables("calls")
    run = synced(intercom, "calls", catalog=catalog, emit_activate_version_messages=True)
    assert "ACTIVATE_VERSION" in {one["type"] for one in run.messages}
    assert "calls" not in run.state.get("bookmarks", {}) or not run.bookmarks("calls")[-1]


def test_no_state_is_ahead_of_the_records_before_it() -> None:
    pages = [[{"id": str(one), "updated_at": STARTED - one * DAY}] for one in range(9, 2, -1)]
    intercom = Intercom().put("/tickets/search", paged("tickets", *pages))
    run = synced(intercom, "tickets")
    reached, written = "", set()
    for message in run.messages:
        if message["type"] == "RECORD":
            written.add(message["record"]["updated_at"])
        if message["type"] == "STATE":
            bookmarks = message["value"].get("bookmarks", {})
            reached = bookmarks.get("tickets", {}).get("replication_key_value", "")
            there = {at(one["updated_at"]) for page in pages for one in page}
            assert {one for one in there if one <= reached} <= written
    assert reached == at(STARTED - 3 * DAY)


# What follows from a class, and requests


def test_a_brief_stream_is_the_same_with_less_patience(tap: TapIntercom) -> None:
    tags = tap.streams["tags"]
    brief = tags.but(patience=BRIEF)
    assert (tags.rules.patience, brief.rules.patience) == (PATIENT, BRIEF)
    assert brief.account is tags.account
    assert (brief.rules.stream, brief.rules.permission) == ("tags", "read_tags")
    assert brief.rules.verdicts is tags.verdicts


def test_a_query_has_what_the_version_knows(make_tap: Callable[..., TapIntercom]) -> None:
    newer = {"include_monitors": "true", "include_scorecards": "true"}
    assert make_tap(api_version="2.15").streams["conversations"].query == {}
    assert make_tap(api_version="2.16").streams["conversations"].query == newer
    assert make_tap(api_version="Preview").streams["conversations"].query == newer
    tags = make_tap().streams["data_connectors"]
    assert tags.query == {"per_page": 50}
    tags.query["x"] = 1
    assert tags.query == {"per_page": 50}


@pytest.mark.parametrize(
    ("body", "records", "pages"),
    [
        ({"data": [{}] * 2}, 2, 1),
        ({"data": [{}] * 2, "total_count": 7}, 7, 1),
        ({"data": [{}] * 2, "total_count": 7, "pages": {"next": "/x?page=2"}}, 7, 4),
        ({"data": [{}] * 2, "total_count": 8, "pages": {"next": "/x?page=2"}}, 8, 4),
        ({"data": [{}] * 2, "pages": {"next": "/x?page=2"}}, None, None),
        ({"data": [{}] * 2, "total_count": "7", "pages": {"next": "/x?page=2"}}, 7, 4),
        ({"data": [], "total_count": 7, "pages": {"next": "/x?page=2"}}, 7, None),
        ({"data": [], "total_count": 0}, 0, 1),
        ({"data": []}, 0, 1),
    ],
    ids=str,
)
def test_a_first_page_tells_how_many_there_are(
    tap: TapIntercom, intercom: Intercom, body: Any, records: Any, pages: Any
) -> None:
    intercom.put("/tags", body)
    glimpse = tap.streams["tags"].first_page(Request("/tags"))
    assert (glimpse.records, glimpse.pages, glimpse.details) == (records, pages, 0)
    assert glimpse.sample == body["data"]


@pytest.mark.parametrize(("name", "calls"), [("tickets", 2), ("calls", 3)])
def test_a_search_goes_on_from_what_was_asked_long_ago_and_a_list_does_not(
    tap: TapIntercom,
    intercom: Intercom,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    calls: int,
) -> None:
    path = "/tickets/search" if name == "tickets" else f"/{name}"
    rows = [[{"id": one, "updated_at": STARTED - DAY}] for one in "12"]
    intercom.put(path, paged("data" if name == "calls" else name, *rows))
    stream = tap.streams[name]
    opening, rules = stream.opens(stream.reach())
    assert opening is not None
    tap.run.open([(opening, rules)])
    assert waited_for(tap.run._openings[opening.key].done)  # noqa: SLF001
    later = time.monotonic() + 99
    monkeypatch.setattr("time.monotonic", lambda: later)
    assert [one["id"] for one in stream.get_records()] == ["1", "2"]
    assert len(intercom.asked) == calls


def test_of_a_page_that_was_not_asked_for_nothing_was_received() -> None:
    assert Page([]) == Page([], None, 0)


# Types that are asked for


def typed(tap: TapIntercom, definitions: Any) -> tuple[dict[str, Any], Intercom]:
    """Declare streams anew, with definitions that Intercom gives."""
    intercom = Intercom().before(tap).put("/data_attributes", definitions)
    intercom.put("/conversations/attributes", definitions)
    tap._config = {**tap.config, "custom_attributes": "typed"}  # noqa: SLF001
    declared = {}
    for kind in (Contacts, Conversations, Companies, Contacts):
        properties = kind(tap, tap.run).schema["properties"]
        declared[kind.name] = properties["custom_attributes"].get("properties")
    return declared, intercom


def test_attributes_are_typed_by_their_definitions_asked_for_once(tap: TapIntercom) -> None:
    rows = [{"name": "age", "custom": True, "data_type": "integer", "full_name": "x.age"}]
    declared, intercom = typed(tap, paged("data", rows, [{**rows[0], "name": "size"}]))
    assert [one.keys() for one in declared.values()] == [{"age", "size"}] * 3
    asked = [one.query["model"] for one in intercom.to("/data_attributes")]
    assert asked == ["contact", "contact", "conversation", "company", "company"]
    assert len(intercom.to("/conversations/attributes")) == 2


def test_without_the_permission_attributes_stay_untyped(
    tap: TapIntercom, caplog: pytest.LogCaptureFixture
) -> None:
    declared, _ = typed(tap, answer(403, {}))
    assert not declared["contacts"]
    assert "stay untyped" in caplog.text


def test_where_definitions_cannot_be_had_nothing_is_declared(
    tap: TapIntercom, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    with pytest.raises(IntercomError):
        typed(tap, answer(500))
    assert len(slept) == BRIEF.tries - 1


def test_plain_attributes_are_not_asked_for(make_tap: Callable[..., TapIntercom]) -> None:
    tap = make_tap()
    intercom = Intercom().before(tap)
    assert tap.streams["contacts"].schema["properties"]["custom_attributes"]
    assert intercom.asked == []


@pytest.mark.usefixtures("intercom")
def test_a_trial_is_known_to_the_reach(tap: TapIntercom) -> None:
    tags = tap.streams["calls"]
    tags.ABORT_AT_RECORD_COUNT = 1
    assert tags.reach().is_trial
    assert not reaching(tap.streams["tags"]).is_trial
