"""A search asks for what is between two moments, and believes no order that it did not see.

That nothing is lost, whatever the records are, is shown by `test_fuzz_search.py`.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from answering import answer
from intercom import (
    DAY,
    STARTED,
    Asked,
    Intercom,
    ids_of,
    moment,
    paged,
    quick,
    reached,
    reaching,
    synced,
    waited_for,
)

from tap_intercom.api.bodies import Garbled
from tap_intercom.api.errors import IntercomError
from tap_intercom.api.paginators import RepeatedPage
from tap_intercom.records import times
from tap_intercom.shapes.parts import PART_PAGES, Disorder, Parts, Stretch
from tap_intercom.shapes.reach import DAY as A_DAY
from tap_intercom.shapes.reach import SECOND
from tap_intercom.shapes.search import Search

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_intercom.tap import TapIntercom

TICKETS = "/tickets/search"
LOOKBACK = 600


@pytest.fixture
def make_tap(make_tap: Callable[..., TapIntercom]) -> Callable[..., TapIntercom]:  # noqa: ARG001
    return quick  # it is quick, and the one that it takes the place of keeps the signals


def rows(*seconds: int, before: int = STARTED) -> list[dict[str, Any]]:
    """Records that changed so many seconds before the run; their ids say it, too."""
    return [{"id": str(one), "updated_at": before - one} for one in seconds]


@pytest.fixture
def intercom(tap: TapIntercom) -> Intercom:
    return Intercom().before(tap)


@pytest.fixture
def tickets(tap: TapIntercom) -> Search:
    stream = tap.streams["tickets"]
    assert isinstance(stream, Search)
    return stream


def bounds(query: dict[str, Any]) -> tuple[int | None, int | None]:
    """From which second on, and before which one, is asked for."""
    since = before = None
    for one in query["value"] if query["operator"] == "AND" else [query]:
        if one["operator"] == "OR":
            assert [each["operator"] for each in one["value"]] == [">", "="]
            [since] = {each["value"] for each in one["value"]}
        else:
            assert one["operator"] == "<"
            before = one["value"]
    return since, before


def asked_for(intercom: Intercom, path: str = TICKETS) -> list[tuple[int | None, int | None]]:
    return [bounds(one.body["query"]) for one in intercom.to(path)]


# What is asked


def test_a_question_names_two_seconds_and_an_order(tickets: Search) -> None:
    since = {
        "operator": "OR",
        "value": [
            {"field": "updated_at", "operator": ">", "value": 5},
            {"field": "updated_at", "operator": "=", "value": 5},
        ],
    }
    before = {"field": "updated_at", "operator": "<", "value": 9}
    sort = {"field": "updated_at", "order": "ascending"}
    both = {"operator": "AND", "value": [since, before]}
    assert tickets.question(5, 9).body == {"query": both, "sort": sort}
    assert tickets.question(5, None).body == {"query": since, "sort": sort}
    assert tickets.question(None, 9).body == {"query": before, "sort": sort}


def test_it_is_asked_for_what_is_within_reach(tickets: Search, intercom: Intercom) -> None:
    assert tickets.grain == timedelta(seconds=1)
    intercom.put(TICKETS, {"tickets": []})
    reaches = [
        reaching(tickets, STARTED - DAY),
        reaching(tickets),
        reaching(tickets).whole(),
        reaching(tickets, STARTED - DAY, STARTED - 99),
        reaching(tickets, STARTED - DAY, STARTED + 99),
    ]
    for reach in reaches:
        list(tickets.pages(reach))
    assert asked_for(intercom) == [
        (STARTED - DAY, STARTED + 1),
        (None, STARTED + 1),
        (0, None),
        (STARTED - DAY, STARTED - 98),
        (STARTED - DAY, STARTED + 1),
    ]


@pytest.mark.parametrize(
    ("version", "margin", "query"),
    [
        ("2.15", DAY, {}),
        ("2.16", DAY, {"include_merge_history": "true"}),
        ("2.17", 0, {"include_merge_history": "true"}),
    ],
)
def test_where_days_are_compared_it_is_asked_a_day_wider(
    make_tap: Callable[..., TapIntercom], version: str, margin: int, query: dict[str, str]
) -> None:
    tap = make_tap(api_version=version)
    intercom = Intercom().before(tap).put("/contacts/search", {"data": []})
    contacts = tap.streams["contacts"]
    for reach in (reaching(contacts, STARTED - 9 * DAY), reaching(contacts)):
        list(contacts.pages(reach))
    assert asked_for(intercom, "/contacts/search") == [
        (STARTED - 9 * DAY - margin, STARTED + 2 * margin + 1),
        (None, STARTED + 2 * margin + 1),
    ]
    assert intercom.asked[0].query == query


def test_the_dates_of_companies_are_not_known_to_be_seconds(
    make_tap: Callable[..., TapIntercom],
) -> None:
    tap = make_tap(companies_method="search", api_version="2.17")
    intercom = Intercom().before(tap).put("/companies/search", {"data": []})
    list(tap.streams["companies"].pages(reaching(tap.streams["companies"], STARTED - 9 * DAY)))
    assert asked_for(intercom, "/companies/search") == [
        (STARTED - 10 * DAY, STARTED + 2 * DAY + 1),
    ]
    assert intercom.asked[0].body["pagination"] == {"per_page": 60}  # as many as it allows


@pytest.mark.parametrize(("wanted", "asked"), [(150, 150), (149, 149), (1, 1), (None, 150)])
def test_a_page_is_as_large_as_is_wanted_and_allowed(
    make_tap: Callable[..., TapIntercom], wanted: int | None, asked: int
) -> None:
    tap = make_tap(page_size=wanted)
    intercom = Intercom().before(tap).put(TICKETS, {"tickets": []})
    list(tap.streams["tickets"].pages(reaching(tap.streams["tickets"])))
    assert intercom.asked[0].body["pagination"] == {"per_page": asked}


# What comes


def test_what_is_beyond_reach_is_dropped_though_it_is_answered(
    tickets: Search, intercom: Intercom
) -> None:
    intercom.put(TICKETS, {"tickets": [*rows(901, 900, 801, 800, 799), {"id": "undated"}]})
    found = tickets.pages(reaching(tickets, STARTED - 900, STARTED - 800))
    assert ids_of(found) == ["900", "801", "800", "undated"]


def test_each_page_says_how_far_it_reaches_while_they_ascend(
    tickets: Search, intercom: Intercom
) -> None:
    pages = [rows(9000, 8000), rows(8000, 7000), rows(LOOKBACK, LOOKBACK - 1), rows(6999)]
    intercom.put(TICKETS, paged("tickets", *pages, total=7))
    found = list(tickets.pages(reaching(tickets, STARTED - 9999)))
    # 6999 came after 600, which was settled.
    assert reached(found) == [STARTED - 8000, STARTED - 7000, STARTED - 600, None, STARTED - 600]


def test_what_is_not_settled_says_nothing_of_the_order(tickets: Search, intercom: Intercom) -> None:
    pages = [rows(9000), rows(599, 8000), rows(1, 7000)]
    intercom.put(TICKETS, paged("tickets", *pages))
    found = list(tickets.pages(reaching(tickets, STARTED - 9999)))
    assert reached(found) == [STARTED - one for one in (9000, 8000, 7000, 7000)]


def test_a_search_out_of_order_moves_its_bookmark_at_its_end_only(intercom: Intercom) -> None:
    intercom.put(TICKETS, paged("tickets", rows(9000), rows(8000, 8500), rows(7000), rows(6000)))
    run = synced(intercom, "tickets", page_size=1, lookback_seconds=LOOKBACK)
    assert run.error is None
    moved = list(dict.fromkeys(filter(None, run.bookmarks("tickets"))))
    assert moved[-1] == times.canonical(STARTED - 6000)
    assert {*moved} <= {times.canonical(STARTED - one) for one in (9000, 6000)}


def test_before_the_first_record_a_search_has_come_to_its_bookmark(
    tickets: Search, intercom: Intercom
) -> None:
    intercom.put(TICKETS, {"tickets": []})
    since = STARTED - DAY
    assert reached(tickets.pages(reaching(tickets, since))) == [since, since]
    assert reached(tickets.pages(reaching(tickets))) == [None, None]
    intercom.put(TICKETS, {"tickets": rows(DAY + 1)})
    # What is older than was asked for is no sign of disorder: it is not taken.
    assert reached(tickets.pages(reaching(tickets, since))) == [since, since]


# When pages go round in circles


def circling(*pages: list[Any]) -> Callable[[Asked], Any]:
    """Answer with pages, of which the last says that it is the next one itself."""

    def page(asked: Asked) -> Any:
        number = int(asked.body["pagination"].get("starting_after", 0))
        following = {"starting_after": str(min(number + 1, len(pages) - 1))}
        return {"tickets": pages[number], "pages": {"next": following}}

    return page


def test_a_search_that_repeats_itself_goes_on_from_where_it_came_to(
    tickets: Search, intercom: Intercom, caplog: pytest.LogCaptureFixture
) -> None:
    once = circling(rows(9000), rows(8000))

    def page(asked: Asked) -> Any:
        since, _ = bounds(asked.body["query"])
        return {"tickets": rows(8000, 7000)} if since == STARTED - 8000 else once(asked)

    intercom.put(TICKETS, page)
    end = STARTED - 100
    found = list(tickets.pages(reaching(tickets, STARTED - 9999, end)))
    assert dict.fromkeys(ids_of(found)).keys() == {"9000", "8000", "7000"}
    assert reached(found)[-1] == STARTED - 7000
    assert {*asked_for(intercom)} == {(STARTED - 9999, end + 1), (STARTED - 8000, end + 1)}
    assert caplog.text.count("searching on from") == 1


def test_what_is_read_whole_goes_on_without_an_end(tickets: Search, intercom: Intercom) -> None:
    once = circling(rows(9000), rows(8000))

    def page(asked: Asked) -> Any:
        since, _ = bounds(asked.body["query"])
        return {"tickets": rows(8000, -50)} if since == STARTED - 8000 else once(asked)

    intercom.put(TICKETS, page)
    found = list(tickets.pages(tickets.reach().whole()))
    assert dict.fromkeys(ids_of(found)).keys() == {"9000", "8000", "-50"}
    assert {before for _, before in asked_for(intercom)} == {None}


@pytest.mark.parametrize(
    "pages",
    [
        [rows(9999), rows(9999)],  # no further than it began
        [rows(8000), rows(9000)],  # nobody knows how far
        [[], []],
    ],
    ids=["nowhere", "out of order", "empty"],
)
def test_a_search_that_gets_no_further_is_given_up(
    tickets: Search, intercom: Intercom, pages: list[Any]
) -> None:
    intercom.put(TICKETS, circling(*pages))
    with pytest.raises(IntercomError, match="round in circles"):
        list(tickets.pages(reaching(tickets, STARTED - 9999)))


# What is shared, and a trial


def test_the_pages_that_several_begin_with_are_searched_for_once(intercom: Intercom) -> None:
    one, other = ({"id": name, "updated_at": STARTED - DAY} for name in "12")
    one["ticket_parts"] = {"ticket_parts": [{"id": "p"}], "total_count": 1}
    intercom.put(TICKETS, paged("tickets", [one], [other]))
    run = synced(intercom, "tickets", "ticket_parts")
    assert (run.ids("tickets"), run.ids("ticket_parts")) == (["1", "2"], ["p"])
    assert len(intercom.to(TICKETS)) == 2


def test_a_trial_reads_page_by_page_and_no_part(tap: TapIntercom, intercom: Intercom) -> None:
    contacts = tap.streams["contacts"]
    pages = [rows(9000 - 9 * one) for one in range(9)]
    intercom.put("/contacts/search", paged("data", *pages, total=999))
    found = contacts.pages(reaching(contacts, is_trial=True))
    assert next(found).records == pages[0]
    assert not waited_for(lambda: len(intercom.asked) > 1, 0.05)
    assert sum(len(page.records) for page in found) == 8
    assert {*asked_for(intercom, "/contacts/search")} == {(None, STARTED + 1)}


# Parts


class Gathered(Search):
    """Tickets, of which a page has two."""

    name = "tickets"
    path = TICKETS
    component = "ticket"
    records = "tickets"
    largest_page = 2


def parted(tap: TapIntercom, grain: timedelta = SECOND) -> Parts:
    stream = Gathered(tap, tap.run)
    settled = times.parse(STARTED - LOOKBACK)
    return Parts(stream, 2, grain, settled, stream.question)


def read(parts: Parts, stretch: Stretch) -> tuple[list[list[str]], list[Stretch]]:
    (pages, size), following = parts.read(stretch)
    assert size > 0
    return [[row["id"] for row in page] for page in pages], following


def with_before(answered: Callable[[Asked], Any], before: Any) -> Callable[[Asked], Any]:
    """Answer, and where it is asked how much lies before the parts, say so much."""

    def given(asked: Asked) -> Any:
        is_count = (asked.body or {})["pagination"]["per_page"] == 1
        return {"tickets": rows(1), "total_count": before} if is_count else answered(asked)

    return given


def stretched(parts: Parts, since: int = 0, before: int = STARTED) -> Stretch:
    return Stretch(parts.question(since, before), since, before)


def spans(stretches: list[Stretch]) -> list[tuple[int | None, int | None]]:
    return [bounds((one.request.body or {})["query"]) for one in stretches]


def test_what_follows_a_page_is_cut_into_parts_that_meet(
    tap: TapIntercom, intercom: Intercom
) -> None:
    found = paged("tickets", rows(9000, 8000), [], total=14)
    intercom.put(TICKETS, with_before(found, 1))
    parts = parted(tap)
    (first, size), _ = parts.read(stretched(parts))
    assert parts.read(stretched(parts))[0] == (first, size)  # what was received before is no part
    pages, following = read(parts, stretched(parts))
    assert pages == [["9000", "8000"]]
    # Twelve are left, which are two parts of three pages of two.
    assert spans(following) == [(STARTED - 8000, STARTED - 4000), (STARTED - 4000, STARTED)]
    assert [one.before for one in following] == [STARTED - 4000, STARTED]
    assert following[0].last == (STARTED - 8000, {"9000", "8000"})
    assert following[1].last is None
    assert [(one.read, one.trail.asked) for one in following] == [(0, set()), (0, set())]


@pytest.mark.parametrize(
    ("left", "width", "grain", "count"),
    [
        (6, 8000, SECOND, 0),  # no more than a part holds
        (7, 8000, SECOND, 2),
        (12, 8000, SECOND, 2),
        (13, 8000, SECOND, 3),
        (6 * 64, 8000, SECOND, 64),
        (6 * 64 + 1, 8000, SECOND, 64),
        (99, 3, SECOND, 3),
        (99, 2, SECOND, 2),
        (99, 1, SECOND, 0),
        (99, 0, SECOND, 0),
        (99, 2 * DAY, A_DAY, 2),
        (99, 2 * DAY - 1, A_DAY, 0),
    ],
)
def test_there_are_no_more_parts_than_it_takes_or_than_there_are_moments(
    tap: TapIntercom, left: int, width: int, grain: timedelta, count: int
) -> None:
    before = STARTED - LOOKBACK
    begin = before - width
    page = rows(width + 10, width, before=before)
    found = parted(tap, grain).cut(page, before, left)
    assert len(found) == count
    if found:
        cuts = spans(found)
        assert (cuts[0][0], cuts[-1][1]) == (begin, before)
        assert all(one[1] == other[0] for one, other in pairwise(cuts))
        assert all(one[1] - one[0] >= grain.total_seconds() for one in cuts if one[0] and one[1])


@pytest.mark.parametrize(
    "page",
    [
        rows(9000, 9000),
        rows(8000, 9000),
        rows(9000, 7000, 8000),
        rows(LOOKBACK - 1, LOOKBACK - 2),
        [{"id": "1"}, {"id": "2"}],
        [],
        rows(9000),
    ],
    ids=[
        "one second",
        "out of order",
        "out of order later",
        "not settled",
        "undated",
        "empty",
        "single",
    ],
)
def test_a_page_that_tells_no_way_is_not_cut_at(tap: TapIntercom, page: list[Any]) -> None:
    assert parted(tap).cut(page, STARTED, 999) == []


def test_what_is_not_settled_does_not_say_where_a_page_ended(tap: TapIntercom) -> None:
    [first, *_] = parted(tap).cut(rows(9000, 8000, 1), STARTED, 99)
    assert first.last == (STARTED - 8000, {"9000", "8000", "1"})


def test_a_stretch_ends_after_three_pages_and_goes_on_where_it_was(
    tap: TapIntercom, intercom: Intercom
) -> None:
    pages = [rows(9000 - 2 * one, 8999 - 2 * one) for one in range(4)]
    intercom.put(TICKETS, paged("tickets", *pages, total=8))
    parts = parted(tap)
    begun = stretched(parts)
    found, [rest] = read(parts, begun)
    assert len(found) == PART_PAGES == 3
    assert (rest.read, rest.before, rest.trail) == (6, begun.before, begun.trail)
    assert rest.request == begun.request.starting_after("3")
    found, none = read(parts, rest)
    assert (len(found), none) == (1, [])
    assert parts.stream.account.short == {}


def test_what_came_before_a_circle_is_given_out_and_the_circle_is_told_next(
    tap: TapIntercom, intercom: Intercom
) -> None:
    intercom.put(TICKETS, circling(rows(9000, 8000), rows(7000)))
    parts = parted(tap)
    (pages, size), [again] = parts.read(stretched(parts))
    assert pages == [rows(9000, 8000), rows(7000)]
    assert 0 < size < 1_000
    with pytest.raises(RepeatedPage):
        parts.read(again)
    assert len(intercom.asked) == 4  # the page that names itself as the next, three times
    assert parts.read(stretched(parts))[0] == (pages, size)


@pytest.mark.parametrize(("total", "pages"), [(8, 3), (9, 1), (None, 3), ("10", 1)])
def test_a_stretch_is_cut_when_more_is_left_than_a_part_holds(
    tap: TapIntercom, intercom: Intercom, total: Any, pages: int
) -> None:
    there = [rows(9000 - 2 * one, 8999 - 2 * one) for one in range(5)]
    intercom.put(TICKETS, with_before(paged("tickets", *there, total=total), 1))
    parts = parted(tap)
    assert len(read(parts, stretched(parts))[0]) == pages


@pytest.mark.parametrize("before", [2, 9, None, "many", True])
def test_of_a_search_that_does_not_begin_with_the_oldest_nothing_is_cut(
    tap: TapIntercom, intercom: Intercom, before: Any
) -> None:
    """One that ignores the order, and came in order all the same, as two rows may by chance."""
    there = [rows(9000 - 2 * one, 8999 - 2 * one) for one in range(9)]
    intercom.put(TICKETS, with_before(paged("tickets", *there, total=18), before))
    parts = parted(tap)
    (pages, _), [rest] = parts.read(stretched(parts))
    assert pages == [Disorder(), there[0]]
    assert (rest.may_be_cut, rest.read) == (False, 2)
    found = [*there[:1]]
    line = [rest]
    while line:
        (pages, _), line = parts.read(line[0])
        found += pages
    assert found == there
    assert len(intercom.asked) == 10


def test_where_it_cannot_be_asked_what_lies_before_nothing_is_cut(
    tap: TapIntercom, intercom: Intercom
) -> None:
    there = paged("tickets", rows(9000, 8999), rows(8998), [], total=18)

    def failing(asked: Asked) -> Any:
        is_count = (asked.body or {})["pagination"]["per_page"] == 1
        return answer(422, {}) if is_count else there(asked)

    intercom.put(TICKETS, failing)
    parts = parted(tap)
    (pages, _), [rest] = parts.read(stretched(parts))
    assert (pages[0], rest.may_be_cut) == (Disorder(), False)


def test_what_lies_before_is_counted_with_all_that_was_read_of_the_stretch(
    tap: TapIntercom, intercom: Intercom
) -> None:
    """The first page is of one second, and cannot be cut; the next one can."""
    there = [rows(9000, 9000), rows(8000, 7000), [], []]
    intercom.put(TICKETS, with_before(paged("tickets", *there, total=18), 3))
    parts = parted(tap)
    _, [rest] = parts.read(stretched(parts))
    _, following = parts.read(rest)
    assert len(following) > 1
    assert bounds(intercom.asked[-1].body["query"]) == (0, STARTED - 7000)


def test_a_search_that_ignores_the_order_gives_all_and_moves_its_bookmark_at_the_end(
    tap: TapIntercom, intercom: Intercom, caplog: pytest.LogCaptureFixture
) -> None:
    """Of pages of two, the first is in order by chance."""
    there = rows(*(7000 + (37 * number) % 101 for number in range(20)))
    assert there[0]["updated_at"] > there[1]["updated_at"]
    there[0], there[1] = there[1], there[0]

    def ask(asked: Asked) -> Any:
        since, before = bounds(asked.body["query"])
        found = [row for row in there if (since or 0) <= row["updated_at"] < (before or STARTED)]
        place = asked.body["pagination"]
        at, size = int(place.get("starting_after", 0)), place["per_page"]
        more = {"next": {"starting_after": str(at + size)}} if at + size < len(found) else {}
        return {"tickets": found[at : at + size], "pages": more, "total_count": len(found)}

    intercom.put(TICKETS, ask)
    stream = Gathered(tap, tap.run)
    pages = list(stream.pages(reaching(stream)))
    assert sorted(ids_of(pages)) == sorted(row["id"] for row in there)
    newest = max(row["updated_at"] for row in there)
    assert reached(pages) == [None] * (len(pages) - 1) + [newest]
    assert "did not give these by the time of their change" in caplog.text
    assert stream.account.short == {}


def test_what_cannot_be_cut_is_read_on(tap: TapIntercom, intercom: Intercom) -> None:
    there = [[{"id": f"{page}{one}", "updated_at": 5} for one in "ab"] for page in range(9)]
    intercom.put(TICKETS, paged("tickets", *there, total=18))
    parts = parted(tap)
    found: list[list[str]] = []
    line = [stretched(parts)]
    while line:
        pages, line = read(parts, line[0])
        found += pages
        assert len(line) <= 1
    assert [one for page in found for one in page] == [
        row["id"] for page in there for row in page
    ]  # fmt: skip
    assert len(intercom.asked) == 9


def test_the_last_page_of_a_stretch_is_compared_with_the_count(
    tap: TapIntercom, intercom: Intercom
) -> None:
    pages = [rows(9000 - 2 * one, 8999 - 2 * one) for one in range(4)]
    intercom.put(TICKETS, with_before(paged("tickets", *pages, total=9), 1))
    parts = parted(tap)
    # Seven would be left after a page, which is cut: so the rest is read of what was begun.
    begun = stretched(parts)
    _, [first, *_] = read(parts, begun)
    assert parts.stream.account.short == {}
    intercom.put(TICKETS, {"tickets": rows(8000), "total_count": 3})
    read(parts, first)
    assert parts.stream.account.short == {"tickets": (1, 3)}
    read(parts, Stretch(begun.request, begun.since, begun.before, read=2))
    assert parts.stream.account.short == {"tickets": (1, 3)}
    read(parts, Stretch(begun.request, begun.since, begun.before, read=1))
    assert parts.stream.account.short == {"tickets": (3, 6)}


@pytest.mark.parametrize(
    ("second", "name", "new"),
    [
        (4, "other", False),
        (4, "known", False),
        (5, "known", False),
        (5, 7, False),
        (5, "other", True),
        (5.5, "other", True),
        (5.5, "known", False),
        (6, "known", True),
        (6, "other", True),
        (None, "known", True),
        ("odd", "known", True),
    ],
)
def test_what_was_on_the_page_before_is_not_new(
    tap: TapIntercom, second: Any, name: Any, *, new: bool
) -> None:
    parts = parted(tap)
    record = {"id": name, "updated_at": second}
    assert parts.is_new(record, (5, {"known", "7"})) is new
    assert parts.is_new(record, None)


def test_what_the_first_part_repeats_is_given_out_once(
    tap: TapIntercom, intercom: Intercom
) -> None:
    """A search in memory, of ten pages, cut after the first."""
    there = rows(*range(9000, 8980, -1))

    def page(asked: Asked) -> Any:
        since, before = bounds(asked.body["query"])
        held = [
            one for one in there if (since or 0) <= one["updated_at"] < (before or STARTED)
        ]  # fmt: skip
        begin = int(asked.body.get("pagination", {}).get("starting_after", 0))
        more = begin + 2 < len(held)
        following = {"next": {"starting_after": str(begin + 2)}} if more else {}
        return {"tickets": held[begin : begin + 2], "pages": following, "total_count": len(held)}

    intercom.put(TICKETS, page)
    stream = Gathered(tap, tap.run)
    assert ids_of(stream.pages(reaching(stream))) == [row["id"] for row in there]
    assert len({*asked_for(intercom)}) > 2  # it was cut
    assert stream.account.short == {}


# What is read whole while it moves


def test_what_moved_while_parts_were_read_is_asked_for_last(
    tap: TapIntercom, intercom: Intercom
) -> None:
    there = [rows(9000 - 2 * one, 8999 - 2 * one) for one in range(4)]
    parts = paged("tickets", *there, total=8)
    late = paged("tickets", rows(1, 0), rows(-1, -2))

    def page(asked: Asked) -> Any:
        since, _ = bounds(asked.body["query"])
        return late(asked) if since == STARTED else parts(asked)

    intercom.put(TICKETS, page)
    stream = Gathered(tap, tap.run)
    found = ids_of(stream.pages(stream.reach().whole()))
    assert found == [row["id"] for page in there for row in page] + ["0", "-1", "-2"]
    assert asked_for(intercom)[-2:] == [(STARTED, None)] * 2

    del intercom.asked[:]
    assert len(ids_of(stream.pages(reaching(stream)))) == 8
    assert (STARTED, None) not in asked_for(intercom)  # of what has an end, the next run finds it


def test_of_one_part_nothing_has_moved(tap: TapIntercom, intercom: Intercom) -> None:
    intercom.put(TICKETS, paged("tickets", rows(9000, 8000), rows(7000), total=3))
    stream = Gathered(tap, tap.run)
    assert ids_of(stream.pages(stream.reach().whole())) == ["9000", "8000", "7000"]
    assert asked_for(intercom) == [(0, None)] * 2


# When a page is too much


def test_a_page_that_is_too_much_is_asked_for_smaller(
    tickets: Search, intercom: Intercom, naps: list[float]
) -> None:
    intercom.put(TICKETS, answer(504), answer(504), answer(502), answer(502), {"tickets": rows(9)})
    assert ids_of(tickets.pages(reaching(tickets))) == ["9"]
    sizes = [one.body["pagination"]["per_page"] for one in intercom.to(TICKETS)]
    assert sizes == [150, 150, 50, 50, 16]
    assert len(naps) == 4


def test_a_probe_asks_for_the_first_page_of_a_first_run(
    make_tap: Callable[..., TapIntercom],
) -> None:
    tap = make_tap(start_date=times.canonical(STARTED - DAY))
    tap.load_state({"bookmarks": {"tickets": {"replication_key_value": STARTED - 50}}})
    intercom = Intercom().before(tap)
    intercom.put(TICKETS, paged("tickets", rows(9000, 8000), rows(7), total=5))
    glimpse = tap.streams["tickets"].probe(None)
    assert (glimpse.records, glimpse.pages, glimpse.sample) == (5, 3, rows(9000, 8000))
    assert asked_for(intercom) == [(STARTED - DAY, STARTED + 1)]
    assert moment(STARTED) == tap.run.started_at


@pytest.mark.parametrize(
    "body",
    [
        {"type": "company.list", "tickets": []},
        {"type": "list", "tickets": [{"type": "contact", "id": "1"}]},
    ],
    ids=str,
)
def test_the_records_of_another_search_are_none(tap: TapIntercom, body: dict[str, Any]) -> None:
    tickets = tap.streams["tickets"]
    with pytest.raises(Garbled, match="a search for tickets is about a co"):
        tickets.dig(body)
    assert tickets.dig({"type": "ticket.list", "tickets": [{"type": "ticket"}]})
