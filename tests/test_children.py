"""Rows come of every parent that is meant, in its order, and no call is made in vain.

Of what has no bookmark every parent is meant, whatever `start_date` and `end_date` say.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from answering import answer
from intercom import (
    DAY,
    STARTED,
    Asked,
    Intercom,
    at_path,
    ids_of,
    moment,
    paged,
    quick,
    reached,
    reaching,
    records_of,
    scrolled,
)

from tap_intercom.api.retries import BRIEF
from tap_intercom.records import times
from tap_intercom.shapes.children import Children, Explode
from tap_intercom.shapes.fan_out import Batches, FanOut
from tap_intercom.shapes.feed import Feed
from tap_intercom.shapes.lists import List
from tap_intercom.shapes.losses import Portion
from tap_intercom.shapes.reach import INTERCOM_BEGAN
from tap_intercom.shapes.search import Search
from tap_intercom.streams import STREAMS
from tap_intercom.streams.people import Companies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tap_intercom.shapes.shape import Page
    from tap_intercom.tap import TapIntercom

CONTACTS, CONVERSATIONS, TICKETS = (
    f"/{name}/search" for name in ("contacts", "conversations", "tickets")
)


@pytest.fixture
def make_tap(make_tap: Callable[..., TapIntercom]) -> Callable[..., TapIntercom]:  # noqa: ARG001
    return quick  # it is quick, and the one that it takes the place of keeps the signals


@pytest.fixture
def intercom(tap: TapIntercom) -> Intercom:
    return Intercom().before(tap)


def ago(*days: float, **more: Any) -> list[dict[str, Any]]:
    """Parents that changed so many days before the run; their ids say it, too."""
    return [{"id": str(one), "updated_at": int(STARTED - one * DAY), **more} for one in days]


def pairs(pages: Iterable[Page], parent: str = "contact") -> list[tuple[Any, Any]]:
    """The parents and ids of rows."""
    return [(row[f"{parent}_id"], row["id"]) for row in records_of(pages)]


# All parents, of what has no bookmark

WHOLE = [one for one in STREAMS if issubclass(one, Children) and not one.replication_key]


def parents_of(kind: type[Children]) -> list[dict[str, Any]]:
    """Parents before, within and after the dates that are set, and without a time."""
    inside = at_path(kind.records.split("|")[0], [{"id": "row"}])
    more = {"conversation_id": "conversation", "has_unpublished_changes": True}
    if issubclass(kind, Explode):
        more |= inside
    parents = ago(900, 31, 5, 0, -1, **more)
    parents = [{**one, "created_at": one["updated_at"]} for one in parents]
    return [*parents, {"id": "undated", **more}]


def answered_to(kind: type[Children], parents: list[Any]) -> Intercom:
    """An Intercom that has parents, and a row of each."""
    of: Any = kind.of.ways["scroll"] if issubclass(kind.of, Companies) else kind.of
    listed = scrolled(parents) if of.path.endswith("scroll") else paged(of.records, parents)
    intercom = Intercom().put(of.path, listed)
    if issubclass(kind, Batches):
        rows = [{"id": one["id"], "conversation_id": "conversation"} for one in parents]
        return intercom.put(kind.path, {kind.records: rows})
    for one in parents:
        rows = at_path(kind.records.split("|")[0], [{"id": "row"}])
        if "{id}" in kind.path:
            intercom.put(kind.path.format(id=one["id"]), rows)
        elif issubclass(kind, FanOut):
            intercom.put(kind.path, rows)
    return intercom


@pytest.mark.parametrize("kind", WHOLE, ids=lambda kind: kind.name)
def test_start_and_end_date_leave_out_no_parent_of_what_has_no_bookmark(
    make_tap: Callable[..., TapIntercom], kind: type[Children]
) -> None:
    tap = make_tap(start_date=times.canonical(STARTED - 10 * DAY), end_date="2026-05-30")
    parents = parents_of(kind)
    answered_to(kind, parents).before(tap)
    stream = tap.streams[kind.name]
    found = [row[f"{kind.of.noun}_id"] for row in stream.get_records()]
    assert sorted(found) == sorted(one["id"] for one in parents)
    assert stream.account.incomplete == []
    assert not stream.stream_state


def test_there_are_children_of_every_kind_without_a_bookmark() -> None:
    of = {kind.__mro__[1] for kind in WHOLE} | {kind.of.__mro__[1] for kind in WHOLE}
    assert of >= {Explode, FanOut, Batches, List, Search}


@pytest.mark.parametrize("name", ["contact_merge_history", "contact_tags"])
def test_children_of_a_search_come_of_parents_that_changed_within_the_dates(
    make_tap: Callable[..., TapIntercom], name: str
) -> None:
    tap = make_tap(start_date=times.canonical(STARTED - 10 * DAY), end_date="2026-05-30")
    tags = {"data": [{"id": "t"}], "total_count": 1, "has_more": False}
    parents = ago(900, 9, 5, 0, -1, merge_history=[{"source_contact_id": "x"}], tags=tags)
    Intercom().before(tap).put(CONTACTS, paged("data", parents))
    stream = tap.streams[name]
    assert [row["contact_id"] for row in stream.get_records()] == ["9", "5"]
    assert stream.stream_state["replication_key"] == "contact_updated_at"
    assert stream.stream_state["replication_key_value"] == times.canonical(STARTED - 5 * DAY)


# Rows that lie inside


def test_rows_carry_their_parent_and_when_it_changed(tap: TapIntercom, intercom: Intercom) -> None:
    tags = {"tags": {"tags": [{"id": "a", "conversation_id": "other"}, {"id": "b"}]}}
    there = [*ago(5, **tags), *ago(4), *ago(3, **tags)]
    intercom.put(CONVERSATIONS, paged("conversations", there[:2], there[2:]))
    stream = tap.streams["conversation_tags"]
    found = list(stream.pages(reaching(stream)))
    assert [len(page.records) for page in found] == [2, 2, 0]
    assert reached(found) == [STARTED - 4 * DAY, STARTED - 3 * DAY, STARTED - 3 * DAY]
    assert found[0].records[0] == {
        "id": "a",
        "tag_id": "a",
        "conversation_id": "5",
        "conversation_updated_at": STARTED - 5 * DAY,
    }
    assert len(intercom.asked) == 2


@pytest.mark.parametrize("inside", [None, {}, {"tags": None}, {"tags": {"id": "x"}}, "x", [1]])
def test_where_no_list_is_there_is_nothing_inside(
    tap: TapIntercom, intercom: Intercom, inside: Any
) -> None:
    intercom.put(CONVERSATIONS, {"conversations": ago(5, tags=inside)})
    stream = tap.streams["conversation_tags"]
    assert records_of(stream.pages(reaching(stream))) == []


@pytest.mark.parametrize("place", ["data", "ticket_type_attributes"])
def test_rows_may_lie_in_one_of_two_places(
    tap: TapIntercom, intercom: Intercom, place: str
) -> None:
    inside = {place: [{"id": "1"}], "total_count": 3}
    intercom.put("/ticket_types", {"data": ago(5, ticket_type_attributes=inside)})
    stream = tap.streams["ticket_type_attributes"]
    assert pairs(stream.pages(stream.reach()), "ticket_type") == [("5", "1")]
    assert stream.account.short == {"5": (1, 3)}


@pytest.mark.parametrize("place", ["admins", "teammates"])
def test_teammates_may_be_called_otherwise(
    tap: TapIntercom, intercom: Intercom, place: str
) -> None:
    intercom.put(CONVERSATIONS, {"conversations": ago(5, teammates={place: [{"id": "1"}]})})
    stream = tap.streams["conversation_teammates"]
    assert pairs(stream.pages(reaching(stream)), "conversation") == [("5", "1")]


@pytest.mark.parametrize(
    ("count", "said", "capped", "short"),
    [
        (499, 500, [], {"5": (499, 500)}),
        (499, 499, [], {}),
        (500, 500, ["5"], {}),
        (500, 999, ["5"], {}),
        (501, None, ["5"], {}),
        (0, 1, [], {"5": (0, 1)}),
        (0, None, [], {}),
    ],
)
def test_rows_inside_are_compared_with_the_count_beside_them(
    tap: TapIntercom, intercom: Intercom, count: int, said: Any, capped: Any, short: Any
) -> None:
    inside = {"ticket_parts": [{"id": "p"}] * count, "total_count": said}
    intercom.put(TICKETS, {"tickets": ago(5, ticket_parts=inside)})
    stream = tap.streams["ticket_parts"]
    assert len(records_of(stream.pages(reaching(stream)))) == count
    assert ([*stream.account.capped], stream.account.short) == (capped, short)


def test_rows_that_should_lie_inside_and_do_not_are_missing(
    tap: TapIntercom, intercom: Intercom
) -> None:
    intercom.put(TICKETS, {"tickets": ago(5, ticket_parts={"total_count": 2})})
    stream = tap.streams["ticket_parts"]
    assert records_of(stream.pages(reaching(stream))) == []
    assert stream.account.short == {"5": (0, 2)}


def test_a_parent_is_read_on_its_childs_account(tap: TapIntercom, intercom: Intercom) -> None:
    intercom.put(TICKETS, {"tickets": ago(5), "total_count": 2})
    parts = tap.streams["ticket_parts"]
    records_of(parts.pages(reaching(parts)))
    assert (parts.account.calls, tap.run.audit.account("tickets").calls) == (1, 0)
    request, rules = parts.opens(reaching(parts))
    assert request == tap.streams["tickets"].opens(reaching(parts))[0]
    assert rules.account is parts.account
    assert parts.parent.but(patience=BRIEF).patience != tap.run.patience


# Rows that cost a call each


def rows_of(stream: FanOut, parent: dict[str, Any]) -> list[Any]:
    """The rows of one parent, without what names it."""
    rows = stream.expand(Portion([parent]), stream.reach()).records
    return [{name: row[name] for name in row.keys() - stream.links(parent)} for row in rows]


def test_rows_of_each_parent_come_in_the_order_of_parents(
    tap: TapIntercom, intercom: Intercom
) -> None:
    intercom.put(CONTACTS, paged("data", ago(9, 8), ago(7), []))
    slow = threading.Event()

    def first(_: Asked) -> Any:
        assert slow.wait(5)
        return {"data": [{"id": "a"}]}

    def last(_: Asked) -> Any:
        slow.set()
        return paged("data", [{"id": "c"}], [{"id": "d"}])(_)

    intercom.put("/contacts/9/notes", first)
    intercom.put("/contacts/8/notes", {"data": []})
    intercom.put("/contacts/7/notes", last, {"data": [{"id": "d"}]})
    stream = tap.streams["contact_notes"]
    found = list(stream.pages(reaching(stream)))
    assert pairs(found) == [("9", "a"), ("7", "c"), ("7", "d")]
    # After the last parent of a page all is handed out that the page reached; not before.
    days = [one and (STARTED - one) // DAY for one in reached(found)]
    assert days == [None, None, 8, None, 7, 7, 7]
    assert [page.bytes > 0 for page in found] == [True, True, False, True, False, False, False]
    assert stream.expand(Portion(ago(8)), stream.reach()).bytes == found[1].bytes
    assert stream.expand(Portion([]), stream.reach()).bytes == 0


def test_a_trial_asks_about_one_parent_at_a_time(tap: TapIntercom, intercom: Intercom) -> None:
    intercom.put(CONTACTS, {"data": ago(9, 8, 7, 6)})
    for one in "9876":
        intercom.put(f"/contacts/{one}/notes", {"data": [{"id": "a"}]})
    stream = tap.streams["contact_notes"]
    pages = stream.pages(reaching(stream, is_trial=True))
    assert next(pages).records
    time.sleep(0.05)
    # Three wait for a worker; it may have drawn on while the first was given out.
    assert len([one for one in intercom.paths if "notes" in one]) <= 3


@pytest.mark.parametrize("status", [404, 410])
def test_the_rows_of_a_parent_that_is_gone_are_skipped(
    tap: TapIntercom, intercom: Intercom, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    intercom.put(CONTACTS, {"data": ago(9, 8, 7)})
    intercom.put("/contacts/9/notes", {"data": [{"id": "a"}]})
    intercom.put("/contacts/8/notes", answer(status, {}))
    intercom.put("/contacts/7/notes", {"data": [{"id": "c"}]})
    stream = tap.streams["contact_notes"]
    assert [one["id"] for one in stream.get_records()] == ["a", "c"]
    assert stream.account.skipped == ["8"]
    assert stream.account.incomplete == []
    assert "Skipped 1 contacts that were deleted after they were listed: 8" in caplog.text


@pytest.mark.parametrize("name", ["", ".", "..", None, 0, False])
def test_a_parent_that_nobody_can_ask_about_is_skipped(
    tap: TapIntercom, intercom: Intercom, name: Any, caplog: pytest.LogCaptureFixture
) -> None:
    intercom.put(CONTACTS, {"data": [{"id": name, "updated_at": STARTED - DAY}]})
    stream = tap.streams["contact_notes"]
    assert records_of(stream.pages(reaching(stream))) == []
    assert stream.account.skipped == [str(name)]
    assert intercom.paths == [CONTACTS]
    assert "which nobody can ask for" in caplog.text


@pytest.mark.parametrize(
    ("name", "path"),
    [("a/b", "a%2Fb"), ("...", "..."), ("?x=1#y", "%3Fx%3D1%23y"), ("é", "%C3%A9"), (7, "7")],
)
def test_an_id_is_one_part_of_an_address(
    tap: TapIntercom, intercom: Intercom, name: Any, path: str
) -> None:
    stream = tap.streams["contact_notes"]
    assert isinstance(stream, FanOut)
    intercom.put(f"/contacts/{path}/notes", {"data": [{"id": "n"}]})
    assert rows_of(stream, {"id": name}) == [{"id": "n"}]


def test_the_last_page_of_rows_says_how_many_there_are(
    tap: TapIntercom, intercom: Intercom
) -> None:
    stream = tap.streams["contact_notes"]
    assert isinstance(stream, FanOut)
    rows = [{"id": "a"}, {"id": "b"}]
    intercom.put("/contacts/1/notes", paged("data", rows, rows[:1], total=3))
    intercom.put("/contacts/2/notes", paged("data", rows, [{"id": "c"}], total=4))
    first = {"data": rows, "total_count": 9, "pages": {"next": {"starting_after": "1"}}}
    intercom.put("/contacts/3/notes", first, {"data": rows[:1], "total_count": 3})
    for one in "123":
        assert len(rows_of(stream, {"id": one})) == 3
    assert stream.account.short == {"2": (3, 4)}
    assert stream.account.capped == {}


@pytest.mark.parametrize(
    ("count", "said", "capped", "short"),
    [
        (499, 499, [], {}),
        (499, 500, [], {"7": (499, 500)}),
        (500, 500, ["7"], {}),
        (500, 900, ["7"], {}),
    ],
)
def test_parts_of_a_conversation_are_compared_with_the_count_beside_them(
    tap: TapIntercom, intercom: Intercom, count: int, said: int, capped: Any, short: Any
) -> None:
    """Its statistics count the message that opened it, too."""
    stream = tap.streams["conversation_parts"]
    assert isinstance(stream, FanOut)
    body = at_path(stream.records, [{"id": "p"}] * count)
    body["conversation_parts"]["total_count"] = said
    counted = {"count_conversation_parts": said + 1}
    intercom.put("/conversations/7", {**body, "statistics": counted})
    assert len(rows_of(stream, {"id": "7"})) == count
    assert ([*stream.account.capped], stream.account.short) == (capped, short)


@pytest.mark.parametrize(
    ("display_as", "query"), [("plaintext", {"display_as": "plaintext"}), ("html", {})]
)
def test_parts_come_as_they_are_wanted(
    make_tap: Callable[..., TapIntercom], display_as: str, query: dict[str, str]
) -> None:
    tap = make_tap(display_as=display_as)
    stream = tap.streams["conversation_parts"]
    assert isinstance(stream, FanOut)
    intercom = Intercom().before(tap).put("/conversations/7", at_path(stream.records, []))
    rows_of(stream, {"id": "7"})
    assert intercom.asked[0].query == query


# What a parent knows

TAG = {"id": "t"}


@pytest.mark.parametrize(
    ("wrapper", "known"),
    [
        ({"total_count": 0}, []),
        ({"total_count": 0, "has_more": True, "data": [TAG]}, None),
        ({"total_count": 0, "has_more": False, "data": [TAG]}, None),
        ({"total_count": 0, "has_more": False, "data": []}, []),
        ({"total_count": 5, "has_more": False, "data": [TAG]}, None),
        ({"total_count": 1, "has_more": False, "data": [TAG, TAG]}, None),
        ({"total_count": 5, "has_more": False, "data": []}, None),
        ({"total_count": 5, "has_more": False}, None),
        ({"total_count": "0", "has_more": False, "data": []}, []),
        ({"total_count": "1", "has_more": False, "data": [TAG]}, [TAG]),
        ({"total_count": "5", "has_more": False, "data": [TAG]}, None),
        ({"total_count": 5.0, "has_more": False, "data": [TAG]}, None),
        ({"total_count": "many", "has_more": False, "data": [TAG]}, [TAG]),
        ({"total_count": 1, "has_more": False, "data": [TAG]}, [TAG]),
        ({"total_count": 1, "has_more": True, "data": [TAG]}, None),
        ({"total_count": 1, "has_more": None, "data": [TAG]}, None),
        ({"total_count": 1, "data": [TAG]}, None),
        ({"has_more": False, "data": [TAG, TAG]}, [TAG, TAG]),
        ({"has_more": False, "data": ["t"]}, None),
        ({"has_more": False, "data": [TAG, None]}, None),
        ({"has_more": False, "data": {"id": "t"}}, None),
        ({"has_more": False, "data": None}, []),
        ({"has_more": False}, []),
        ({}, None),
        (None, None),
        ([], None),
        ("x", None),
    ],
    ids=str,
)
def test_a_parent_that_tells_its_rows_is_not_asked_about(
    tap: TapIntercom, wrapper: Any, known: Any
) -> None:
    stream = tap.streams["contact_tags"]
    assert isinstance(stream, FanOut)
    assert stream.known({"id": "1", "tags": wrapper}) == known
    assert stream.known({"id": "1"}) is None


def test_a_parent_that_tells_how_many_but_not_which_is_asked_about(tap: TapIntercom) -> None:
    notes = tap.streams["contact_notes"]
    assert isinstance(notes, FanOut)
    assert not notes.inline
    wrapper = {"total_count": 1, "has_more": False, "data": [TAG]}
    assert notes.known({"notes": wrapper}) is None
    assert notes.known({"notes": {"total_count": 0}}) == []
    segments = tap.streams["contact_segments"]
    assert isinstance(segments, FanOut)
    assert segments.known({"segments": {"total_count": 0}}) is None


@pytest.mark.parametrize(
    ("opted_in", "opted_out", "known"),
    [(0, 0, []), (1, 0, None), (0, 1, None), (1, 1, None), (0, None, None), (None, 0, None)],
)
def test_of_two_counts_both_must_be_zero(
    tap: TapIntercom, opted_in: Any, opted_out: Any, known: Any
) -> None:
    stream = tap.streams["contact_subscriptions"]
    assert isinstance(stream, FanOut)
    counts = {"in": opted_in, "out": opted_out}
    parent = {
        f"opted_{side}_subscription_types": {"total_count": count}
        for side, count in counts.items()
        if count is not None
    }
    assert stream.known(parent) == known


class Twice(FanOut):
    """Rows that lie at two places of a contact."""

    of = STREAMS[[one.name for one in STREAMS].index("contacts")]
    name = "contact_tags"
    path = "/contacts/{id}/tags"
    component = "tag"
    counted = ("a", "b")
    inline = True


def test_rows_at_two_places_are_known_where_both_are_whole(tap: TapIntercom) -> None:
    stream = Twice(tap, tap.run)
    whole, more = ({"data": [{"id": one}], "has_more": one == "more"} for one in ("whole", "more"))
    assert stream.known({"a": whole, "b": whole}) == [{"id": "whole"}] * 2
    assert stream.known({"a": whole, "b": more}) is None
    assert stream.known({"a": more, "b": whole}) is None
    assert stream.known({"a": {"total_count": 0}, "b": whole}) is None


def test_without_a_flag_there_is_nothing_to_ask_for(tap: TapIntercom, intercom: Intercom) -> None:
    [kind] = [one for one in STREAMS if getattr(one, "only_if", None)]
    stream = tap.streams[kind.name]
    assert isinstance(stream, FanOut)
    flag = str(stream.only_if)
    intercom.put(kind.path.format(id="1"), at_path(kind.records, [{"id": "d"}]))
    for without in ({}, {flag: False}, {flag: None}):
        assert rows_of(stream, {"id": "1", **without}) == []
    assert intercom.asked == []
    assert rows_of(stream, {"id": "1", flag: True}) == [{"id": "d"}]


@pytest.mark.parametrize("place", ["data", "companies"])
def test_of_anothers_record_only_some_fields_are_kept(
    tap: TapIntercom, intercom: Intercom, place: str
) -> None:
    row = {"id": "c", "name": "n"}
    intercom.put("/contacts/1/companies", {place: [{**row, "type": "company"}]})
    stream = tap.streams["contact_companies"]
    assert isinstance(stream, FanOut)
    kept = {"id": "c", "company_id": "c", "type": None}
    assert rows_of(stream, {"id": "1"}) == [{**kept, "type": "company"}]
    inside = {"has_more": False, "data": [row]}
    assert rows_of(stream, {"id": "1", "companies": inside}) == [kept]
    assert [one.query for one in intercom.asked] == [{"per_page": "50"}]


def test_who_handled_a_conversation_is_part_of_a_key(tap: TapIntercom) -> None:
    stream = tap.streams["handling_events"]
    body = {"handling_events": [{"teammate": {"id": 7}}, {"teammate": None}, {}]}
    assert [row["teammate_id"] for row in stream.dig(body)] == [7, "", ""]


# Rows that cost a call for several


@pytest.fixture
def transcripts(tap: TapIntercom, intercom: Intercom) -> Batches:
    def found(asked: Asked) -> Any:
        names = asked.body["conversation_ids"]
        rows = [
            {"id": f"call-{name}{suffix}", "conversation_id": name, "transcript": [], "odd": 1}
            for name in names
            for suffix in ("", "-of-others")
        ]
        return {"data": rows}

    intercom.put("/calls/search", found)
    stream = tap.streams["call_transcripts"]
    assert isinstance(stream, Batches)
    return stream


def calls(*numbers: int) -> list[dict[str, Any]]:
    return [
        {"id": f"call-{one:03}", "conversation_id": f"{one:03}", "updated_at": STARTED - one}
        for one in numbers
    ]


@pytest.mark.parametrize(
    ("pages", "batches"),
    [
        ([], []),
        ([0], []),
        ([1], [1]),
        ([19], [19]),
        ([20], [20]),
        ([21], [20, 1]),
        ([40], [20, 20]),
        ([15, 15, 11], [20, 20, 1]),
    ],
)
def test_twenty_are_asked_about_at_once(
    transcripts: Batches, intercom: Intercom, pages: list[int], batches: list[int]
) -> None:
    numbers = iter(range(100))
    there = [calls(*(next(numbers) for _ in range(size))) for size in pages]
    intercom.put("/calls", paged("data", *(there or [[]])))
    found = list(transcripts.pages(transcripts.reach()))
    asked = [one.body["conversation_ids"] for one in intercom.to("/calls/search")]
    assert sorted(map(len, asked), reverse=True) == batches
    assert [len(page.records) for page in found] == batches
    assert [row["call_id"] for row in records_of(found)] == [
        one["id"] for page in there for one in page
    ]
    assert all(
        row.keys() == {*transcripts.fields, "call_id", "call_updated_at"}
        for row in records_of(found)
    )
    assert {*reached(found)} <= {None}


def test_calls_that_belong_to_no_conversation_fill_no_batch(
    transcripts: Batches, intercom: Intercom
) -> None:
    without = [
        {"id": "x"},
        {"id": "y", "conversation_id": None},
        {"id": "z", "conversation_id": ""},
    ]
    intercom.put("/calls", {"data": [*without, *calls(*range(20)), *without]})
    assert len(records_of(transcripts.pages(transcripts.reach()))) == 20
    assert len(intercom.to("/calls/search")) == 1


def test_what_is_named_twice_is_asked_for_once(transcripts: Batches, intercom: Intercom) -> None:
    one, other = calls(1, 2)
    third = {**calls(3)[0], "conversation_id": other["conversation_id"]}
    intercom.put("/calls", {"data": [other, one, third]})
    found = records_of(transcripts.pages(transcripts.reach()))
    [asked] = intercom.to("/calls/search")
    assert (str(asked), asked.body) == (
        "POST /calls/search",
        {"conversation_ids": ["001", "002"]},
    )
    # Whatever else belongs to those conversations is not one of the calls that were asked about.
    assert [row["call_id"] for row in found] == ["call-001", "call-002"]


# Feeds


@pytest.fixture
def events(tap: TapIntercom, intercom: Intercom) -> Feed:
    intercom.put(CONTACTS, {"data": [{"id": "1", "updated_at": STARTED - 99 * DAY}]})
    stream = tap.streams["contact_events"]
    assert isinstance(stream, Feed)
    return stream


def seen(*days: float) -> list[dict[str, Any]]:
    return [{"id": str(one), "created_at": int(STARTED - one * DAY)} for one in days]


def test_every_parent_is_asked_about_however_long_ago_it_changed(
    events: Feed, intercom: Intercom
) -> None:
    intercom.put(CONTACTS, paged("data", ago(900, 800), ago(-1)))
    intercom.put("/events", {"events": seen(1)})
    reach = reaching(events, STARTED - 4 * DAY, STARTED - DAY // 2)
    found = list(events.pages(reach))
    assert pairs(found) == [("900", "1"), ("800", "1"), ("-1", "1")]
    assert reached(found)[-1] == STARTED - DAY // 2
    assert {*reached(found)[:-1]} == {None}
    assert {one.query["intercom_user_id"] for one in intercom.to("/events")} == {"900", "800", "-1"}
    assert {one.query["type"] for one in intercom.to("/events")} == {"user"}
    opening, _ = events.opens(reach)
    assert opening is not None
    assert "<" not in str(intercom.to(CONTACTS)[0].body)
    assert "<" not in str(opening.body)


def test_a_feed_that_is_empty_has_come_to_the_end_of_the_run(
    events: Feed, intercom: Intercom
) -> None:
    intercom.put("/events", {"events": []})
    assert reached(events.pages(reaching(events)))[-1] == STARTED
    intercom.put(CONTACTS, {"data": []})
    assert reached(events.pages(reaching(events)))[-1] == STARTED


def test_a_row_names_its_parent_but_not_when_that_changed(events: Feed, intercom: Intercom) -> None:
    intercom.put("/events", {"events": seen(1)})
    [row] = records_of(events.pages(reaching(events)))
    assert row == {**seen(1)[0], "contact_id": "1"}


def test_a_feed_is_read_as_far_as_the_bookmark(events: Feed, intercom: Intercom) -> None:
    intercom.put("/events", paged("events", seen(1, 2), seen(3, 4), seen(5, 4.5), seen(6), total=9))
    found = events.pages(reaching(events, STARTED - 4 * DAY))
    # The one at the bookmark may have others of its second after it, on the next page.
    assert [name for _, name in pairs(found)] == ["1", "2", "3", "4"]
    assert len(intercom.to("/events")) == 3
    assert events.account.short == {}


def test_a_feed_without_a_bookmark_is_read_to_its_end_and_compared(
    events: Feed, intercom: Intercom
) -> None:
    intercom.put("/events", paged("events", seen(1, 2), seen(300), total=4))
    assert len(records_of(events.pages(reaching(events)))) == 3
    assert events.account.short == {"1": (3, 4)}


def test_what_a_feed_leaves_out_is_counted_as_read(events: Feed, intercom: Intercom) -> None:
    rows = [*seen(0.5, 1), {"id": "undated"}]
    intercom.put("/events", {"events": rows, "total_count": 3})
    reach = reaching(events, STARTED - 4 * DAY, STARTED - DAY)
    assert [name for _, name in pairs(events.pages(reach))] == ["1", "undated"]
    assert events.account.short == {}


@pytest.mark.parametrize(
    ("created", "rows"),
    [
        (STARTED - 4 * DAY - 1, ["3"]),
        (STARTED - 4 * DAY, ["3", "8", "9"]),
        (STARTED - DAY, ["3", "8", "9"]),
        (None, ["3"]),
        ("odd", ["3"]),
    ],
)
def test_a_parent_that_is_new_since_the_bookmark_is_read_whole(
    events: Feed, intercom: Intercom, created: Any, rows: list[str]
) -> None:
    intercom.put(CONTACTS, {"data": [{"id": "1", "created_at": created}]})
    intercom.put("/events", paged("events", seen(3, 8), seen(9), total=3))
    found = events.pages(reaching(events, STARTED - 4 * DAY))
    assert [name for _, name in pairs(found)] == rows


@pytest.mark.parametrize(
    ("since", "created", "began", "span"),
    [
        (STARTED - DAY, None, None, STARTED - DAY - 1),
        (STARTED - DAY, STARTED - DAY, STARTED - 50 * DAY, STARTED - 50 * DAY - 1),
        (None, None, STARTED - 50 * DAY, STARTED - 50 * DAY - 1),
        (None, None, None, times.epoch(INTERCOM_BEGAN) - 1),
    ],
)
def test_what_intercom_can_leave_out_by_time_it_is_asked_to(
    tap: TapIntercom, intercom: Intercom, since: Any, created: Any, began: Any, span: int
) -> None:
    tap.run.workspace_created_at = moment(began)
    parent = {"id": "c", "updated_at": STARTED - 900 * DAY, "created_at": created}
    intercom.put("/data_connectors", {"data": [parent]})
    intercom.put("/data_connectors/c/execution_results", {"data": seen(0.5)})
    stream = tap.streams["data_connector_executions"]
    end = STARTED - 60
    found = stream.pages(reaching(stream, since, end))
    assert ids_of(found) == ["0.5"]
    [asked] = intercom.to("/data_connectors/c/execution_results")
    assert asked.query == {"per_page": "30", "start_ts": str(span), "end_ts": str(end + 1)}


def test_a_feed_of_a_parent_that_is_gone_is_skipped(events: Feed, intercom: Intercom) -> None:
    intercom.put("/events", answer(404, {}))
    assert reached(events.pages(reaching(events))) == [None, None, None, STARTED]
    assert events.account.skipped == ["1"]


def test_what_is_incremental_follows_from_the_parent() -> None:
    kinds = {one.name: one for one in STREAMS}
    assert kinds["ticket_parts"].replication_key == "ticket_updated_at"
    assert kinds["company_tags"].replication_key is None
    assert kinds["contact_events"].replication_key == "created_at"


# Rows of which Intercom gives the newest of each kind


def test_an_answer_of_other_kinds_than_were_asked_for_counts_for_nothing(
    tap: TapIntercom, intercom: Intercom
) -> None:
    """As if it did not know the parameters, and gave the newest rows once more."""
    stream = tap.streams["conversation_parts"]
    assert isinstance(stream, FanOut)
    rows = [
        {"id": str(number), "part_type": ("comment", "note")[number % 2], "created_at": 60 + number}
        for number in range(500)
    ]
    intercom.put("/conversations/7", {**at_path(stream.records, rows), "created_at": 0})
    assert rows_of(stream, {"id": "7"}) == rows
    gap = stream.account.capped["7"]
    assert gap == ("1970-01-01T00:00:00+00:00", "1970-01-01T00:01:00+00:00", None, ())
