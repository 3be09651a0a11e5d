"""The search grammar, and what a date means in it."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_intercom.sandbox.search import (
    CONVERSATIONS,
    Seconds,
    common,
    compiled,
    outside,
    spans_of,
    union,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from calling import Caller, Code, Json, Start

    from tap_intercom.sandbox.search import Span

ZONE = ZoneInfo("America/Los_Angeles")
DAY = 86_400


def one(field: str, operator: str, value: object) -> Json:
    return {"field": field, "operator": operator, "value": value}


def both(*members: Json) -> Json:
    return {"operator": "AND", "value": list(members)}


def either(*members: Json) -> Json:
    return {"operator": "OR", "value": list(members)}


def at(year: int, month: int, day: int, hour: int = 0) -> int:
    """Read a clock in Los Angeles."""
    return int(dt.datetime(year, month, day, hour, tzinfo=ZONE).timestamp())


@pytest.fixture
def days(start: Start) -> Caller:
    """Three contacts: the last second of a day, and both ends of the next, in the workspace."""
    intercom = start(size=1)
    for identity in [row["id"] for row in intercom.truth("contacts")]:
        intercom.sandbox.delete("contacts", identity)
    times = {
        "before": at(2026, 3, 8) - 1,
        "first": at(2026, 3, 8),
        "last": at(2026, 3, 9) - 1,
        "after": at(2026, 3, 9),
    }
    for identity, time in times.items():
        intercom.sandbox.put("contacts", {"id": identity, "updated_at": time})
    return intercom


# The clocks went forward on 2026-03-08 in Los Angeles: a day of 23 hours.
NOON = at(2026, 3, 8, 12)


@pytest.mark.parametrize("version", ["2.0", "2.11", "2.16"])
@pytest.mark.parametrize(
    ("operator", "found"),
    [("=", {"first", "last"}), (">", {"after"}), ("<", {"before"})],
)
@pytest.mark.parametrize(
    "value", [NOON, str(NOON), float(NOON), at(2026, 3, 8), at(2026, 3, 9) - 1], ids=repr
)
def test_contacts_compare_days_of_the_workspace_before_2_17(
    days: Caller, version: str, operator: str, found: set[str], value: object
) -> None:
    query = one("updated_at", operator, value)
    rows = days.using(version=version).found("contacts", query)
    assert {row["id"] for row in rows} == found


@pytest.mark.parametrize("operator", [">=", "<=", "!=", "IN", "NIN"])
def test_other_operators_on_days_are_refused(days: Caller, code: Code, operator: str) -> None:
    value = [NOON] if "IN" in operator else NOON
    answer = days.using(version="2.16").search("contacts", one("updated_at", operator, value))
    assert (answer.status_code, code(answer)) == (400, "parameter_invalid")


@pytest.mark.parametrize("version", ["2.17", "Preview"])
@pytest.mark.parametrize(
    ("operator", "value", "found"),
    [
        ("=", at(2026, 3, 8), {"first"}),
        ("=", NOON, set()),
        ("!=", at(2026, 3, 8), {"before", "last", "after"}),
        (">", at(2026, 3, 8), {"last", "after"}),
        (">=", at(2026, 3, 8), {"first", "last", "after"}),
        ("<", at(2026, 3, 8), {"before"}),
        ("<=", at(2026, 3, 8), {"before", "first"}),
        ("IN", [at(2026, 3, 8), at(2026, 3, 9)], {"first", "after"}),
        ("NIN", [at(2026, 3, 8), at(2026, 3, 9)], {"before", "last"}),
    ],
)
def test_contacts_compare_seconds_from_2_17(
    days: Caller, version: str, operator: str, value: object, found: set[str]
) -> None:
    query = one("updated_at", operator, value)
    rows = days.using(version=version).found("contacts", query)
    assert {row["id"] for row in rows} == found


def test_other_zones_have_other_days(start: Start) -> None:
    second = at(2026, 3, 8, 23)
    for zone, same_day in [("America/Los_Angeles", True), ("UTC", False)]:
        intercom = start(size=1, timezone=zone).using(version="2.16")
        intercom.sandbox.put("contacts", {"id": "c", "updated_at": second})
        found = intercom.found("contacts", one("updated_at", "=", at(2026, 3, 8, 1)))
        assert ("c" in {row["id"] for row in found}) is same_day


@pytest.mark.parametrize("table", ["conversations", "tickets"])
@pytest.mark.parametrize("version", ["2.11", "2.17"])
def test_conversations_and_tickets_compare_seconds_in_every_version(
    intercom: Caller, table: str, version: str
) -> None:
    caller = intercom.using(version=version)
    times = [row["updated_at"] for row in caller.truth(table)]
    edge = sorted(times)[len(times) // 2]
    for operator, expected in {
        ">": sum(time > edge for time in times),
        ">=": sum(time >= edge for time in times),
        "<": sum(time < edge for time in times),
        "<=": sum(time <= edge for time in times),
        "=": times.count(edge),
        "!=": len(times) - times.count(edge),
    }.items():
        answer = caller.search(table, one("updated_at", operator, edge)).json()
        assert answer["total_count"] == expected, operator


def test_companies_compare_days(start: Start) -> None:
    intercom = start()
    intercom.sandbox.put("companies", {"id": "c", "user_count": 1, "updated_at": NOON})
    found = intercom.found("companies", one("updated_at", "=", at(2026, 3, 8, 1)))
    assert [row["id"] for row in found] == ["c"]
    assert intercom.search("companies", one("updated_at", ">=", NOON)).status_code == 400


def test_adjacent_windows_cover_everything_once(intercom: Caller) -> None:
    times = sorted(row["updated_at"] for row in intercom.truth("conversations"))
    edges = [0, times[20], times[50], times[51], times[100], times[-1] + 1]
    seen = []
    for low, high in pairwise(edges):
        window = both(
            either(one("updated_at", ">", low), one("updated_at", "=", low)),
            one("updated_at", "<", high),
        )
        seen += [row["id"] for row in intercom.found("conversations", window, per_page=11)]
    assert sorted(seen) == sorted(row["id"] for row in intercom.truth("conversations"))


SOME = [
    (one("role", "=", "user"), lambda row: row["role"] == "user"),
    (one("role", "!=", "user"), lambda row: row["role"] != "user"),
    (one("email", "=", None), lambda row: row["email"] is None),
    (one("email", "~", "-1"), lambda row: "-1" in (row["email"] or "")),
    (one("email", "!~", "-1"), lambda row: "-1" not in (row["email"] or "")),
    (one("email", "^", "CONTACT-2"), lambda row: (row["email"] or "").startswith("contact-2")),
    (
        one("email", "$", "7@example.com"),
        lambda row: (row["email"] or "").endswith("7@example.com"),
    ),
    (one("owner_id", "IN", ["991267400"]), lambda row: row["owner_id"] == "991267400"),
    (one("owner_id", "NIN", [991267400]), lambda row: row["owner_id"] != "991267400"),
    (
        one("custom_attributes.monthly_spend", ">", "400"),
        lambda row: (row["custom_attributes"].get("monthly_spend") or 0) > 400,
    ),
    (
        both(one("role", "=", "lead"), either(EVER := one("updated_at", ">", 0), EVER)),
        lambda row: row["role"] == "lead",
    ),
    (
        one("tag_id", "=", "1234000"),
        lambda row: "1234000" in [tag["id"] for tag in row["tags"]["data"]],
    ),
]


@pytest.mark.parametrize(("query", "holds"), SOME, ids=[str(query)[:60] for query, _ in SOME])
def test_other_fields(intercom: Caller, query: Json, holds: Callable[[Json], bool]) -> None:
    expected = {row["id"] for row in intercom.truth("contacts") if holds(row)}
    assert 0 < len(expected) < 300
    rows = intercom.found("contacts", query, per_page=13)
    assert len(rows) == len(expected)
    assert {row["id"] for row in rows} == expected


FILTER = one("updated_at", ">", 0)


@pytest.mark.parametrize(
    "query",
    [
        both(*[FILTER] * 16),
        both(either(both(FILTER))),
        both(),
        {"operator": "XOR", "value": [FILTER]},
        {"operator": "AND", "value": FILTER},
        one("updated_at", "~", 1),
        one("updated_at", ">", "yesterday"),
        one("updated_at", ">", None),
        one("updated_at", "IN", 1),
        one("state", "is", "open"),
        {"field": "updated_at", "value": 1},
        {**FILTER, "extra": 1},
        {"operator": "AND", "value": [FILTER], "extra": 1},
        [FILTER],
    ],
    ids=str,
)
def test_what_the_grammar_does_not_allow(intercom: Caller, code: Code, query: Json) -> None:
    answer = intercom.search("conversations", query)
    assert (answer.status_code, code(answer)) == (400, "parameter_invalid")


@pytest.mark.parametrize("query", [both(*[FILTER] * 15), both(either(FILTER), FILTER)])
def test_what_it_just_allows(intercom: Caller, query: Json) -> None:
    assert intercom.search("conversations", query).json()["total_count"] == 150


def test_a_query_is_needed(intercom: Caller, code: Code) -> None:
    assert code(intercom.post("/contacts/search", {})) == "parameter_not_found"
    assert code(intercom.post("/contacts/search")) == "parameter_not_found"


@pytest.mark.parametrize(
    ("table", "field"), [("contacts", "nonsense"), ("companies", "plan.name"), ("tickets", "body")]
)
def test_unknown_fields_are_refused(
    intercom: Caller, code: Code, ever: Json, table: str, field: str
) -> None:
    assert code(intercom.search(table, one(field, "=", "x"))) == "invalid_field"
    assert code(intercom.search(table, ever, field=field)) == "invalid_field"


@pytest.mark.parametrize("order", ["asc", "desc", "up"])
def test_the_order_of_contacts_is_checked_from_2_16(
    intercom: Caller, code: Code, ever: Json, order: str
) -> None:
    new = intercom.using(version="2.16").search("contacts", ever, order=order)
    assert (new.status_code, code(new)) == (400, "invalid_sort_order")
    old = intercom.using(version="2.15").search("contacts", ever, order=order)
    assert old.status_code == 200


def test_descending_is_the_default(intercom: Caller, ever: Json) -> None:
    for sort in ({"field": "updated_at"}, {"field": "updated_at", "order": "descending"}):
        answer = intercom.post("/contacts/search", {"query": ever, "sort": sort}).json()
        times = [row["updated_at"] for row in answer["data"]]
        assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("field", ["id", "created_at", "last_seen_at", "signed_up_at"])
@pytest.mark.parametrize("order", ["ascending", "descending"])
def test_any_field_can_order_and_missing_values_are_least(
    intercom: Caller, ever: Json, field: str, order: str
) -> None:
    rows = intercom.found("contacts", ever, per_page=41, field=field, order=order)
    assert len({row["id"] for row in rows}) == len(rows) == 300
    if field == "id":
        keys = [row["id"] for row in rows]
    else:
        keys = [float("-inf") if row[field] is None else row[field] for row in rows]
    assert keys == sorted(keys, reverse=order == "descending")


SECONDS = st.integers(-20, 20)
LEAVES = st.builds(
    one,
    st.just("updated_at"),
    st.sampled_from(["=", "!=", ">", "<", ">=", "<="]),
    SECONDS,
)
QUERIES = st.one_of(
    LEAVES,
    st.builds(
        lambda operator, members: {"operator": operator, "value": members},
        st.sampled_from(["AND", "OR"]),
        st.lists(
            st.one_of(
                LEAVES,
                st.builds(
                    lambda operator, members: {"operator": operator, "value": members},
                    st.sampled_from(["AND", "OR"]),
                    st.lists(LEAVES, min_size=1, max_size=4),
                ),
            ),
            min_size=1,
            max_size=4,
        ),
    ),
)


def meant(query: Json, second: int) -> bool:
    """Say what a query means, in the plainest way."""
    if "field" in query:
        value = query["value"]
        answer: dict[str, bool] = {
            "=": second == value,
            "!=": second != value,
            ">": second > value,
            "<": second < value,
            ">=": second >= value,
            "<=": second <= value,
        }
        return answer[query["operator"]]
    answers = [meant(member, second) for member in query["value"]]
    return all(answers) if query["operator"] == "AND" else any(answers)


@given(QUERIES, SECONDS)
def test_spans_mean_what_the_query_says(query: Json, second: int) -> None:
    condition = compiled(query, CONVERSATIONS, Seconds())
    spans = spans_of(condition, "updated_at")
    assert spans is not None
    assert spans == union(spans)
    expected = meant(query, second)
    assert any(low <= second <= high for low, high in spans) is expected
    assert condition.holds({"updated_at": second}) is expected


SPANS = st.lists(st.tuples(SECONDS, SECONDS), max_size=5).map(union)


@given(SPANS, SPANS, SECONDS)
def test_the_arithmetic_of_spans(left: list[Span], right: list[Span], second: int) -> None:
    def within(spans: list[Span]) -> bool:
        return any(low <= second <= high for low, high in spans)

    assert within(union(left + right)) is (within(left) or within(right))
    assert within(common(left, right)) is (within(left) and within(right))
    assert within(outside(left)) is not within(left)


def test_a_search_that_lags_finds_what_was_changed_later(start: Start) -> None:
    """New records are missing, changed ones stand in their old place with their new content."""
    intercom = start(search_lag=300)
    old = intercom.truth("contacts")
    one = max(old, key=lambda row: row["updated_at"])
    now = int(intercom.sandbox.now())
    intercom.sandbox.put("contacts", {"id": one["id"], "name": "New name", "updated_at": now})
    intercom.sandbox.put("contacts", {**one, "id": "new", "updated_at": now})
    by_old_time = {"field": "updated_at", "operator": "=", "value": one["updated_at"]}
    by_new_time = {"field": "updated_at", "operator": "=", "value": now}

    assert [row["name"] for row in intercom.found("contacts", by_old_time)] == ["New name"]
    assert intercom.found("contacts", by_new_time) == []
    assert intercom.get(f"/contacts/{one['id']}").json()["name"] == "New name"
    assert intercom.get("/contacts/new").status_code == 200
    assert "new" in {row["id"] for row in intercom.listed("/contacts")}

    intercom.sandbox.advance(301)
    assert {row["id"] for row in intercom.found("contacts", by_new_time)} == {one["id"], "new"}
    assert intercom.found("contacts", by_old_time) == []


def test_a_search_that_lags_takes_each_change_in_its_turn(start: Start) -> None:
    intercom = start(search_lag=300)
    identity = intercom.truth("tickets")[0]["id"]
    now = int(intercom.sandbox.now())
    for minutes in (1, 2, 3):
        intercom.sandbox.put("tickets", {"id": identity, "updated_at": now - 60 * minutes})
        intercom.sandbox.advance(120)
    found = [
        minutes
        for minutes in (1, 2, 3)
        if identity
        in {
            row["id"]
            for row in intercom.found(
                "tickets",
                {"field": "updated_at", "operator": "=", "value": now - 60 * minutes},
            )
        }
    ]
    assert found == [1]


def test_what_is_deleted_is_gone_from_a_search_that_lags(start: Start, ever: Json) -> None:
    intercom = start(search_lag=300)
    gone = intercom.truth("conversations")[0]["id"]
    intercom.sandbox.put("conversations", {"id": gone, "updated_at": 1})
    intercom.sandbox.delete("conversations", gone)
    assert gone not in {row["id"] for row in intercom.found("conversations", ever)}


def test_companies_with_users_are_searched_by_their_old_time(start: Start) -> None:
    intercom = start(search_lag=300)
    now = int(intercom.sandbox.now())
    company = next(
        row
        for row in intercom.truth("companies")
        if row["user_count"] and row["updated_at"] < now - 3 * 86_400
    )
    at_first = {"field": "updated_at", "operator": "=", "value": company["updated_at"]}
    today = {"field": "updated_at", "operator": "=", "value": now}
    for _ in range(2):
        intercom.sandbox.put("companies", {"id": company["id"], "updated_at": now})
        assert company["id"] in {row["id"] for row in intercom.found("companies", at_first)}
        assert company["id"] not in {row["id"] for row in intercom.found("companies", today)}
    intercom.sandbox.advance(301)
    assert company["id"] in {row["id"] for row in intercom.found("companies", today)}
