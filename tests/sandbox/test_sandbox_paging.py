"""Every style of paging hands out every record once."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

if TYPE_CHECKING:
    import requests
    from calling import Caller, Code, Json, Start


def ids(rows: list[Json]) -> list[str]:
    return sorted(str(row["id"]) for row in rows)


def with_users(companies: list[Json]) -> list[Json]:
    return [company for company in companies if company["user_count"] != 0]


WHOLE = [
    ("/admins?display_avatar=true", "admins", "admins"),
    ("/teams", "teams", "teams"),
    ("/tags", "data", "tags"),
    ("/segments?type=company&include_count=true", "segments", "segments_of_companies"),
    ("/ticket_types", "data", "ticket_types"),
    ("/data_attributes?model=contact&include_archived=true", "data", "contact_attributes"),
    ("/data_attributes?model=company", "data", "company_attributes"),
]


@pytest.mark.parametrize(("path", "key", "resource"), WHOLE)
def test_a_whole_list_is_the_truth(intercom: Caller, path: str, key: str, resource: str) -> None:
    answer = intercom.get(path).json()
    assert answer[key] == intercom.truth(resource)
    assert "pages" not in answer


@pytest.mark.parametrize(
    ("path", "key", "field"),
    [("/admins", "admins", "avatar"), ("/segments", "segments", "count")],
)
def test_some_fields_are_for_those_who_ask(
    intercom: Caller, path: str, key: str, field: str
) -> None:
    rows = intercom.get(path).json()[key]
    assert rows
    assert not any(field in row for row in rows)


def test_me_is_the_workspace(intercom: Caller) -> None:
    assert [intercom.get("/me").json()] == intercom.truth("workspace")
    assert intercom.get("/me").json()["app"]["timezone"] == "America/Los_Angeles"


CURSORED = [
    ("/contacts", "data", "contacts", 50),
    ("/conversations", "conversations", "conversations", 20),
]


@pytest.mark.parametrize("case", CURSORED)
@pytest.mark.parametrize("size", [None, 7, 150])
def test_cursors_in_the_query(intercom: Caller, size: int | None, case: tuple[Any, ...]) -> None:
    path, key, resource, default = case
    rows, query = [], {} if size is None else {"per_page": size}
    while True:
        answer = intercom.get(path, **query).json()
        assert len(answer[key]) <= (size or default)
        rows += answer[key]
        following = answer["pages"].get("next")
        if not following:
            break
        query["starting_after"] = following["starting_after"]
    assert ids(rows) == ids(intercom.truth(resource))
    assert answer["total_count"] == len(rows)
    assert answer["pages"]["page"] == answer["pages"]["total_pages"]


def test_conversations_are_listed_newest_first(intercom: Caller) -> None:
    rows = intercom.get("/conversations", per_page=150).json()["conversations"]
    times = [row["updated_at"] for row in rows]
    assert times == sorted(times, reverse=True)
    assert "conversation_parts" not in rows[0]


NUMBERED = [
    ("GET", "/companies", "data", "companies", 15, 60, True),
    ("POST", "/companies/list", "data", "companies", 15, 60, True),
    ("GET", "/articles", "data", "articles", 25, 250, False),
    ("GET", "/help_center/collections", "data", "collections", 20, 150, False),
    ("GET", "/conversations/deleted", "conversations", "deleted_conversations", 20, 60, True),
    (
        "GET",
        "/admins/activity_logs?created_at_after=1",
        "activity_logs",
        "activity_logs",
        20,
        250,
        True,
    ),
]


@pytest.mark.parametrize("case", NUMBERED)
def test_numbered_pages(intercom: Caller, code: Code, case: tuple[Any, ...]) -> None:
    method, path, key, resource, default, maximum, linked = case
    rows, number = [], 1
    while True:
        answer = intercom.call(method, path, params={"page": number, "per_page": 4}).json()
        rows += answer[key]
        following = answer["pages"].get("next")
        if number == answer["pages"]["total_pages"]:
            break
        number += 1
        if linked:
            assert following.startswith("https://api.intercom.io/")
            assert parse_qs(urlsplit(following).query)["page"] == [str(number)]
        else:
            assert "next" not in answer["pages"]
    assert not following
    truth = intercom.truth(resource)
    assert ids(rows) == ids(with_users(truth) if resource == "companies" else truth)
    assert intercom.call(method, path).json()["pages"]["per_page"] == default
    assert intercom.call(method, path, params={"per_page": maximum}).status_code == 200
    too_many = intercom.call(method, path, params={"per_page": maximum + 1})
    assert (too_many.status_code, code(too_many)) == (400, "parameter_invalid")
    nonsense = intercom.call(method, path, params={"per_page": "abc"})
    assert (nonsense.status_code, code(nonsense)) == (400, "invalid_per_page")
    assert (
        intercom.call(method, path, params={"page": 9_000 if default > 15 else 600}).json()[key]
        == []
    )


@pytest.mark.parametrize(
    ("path", "field", "key"),
    [
        ("/articles", "updated_at", "data"),
        ("/help_center/collections", "updated_at", "data"),
        ("/conversations/deleted", "deleted_at", "conversations"),
        ("/admins/activity_logs?created_at_after=1", "created_at", "activity_logs"),
    ],
)
def test_newest_come_first(intercom: Caller, path: str, field: str, key: str) -> None:
    times = [row[field] for row in intercom.get(path).json()[key]]
    assert len(set(times)) > 1
    assert times == sorted(times, reverse=True)


def test_deleted_conversations_in_either_order(intercom: Caller, code: Code) -> None:
    down = intercom.get("/conversations/deleted", order="desc").json()["conversations"]
    up = intercom.get("/conversations/deleted", order="asc").json()["conversations"]
    assert up == down[::-1]
    assert code(intercom.get("/conversations/deleted", order="up")) == "parameter_invalid"


def test_listing_companies_ends_at_ten_thousand(intercom: Caller) -> None:
    def listed(page: int) -> requests.Response:
        return intercom.call("POST", "/companies/list", params={"page": page, "per_page": 60})

    assert listed(166).status_code == 200
    assert listed(167).status_code == 400
    assert "page limit reached, please use scroll API" in listed(167).text


def test_activity_logs_keep_to_their_window(intercom: Caller, code: Code) -> None:
    truth = sorted(row["created_at"] for row in intercom.truth("activity_logs"))
    after, before = truth[5], truth[20]
    answer = intercom.get(
        "/admins/activity_logs", created_at_after=after, created_at_before=before, per_page=250
    )
    times = sorted(row["created_at"] for row in answer.json()["activity_logs"])
    assert times == [time for time in truth if after < time < before]
    now = intercom.sandbox.now()
    recent = intercom.get("/admins/activity_logs", per_page=250).json()["activity_logs"]
    month = now - 30 * 86_400
    assert len(recent) == sum(time >= month - 1 for time in truth)
    assert code(intercom.get("/admins/activity_logs", created_at_after="2026-01-01")) == (
        "parameter_invalid"
    )


def test_activity_logs_needed_a_beginning_before_2_17(intercom: Caller, code: Code) -> None:
    answer = intercom.using(version="2.16").get("/admins/activity_logs")
    assert (answer.status_code, code(answer)) == (400, "parameter_not_found")


def test_a_cursor_says_where_its_page_ended(intercom: Caller, ever: Json) -> None:
    answer = intercom.search("conversations", ever, per_page=5).json()
    cursor = json.loads(base64.b64decode(answer["pages"]["next"]["starting_after"]))
    last = answer["conversations"][-1]
    assert cursor == [last["updated_at"] * 1_000, last["id"], 2]


@pytest.mark.parametrize("cursor", ["nonsense", "WzFd", "bm8=", "W251bGwsMSwieCJd", "é"])
def test_a_bad_cursor_is_refused(intercom: Caller, code: Code, ever: Json, cursor: str) -> None:
    answers = [
        intercom.search("contacts", ever, after=cursor),
        intercom.get("/contacts", starting_after=cursor),
    ]
    for answer in answers:
        assert (answer.status_code, code(answer)) == (400, "client_error")
        assert "Invalid starting_after" in answer.text


@pytest.mark.parametrize(
    ("table", "default"),
    [("contacts", 50), ("conversations", 20), ("tickets", 20), ("companies", 15)],
)
@pytest.mark.parametrize("order", ["ascending", "descending"])
def test_searches_hand_out_everything_in_order(
    intercom: Caller, ever: Json, table: str, default: int, order: str
) -> None:
    key = "data" if table in ("contacts", "companies") else table
    assert len(intercom.post(f"/{table}/search", {"query": ever}).json()[key]) == default
    assert intercom.search(table, ever, per_page=151).status_code == 400
    rows = intercom.found(table, ever, per_page=37, order=order)
    truth = intercom.truth(table)
    assert ids(rows) == ids(with_users(truth) if table == "companies" else truth)
    times = [row["updated_at"] for row in rows]
    assert times == sorted(times, reverse=order == "descending")


def test_a_cursor_in_the_query_of_a_search_is_ignored(intercom: Caller, ever: Json) -> None:
    first = intercom.search("contacts", ever, per_page=5).json()
    after = first["pages"]["next"]["starting_after"]
    body = {"query": ever, "sort": {"field": "updated_at", "order": "ascending"}}
    again = intercom.call(
        "POST", "/contacts/search", params={"starting_after": after, "per_page": 5}, json=body
    ).json()
    assert again["pages"]["page"] == 1
    assert again["data"][:5] == first["data"]


def test_a_record_that_changes_while_paging_upwards_is_seen_again_and_none_is_missed(
    start: Start, ever: Json
) -> None:
    intercom = start()
    first = intercom.search("contacts", ever, per_page=10).json()
    moved = first["data"][0]["id"]
    intercom.sandbox.put("contacts", {"id": moved, "updated_at": int(intercom.sandbox.now())})
    rows, after = first["data"], first["pages"]["next"]["starting_after"]
    while after:
        page = intercom.search("contacts", ever, per_page=10, after=after).json()
        rows += page["data"]
        after = (page["pages"].get("next") or {}).get("starting_after")
    seen = [row["id"] for row in rows]
    assert seen.count(moved) == 2
    assert set(seen) == {row["id"] for row in intercom.truth("contacts")}
