"""A scroll is read to its end before a record of it is given out, and once for all who want it.

How often it may break is shown by `test_streams.py` and `test_fuzz_shapes.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from answering import answer
from intercom import DAY, STARTED, Intercom, ids_of, quick, reached, reaching, scrolled, synced

from tap_intercom.api.errors import IntercomError, NotAvailable, ScrollLost
from tap_intercom.records import times

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_intercom.shapes.shape import Shape
    from tap_intercom.tap import TapIntercom

PATH = "/companies/scroll"
EXISTS = answer(400, {"errors": [{"code": "scroll_exists"}]})


@pytest.fixture
def make_tap(make_tap: Callable[..., TapIntercom]) -> Callable[..., TapIntercom]:  # noqa: ARG001
    return quick  # it is quick, and the one that it takes the place of keeps the signals


def ago(*days: float) -> list[dict[str, Any]]:
    return [{"id": str(one), "updated_at": int(STARTED - one * DAY)} for one in days]


@pytest.fixture
def intercom(tap: TapIntercom) -> Intercom:
    return Intercom().before(tap)


@pytest.fixture
def companies(tap: TapIntercom) -> Shape:
    return tap.streams["companies"]


pytestmark = pytest.mark.usefixtures("naps")


def test_a_scroll_goes_on_by_its_parameter_to_an_empty_page(
    companies: Shape, intercom: Intercom
) -> None:
    intercom.put(PATH, scrolled(ago(5, 2), ago(9)))
    found = list(companies.pages(reaching(companies)))
    assert [page.records for page in found] == [ago(5, 2), ago(9), []]
    assert reached(found) == [None, None, STARTED - 2 * DAY]
    assert [one.query.get("scroll_param") for one in intercom.asked] == [None, "1", "2"]


def test_only_what_is_within_reach_comes(companies: Shape, intercom: Intercom) -> None:
    intercom.put(PATH, scrolled([*ago(5, 4, 3, 2, 1), {"id": "undated"}]))
    found = list(companies.pages(reaching(companies, STARTED - 4 * DAY, STARTED - 2 * DAY)))
    assert ids_of(found) == ["4", "3", "2", "undated"]
    assert reached(found) == [None, STARTED - DAY]


def test_companies_that_tell_no_time_say_nothing_of_how_far_they_reach(
    companies: Shape, intercom: Intercom
) -> None:
    intercom.put(PATH, scrolled([{"id": "1"}], [{"id": "2", "updated_at": "odd"}]))
    found = list(companies.pages(reaching(companies)))
    assert ids_of(found) == ["1", "2"]
    assert reached(found) == [None, None, None]


def test_nothing_is_given_out_before_the_scroll_has_ended(
    companies: Shape, intercom: Intercom
) -> None:
    intercom.put(PATH, scrolled(ago(5), ago(4), ago(3)))
    next(companies.pages(reaching(companies)))
    assert len(intercom.asked) == 4


def test_an_empty_workspace_has_no_companies(companies: Shape, intercom: Intercom) -> None:
    intercom.put(PATH, {"data": [], "scroll_param": "s"})
    assert reached(companies.pages(reaching(companies))) == [None]


def test_all_streams_of_companies_share_the_scroll_of_the_run(intercom: Intercom) -> None:
    one, other = ago(3, 9)
    one["tags"] = {"tags": [{"id": "t"}]}
    intercom.put(PATH, scrolled([one], [other]))
    intercom.put("/companies/3/segments", {"data": []})
    intercom.put("/companies/9/segments", {"data": [{"id": "s"}]})
    run = synced(intercom, "companies", "company_tags", "company_segments")
    assert run.error is None
    assert run.ids("companies") == ["3", "9"]
    assert [row["company_id"] for row in run.rows("company_tags")] == ["3"]
    assert [row["company_id"] for row in run.rows("company_segments")] == ["9"]
    assert len(intercom.to(PATH)) == 3


@pytest.mark.parametrize(
    "failure",
    [
        answer(500),
        answer(429),
        answer(409, {"errors": [{"code": "scroll_exists"}]}),
        EXISTS,
        requests.Timeout("slow"),
        answer(200, b""),
        answer(200, {"type": "list"}),
        answer(404),
    ],
    ids=["500", "429", "409", "400", "slow", "empty", "no list", "page"],
)
def test_a_scroll_that_does_not_begin_is_asked_for_again(
    companies: Shape, intercom: Intercom, naps: list[float], failure: Any
) -> None:
    intercom.put(PATH, failure, scrolled(ago(1)))
    assert ids_of(companies.pages(reaching(companies))) == ["1"]
    assert len(naps) == 1
    assert [one.query.get("scroll_param") for one in intercom.asked] == [None, None, "1"]


@pytest.mark.parametrize(
    "failure",
    [
        answer(408),
        answer(500),
        answer(503),
        answer(404),
        answer(410),
        answer(403, b"<html>"),
        EXISTS,
        requests.Timeout("slow"),
        answer(200, b"{"),
    ],
    ids=str,
)
def test_a_scroll_that_breaks_begins_anew_and_repeats_nothing(
    companies: Shape, intercom: Intercom, naps: list[float], failure: Any
) -> None:
    scroll = scrolled(ago(1), ago(2))
    intercom.put(PATH, scroll, failure, scroll)
    assert ids_of(companies.pages(reaching(companies))) == ["1", "2"]
    assert [one.query.get("scroll_param") for one in intercom.asked] == [
        *(None, "1"),
        *(None, "1", "2"),
    ]
    assert naps == []


def test_a_429_does_not_break_a_scroll(
    companies: Shape, intercom: Intercom, naps: list[float]
) -> None:
    scroll = scrolled(ago(1), ago(2))
    intercom.put(PATH, scroll, answer(429), scroll)
    assert ids_of(companies.pages(reaching(companies))) == ["1", "2"]
    assert [one.query.get("scroll_param") for one in intercom.asked] == [None, "1", "1", "2"]
    assert len(naps) == 1


def test_a_scroll_that_is_refused_in_its_middle_is_not_begun_anew(
    companies: Shape, intercom: Intercom
) -> None:
    intercom.put(PATH, scrolled(ago(1)), answer(403, {"errors": [{"code": "forbidden"}]}))
    with pytest.raises(NotAvailable):
        list(companies.pages(reaching(companies)))
    assert len(intercom.asked) == 2


@pytest.mark.parametrize("body", [{"data": ago(1)}, ago(1), {"data": ago(1), "scroll_param": ""}])
def test_a_page_that_names_no_way_on_is_no_end(
    companies: Shape, intercom: Intercom, body: Any
) -> None:
    intercom.put(PATH, body)
    with pytest.raises(ScrollLost, match="does not say how to go on"):
        list(companies.pages(reaching(companies)))
    assert len(intercom.asked) == 10


def test_404s_at_different_places_are_no_end(companies: Shape, intercom: Intercom) -> None:
    one, two = ({"data": ago(*days), "scroll_param": "s"} for days in ((1, 3), (2,)))
    lost = answer(404, {})
    intercom.put(PATH, one, lost, one, two, lost, one, two, lost)
    assert ids_of(companies.pages(reaching(companies))) == ["1", "3", "2"]
    assert len(intercom.asked) == 8


LOST = answer(404, {})


def scroll_pages(*sizes: int, **fields: Any) -> list[dict[str, Any]]:
    """The pages of a scroll that holds so many companies on each."""
    ids = iter(range(10_000))
    rows = [[{"id": str(next(ids)), **fields} for _ in range(size)] for size in sizes]
    return [{"data": one, "scroll_param": str(number)} for number, one in enumerate(rows)]


def listed(intercom: Intercom, *totals: int) -> None:
    more = {"pages": {"page": 1, "total_pages": 9}}
    pages = [{"data": [{"id": "1"}], "total_count": total, **more} for total in totals]
    intercom.put("/companies/list", *pages)


def test_a_404_that_comes_twice_after_a_full_page_is_no_end_where_more_are_counted(
    companies: Shape, intercom: Intercom
) -> None:
    intercom.put(PATH, *[*scroll_pages(100, 100, 100), LOST] * 10)
    listed(intercom, 1_000)
    with pytest.raises(ScrollLost, match="after 300 companies, and the last page of them was full"):
        list(companies.pages(reaching(companies)))
    assert len(intercom.to(PATH)) == 40


def test_it_is_read_on_where_the_scroll_goes_on_later(companies: Shape, intercom: Intercom) -> None:
    broken, whole = scroll_pages(100), scroll_pages(100, 100, 50, 0)
    intercom.put(PATH, *[*broken, LOST] * 4, *whole)
    listed(intercom, 250)
    assert len(ids_of(companies.pages(reaching(companies)))) == 250


@pytest.mark.parametrize(("with_users", "without"), [(200, 0), (150, 50), (0, 200)])
def test_full_pages_are_all_when_they_have_as_many_as_are_counted(
    companies: Shape, intercom: Intercom, with_users: int, without: int
) -> None:
    """Those without users are scrolled over, and not counted."""
    pages = scroll_pages(100, 100, user_count=3)
    for row in [row for page in pages for row in page["data"]][:without]:
        row["user_count"] = 0
    intercom.put(PATH, *[*pages, LOST] * 2)
    listed(intercom, with_users)
    assert len(ids_of(companies.pages(reaching(companies)))) == 200
    assert len(intercom.to(PATH)) == 6
    assert len(intercom.to("/companies/list")) == 1


def test_full_pages_of_those_without_users_are_not_taken_for_the_others(
    companies: Shape, intercom: Intercom
) -> None:
    intercom.put(PATH, *[*scroll_pages(100, user_count=0), LOST] * 10)
    listed(intercom, 50)
    with pytest.raises(ScrollLost):
        list(companies.pages(reaching(companies)))


@pytest.mark.parametrize("refused", [answer(403, {"errors": []}), answer(404, {}), answer(200, {})])
def test_where_nothing_is_counted_a_full_page_is_no_end(
    companies: Shape, intercom: Intercom, refused: Any
) -> None:
    intercom.put(PATH, *[*scroll_pages(100), LOST] * 10).put("/companies/list", refused)
    with pytest.raises(ScrollLost, match="nothing that Intercom counts shows"):
        list(companies.pages(reaching(companies)))


def test_a_scroll_that_counts_by_itself_is_believed(companies: Shape, intercom: Intercom) -> None:
    pages = [{**one, "total_count": 200} for one in scroll_pages(100, 100)]
    intercom.put(PATH, *[pages[0], LOST] * 2, *[*pages, LOST] * 2)
    assert len(ids_of(companies.pages(reaching(companies)))) == 200
    assert intercom.to("/companies/list") == []


@pytest.mark.parametrize(
    "scrolls",
    [
        [(100, 1), (100, 2)],
        [(100, 99), (100, 100), (100, 100, 1), (100, 100, 2)],
        [(100, 3), (100, 2)],
        [(130, 120), (130, 121)],
    ],
    ids=str,
)
def test_a_workspace_that_grows_or_shrinks_meanwhile_ends_well(
    companies: Shape, intercom: Intercom, scrolls: list[tuple[int, ...]]
) -> None:
    intercom.put(PATH, *[one for sizes in scrolls for one in (*scroll_pages(*sizes), LOST)])
    listed(intercom, 201)
    assert len(ids_of(companies.pages(reaching(companies)))) == sum(scrolls[-1])
    assert len(intercom.to(PATH)) == sum(map(len, scrolls)) + len(scrolls)


def test_what_broke_otherwise_is_no_end_at_all(companies: Shape, intercom: Intercom) -> None:
    one, two = ({"data": ago(day), "scroll_param": "s"} for day in (1, 2))
    end = {"data": [], "scroll_param": "s"}
    intercom.put(PATH, one, answer(500), one, answer(404, {}), one, answer(500), one, two, end)
    assert ids_of(companies.pages(reaching(companies))) == ["1", "2"]


def test_a_page_that_came_before_is_a_circle(companies: Shape, intercom: Intercom) -> None:
    page = {"data": ago(1), "scroll_param": "a"}
    other = {"data": ago(2), "scroll_param": "b"}
    intercom.put(PATH, page, other, page)
    with pytest.raises(IntercomError, match="round in circles"):
        list(companies.pages(reaching(companies)))


def test_a_scroll_that_failed_is_not_begun_again_for_the_next_stream(
    tap: TapIntercom, intercom: Intercom
) -> None:
    intercom.put(PATH, answer(403, {"errors": []}), scrolled(ago(1)))
    for name in ("companies", "company_tags"):
        with pytest.raises(NotAvailable, match="companies: Intercom answered 403"):
            list(tap.streams[name].pages(reaching(tap.streams[name])))
    assert len(intercom.asked) == 1


@pytest.mark.parametrize(("total", "pages"), [(0, 1), (1, 2), (100, 2), (101, 3), (None, None)])
def test_a_probe_counts_by_the_list_and_opens_no_scroll(
    companies: Shape, intercom: Intercom, total: int | None, pages: int | None
) -> None:
    more = {"pages": {"page": 1, "total_pages": 9}} if total is None else {"total_count": total}
    intercom.put("/companies/list", {"data": ago(1)[: total if total is not None else 1], **more})
    glimpse = companies.probe(None)
    assert (glimpse.records, glimpse.pages) == (total, pages)
    assert ("without users" in glimpse.advice) == (total is not None)
    assert intercom.paths == ["/companies/list"]
    assert companies.account.calls == 1


def test_start_and_end_date_are_for_the_companies_and_not_for_what_has_no_bookmark(
    make_tap: Callable[..., TapIntercom],
) -> None:
    bounds = {"start_date": times.canonical(STARTED - 4 * DAY), "end_date": "2026-05-30"}
    tap = make_tap(**bounds)
    there = ago(900, 4, 3, 2, -1)
    for one in there:
        one["tags"] = {"tags": [{"id": f"tag-{one['id']}"}]}
    Intercom().before(tap).put(PATH, scrolled(there))
    assert [one["id"] for one in tap.streams["companies"].get_records()] == ["4", "3"]
    tags = [one["id"] for one in tap.streams["company_tags"].get_records()]
    assert tags == [f"tag-{one['id']}" for one in there]
