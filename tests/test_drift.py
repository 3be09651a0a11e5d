"""When a list is read again, and what comes of that, where it is easier said than let happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from intercom import DAY, STARTED, Asked, Intercom, ids_of, quick, reached, reaching

from tap_intercom.shapes import drift

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_intercom.shapes.shape import Shape
    from tap_intercom.tap import TapIntercom

SIZE = 2


@pytest.fixture
def make_tap(make_tap: Callable[..., TapIntercom]) -> Callable[..., TapIntercom]:  # noqa: ARG001
    return quick  # it is quick, and the one that it takes the place of keeps the signals


@pytest.fixture
def intercom(tap: TapIntercom) -> Intercom:
    return Intercom().before(tap)


@pytest.fixture
def calls(tap: TapIntercom) -> Shape:
    return tap.streams["calls"]


def old(*names: str, **more: Any) -> list[dict[str, Any]]:
    return [
        {"id": name, "created_at": STARTED - 9 * DAY, "updated_at": STARTED - DAY, **more}
        for name in names
    ]


def numbered(*readings: list[list[dict[str, Any]]], counts: Any = None) -> Callable[[Asked], Any]:
    """Answer with pages by number, of one reading after the other, and the last again and again."""
    state = {"reading": -1}

    def page(asked: Asked) -> Any:
        number = int(asked.query.get("page", "1"))
        state["reading"] = min(state["reading"] + (number == 1), len(readings) - 1)
        pages = readings[state["reading"]]
        total = sum(map(len, pages)) if counts is None else counts[state["reading"]][number - 1]
        place = {"page": number, "total_pages": len(pages)}
        counted = {} if total == "none" else {"total_count": total}
        return {"data": pages[number - 1], "pages": place, **counted}

    return page


def pages_asked(intercom: Intercom) -> list[str]:
    return [one.query.get("page", "1") for one in intercom.to("/calls")]


def test_a_list_that_brings_what_it_counts_is_read_once(calls: Shape, intercom: Intercom) -> None:
    intercom.put("/calls", numbered([old("1", "2"), old("3", "4"), old("5")]))
    assert ids_of(calls.pages(reaching(calls))) == ["1", "2", "3", "4", "5"]
    assert pages_asked(intercom) == ["1", "2", "3"]


def test_only_what_is_new_comes_of_another_reading(calls: Shape, intercom: Intercom) -> None:
    """And what has changed since the first one began."""
    late = {"updated_at": STARTED + 5}
    intercom.put(
        "/calls",
        numbered(
            [old("1", "2"), old("4", "5")],
            [[*old("2", **late), *old("3")], old("4", "5")],
            counts=[[5, 4], [4, 4]],
        ),
    )
    found = list(calls.pages(reaching(calls)))
    assert ids_of(found) == ["1", "2", "4", "5", "2", "3"]
    assert pages_asked(intercom) == ["1", "2"] * 2
    assert calls.account.short == {}
    assert reached(found)[-1] == STARTED + 5


def test_a_count_that_is_too_high_is_wrong_when_two_readings_bring_the_same(
    calls: Shape, intercom: Intercom
) -> None:
    intercom.put("/calls", numbered([old("1", "2"), old("3")], counts=[[9, 9]]))
    assert ids_of(calls.pages(reaching(calls))) == ["1", "2", "3"]
    assert pages_asked(intercom) == ["1", "2"] * 2
    assert calls.account.short == {"calls": (3, 9)}


def test_what_comes_twice_in_a_reading_counts_once(calls: Shape, intercom: Intercom) -> None:
    intercom.put(
        "/calls",
        numbered(
            [old("1", "2"), old("2", "3")], [old("4", "1"), old("2", "3")], counts=[[4, 4]] * 2
        ),
    )
    assert ids_of(calls.pages(reaching(calls))) == ["1", "2", "2", "3", "4"]
    assert calls.account.short == {}


@pytest.mark.parametrize("field", ["created_at", "updated_at", None])
def test_what_may_be_new_stands_for_nothing_that_is_old(
    calls: Shape, intercom: Intercom, field: str | None
) -> None:
    """One went and another came to the end, so the count is as it was, and one is missing."""
    new = {"id": "new", **({field: STARTED + DAY} if field else {})}
    intercom.put(
        "/calls",
        numbered([old("1", "2"), [*old("4"), new]], [old("2", "3"), [*old("4"), new]]),
    )
    found = ids_of(calls.pages(reaching(calls)))
    assert found[:5] == ["1", "2", "4", "new", "3"]
    assert found[5:] == ["new"] * (field == "updated_at")  # it may have changed again


def test_what_came_to_the_front_meanwhile_is_no_reason(calls: Shape, intercom: Intercom) -> None:
    """It is not yet in what was counted at first, and the next run finds it."""
    intercom.put("/calls", numbered([old("1", "2"), old("2", "3")], counts=[[3, 4]]))
    assert ids_of(calls.pages(reaching(calls))) == ["1", "2", "2", "3"]
    assert pages_asked(intercom) == ["1", "2"]
    assert calls.account.short == {}


def test_what_one_reading_misses_another_may_bring(calls: Shape, intercom: Intercom) -> None:
    """Each misses one, as in a busy list, and together they bring all that there was at first."""
    intercom.put(
        "/calls",
        numbered([old("1", "2"), old("4")], [old("3", "1"), old("4")], counts=[[4, 4]] * 2),
    )
    assert ids_of(calls.pages(reaching(calls))) == ["1", "2", "4", "3"]
    assert pages_asked(intercom) == ["1", "2"] * 2


def test_without_counts_two_readings_have_to_bring_the_same(
    calls: Shape, intercom: Intercom
) -> None:
    none = ["none"] * 2
    intercom.put(
        "/calls",
        numbered([old("1", "2"), old("4")], [old("2", "3"), old("4")], counts=[none, none]),
    )
    assert ids_of(calls.pages(reaching(calls))) == ["1", "2", "4", "3"]
    assert pages_asked(intercom) == ["1", "2"] * 3
    assert calls.account.short == {}


@pytest.mark.parametrize("total", [0, 1, 9, None])
def test_one_page_is_never_read_again(calls: Shape, intercom: Intercom, total: int | None) -> None:
    counted = {} if total is None else {"total_count": total}
    intercom.put("/calls", {"data": old("1", "2"), **counted})
    assert ids_of(calls.pages(reaching(calls))) == ["1", "2"]
    assert pages_asked(intercom) == ["1"]


def test_a_list_that_always_moves_moves_no_bookmark(calls: Shape, intercom: Intercom) -> None:
    readings = [[old(f"{one}-1", f"{one}-2"), old(f"{one}-3")] for one in range(9)]
    intercom.put("/calls", numbered(*readings, counts=[[4, 4]] * 9))
    found = list(calls.pages(reaching(calls)))
    assert pages_asked(intercom) == ["1", "2"] * drift.READINGS
    assert reached(found)[-1] is None
    assert calls.account.restless
    calls.account.progress = "ended"
    assert "the list moved each time that it was read" in calls.account.incomplete
    assert not calls.account.is_whole


def test_what_was_asked_beforehand_is_asked_anew_for_another_reading(
    calls: Shape, intercom: Intercom
) -> None:
    intercom.put(
        "/calls",
        numbered([old("1", "2"), old("4")], [old("2", "3"), old("4")], counts=[[4, 3], [3, 3]]),
    )
    reach = reaching(calls)
    calls.run.open([calls.opens(reach)])
    assert ids_of(calls.pages(reach)) == ["1", "2", "4", "3"]
    assert pages_asked(intercom) == ["1", "2"] * 2


def test_a_cursor_keeps_its_place(calls: Shape, intercom: Intercom) -> None:
    first = {"data": old("1"), "total_count": 9, "pages": {"page": 1, "total_pages": 2}}
    first["pages"]["next"] = {"page": 2, "starting_after": "b"}
    intercom.put("/calls", first, {"data": old("2"), "total_count": 3})
    assert ids_of(calls.pages(reaching(calls))) == ["1", "2"]
    assert len(intercom.to("/calls")) == 2
    assert calls.account.short == {"calls": (2, 3)}


def test_months_after_one_that_always_moved_move_no_bookmark(
    tap: TapIntercom, intercom: Intercom
) -> None:
    logs = tap.streams["activity_logs"]
    rows = iter(range(1_000))

    def page(asked: Asked) -> Any:
        later = int(asked.query["created_at_after"]) > STARTED - 20 * DAY
        row = {"id": str(next(rows)), "created_at": STARTED - DAY}
        number = int(asked.query.get("page", "1"))
        place = {"page": number, "total_pages": 1 if later else 2}
        return {"activity_logs": [row], "pages": place}

    intercom.put("/admins/activity_logs", page)
    found = list(logs.pages(reaching(logs, STARTED - 45 * DAY)))
    assert set(reached(found)) == {None}
    assert len(intercom.asked) == 2 * drift.READINGS + 1


@pytest.mark.parametrize("since", [None, STARTED - 20 * DAY])
def test_so_it_is_with_rows_that_every_parent_gathers(
    tap: TapIntercom, intercom: Intercom, since: int | None
) -> None:
    rows = tap.streams["data_connector_executions"]
    intercom.put("/data_connectors", {"data": [{"id": "c"}]})
    intercom.put(
        "/data_connectors/c/execution_results",
        numbered([old("1", "2"), old("4")], [old("2", "3"), old("4")], counts=[[4, 3], [3, 3]]),
    )
    found = list(rows.pages(reaching(rows, since)))
    assert ids_of(found) == ["1", "2", "4", "3"]
    assert reached(found)[-1] == STARTED


def test_rows_of_a_parent_that_always_moves_are_asked_for_again(
    tap: TapIntercom, intercom: Intercom
) -> None:
    rows = tap.streams["contact_notes"]
    intercom.put("/contacts/search", {"data": [{"id": "c", "updated_at": STARTED - DAY}]})
    readings = [[old(f"{one}-1", f"{one}-2"), old(f"{one}-3")] for one in range(9)]
    intercom.put("/contacts/c/notes", numbered(*readings, counts=[[4, 4]] * 9))
    assert ids_of(rows.pages(reaching(rows))) == []
    assert [one["id"] for one in rows.remembered] == ["c"]
    assert "moved each of the 5 times" in rows.account.lost["c"]
