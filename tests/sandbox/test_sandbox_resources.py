"""Every resource beside the large ones: its path, its style of paging, its version, its shape."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import pytest
from odd_records import ODD, odd_record

from tap_intercom.sandbox.endpoints import ENDPOINTS
from tap_intercom.sandbox.families import NAMES
from tap_intercom.sandbox.hanging import CHILDREN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calling import Caller, Code, Json, Start

HOUR, DAY = 3_600, 86_400

# Path, key of the records, type of the list, resource, first version.
WHOLE = [
    ("/subscription_types", "data", "list", "subscription_types", "2.7"),
    ("/ticket_states", "data", "list", "ticket_states", "2.12"),
    ("/brands", "data", "list", "brands", "2.15"),
    ("/emails", "data", "list", "emails", "2.15"),
    ("/help_center/help_centers", "data", "list", "help_centers", "2.7"),
    (
        "/office_hours_schedules",
        "data",
        "office_hours_schedule.list",
        "office_hours_schedules",
        "2.16",
    ),
]

# Path, resource, default and largest page, first version, where the place in the pages is told.
NUMBERED = [
    ("/calls", "calls", 25, 25, "2.14", "none"),
    ("/internal_articles", "internal_articles", 25, 250, "2.13", "none"),
    ("/news/news_items", "news_items", 10, 150, "2.7", "none"),
    ("/news/newsfeeds", "newsfeeds", 10, 150, "2.7", "none"),
    ("/folders", "folders", 50, 150, "2.17", "none"),
    ("/ai/content_import_sources", "content_import_sources", 50, 150, "2.12", "url"),
    ("/ai/external_pages", "external_pages", 50, 150, "2.12", "url"),
    ("/content_snippets", "content_snippets", 50, 50, "2.16", "flat"),
    ("/audiences", "audiences", 50, 50, "2.16", "flat"),
    ("/dynamic_contents", "dynamic_contents", 20, 150, "2.17", "flat"),
]

# Path, resource, default and largest page, first version.
FOLLOWED = [
    ("/contacts/activities", "contact_activities", 50, 150, "2.17"),
    ("/macros", "macros", 50, 150, "2.16"),
    ("/data_connectors", "data_connectors", 20, 50, "2.16"),
]


def ids(rows: list[Json]) -> list[str]:
    return sorted(str(row["id"]) for row in rows)


def before(version: str) -> str:
    major, minor = version.split(".")
    return f"{major}.{int(minor) - 1}"


@pytest.mark.parametrize("case", WHOLE)
def test_whole_lists(intercom: Caller, case: tuple[str, ...]) -> None:
    path, key, kind, resource, _ = case
    answer = intercom.get(path).json()
    assert answer == {"type": kind, key: intercom.truth(resource)}
    assert len(answer[key]) > 1


@pytest.mark.parametrize("case", NUMBERED)
def test_pages_by_number(intercom: Caller, code: Code, case: tuple[Any, ...]) -> None:
    path, resource, default, maximum, _, style = case
    first = intercom.get(path).json()
    place = first if style == "flat" else first["pages"]
    assert (place["page"], place["per_page"]) == (1, default)
    assert ("pages" in first) is (style != "flat")
    assert ("next" in place) is (style == "url")
    assert first["total_count"] == len(intercom.truth(resource))
    assert ids(intercom.listed(path, per_page=4)) == ids(intercom.truth(resource))
    assert ids(intercom.listed(path)) == ids(intercom.truth(resource))
    assert intercom.get(path, per_page=maximum).status_code == 200
    assert code(intercom.get(path, per_page=maximum + 1)) == "parameter_invalid"
    assert intercom.get(path, page=900).json()["data"] == []


@pytest.mark.parametrize("case", FOLLOWED)
def test_pages_by_a_cursor_of_few_words(
    intercom: Caller, code: Code, case: tuple[Any, ...]
) -> None:
    path, resource, default, maximum, _ = case
    first = intercom.get(path).json()
    assert set(first) == {"type", "data", "pages"}
    assert first["pages"]["per_page"] == default == len(first["data"])
    assert set(first["pages"]["next"]) == {"starting_after"}
    for size in (7, maximum):
        rows = intercom.listed(path, per_page=size)
        assert ids(rows) == ids(intercom.truth(resource))
    assert code(intercom.get(path, starting_after="nonsense")) == "client_error"
    assert code(intercom.get(path, per_page=0)) == "invalid_per_page"
    assert code(intercom.get(path, per_page="abc")) == "invalid_per_page"
    assert intercom.listed(path, per_page=maximum)[-1] == rows[-1]
    last = intercom.get(path, per_page=maximum, starting_after=cursor_before_end(intercom, path))
    assert last.json()["pages"]["next"] is None


def cursor_before_end(intercom: Caller, path: str) -> str:
    after, query = "", {}
    while True:
        following = intercom.get(path, per_page=5, **query).json()["pages"]["next"]
        if following is None:
            return after
        after = query["starting_after"] = following["starting_after"]


VERSIONED = [
    *((path, since) for path, _, _, _, since in WHOLE),
    *((path, since) for path, _, _, _, since, _ in NUMBERED),
    *((path, since) for path, _, _, _, since in FOLLOWED),
    ("/away_status_reasons", "2.14"),
    ("/ip_allowlist", "2.14"),
    ("/admins/activity_log_event_types", "2.16"),
    ("/conversations/attributes", "2.16"),
    ("/contacts/{contacts}/merge_history", "2.16"),
    ("/companies/{companies}/notes", "2.15"),
    ("/conversations/{conversations}/handling_events", "2.15"),
    ("/conversations/{conversations}/side_conversations", "2.16"),
    ("/articles/{articles}/versions", "2.16"),
    ("/help_center/help_centers/{help_centers}/redirects", "2.16"),
    ("/office_hours_schedules/{office_hours_schedules}/office_hours_exceptions", "2.16"),
    ("/teams/{teams}/metrics", "2.16"),
    ("/data_connectors/{data_connectors}/execution_results", "2.16"),
    ("/custom_object_instances/orders", "2.16"),
]


@pytest.mark.parametrize(("path", "since"), VERSIONED)
def test_what_a_version_does_not_have_is_refused(
    intercom: Caller, code: Code, path: str, since: str
) -> None:
    head, brace, rest = path.partition("{")
    if brace:
        table, _, tail = rest.partition("}")
        path = head + str(first_user(intercom) if table == "contacts" else one(intercom, table))
        path += tail
    old = intercom.using(version=before(since)).get(path)
    assert (old.status_code, code(old)) == (400, "intercom_version_invalid")
    assert intercom.using(version=since).get(path).status_code == 200


def one(intercom: Caller, table: str) -> str:
    return str(intercom.truth(table)[0]["id"])


def first_user(intercom: Caller) -> str:
    return next(str(row["id"]) for row in intercom.truth("contacts") if row["role"] == "user")


def test_calls_were_not_searched_before_2_14(intercom: Caller, code: Code) -> None:
    answer = intercom.using(version="2.13").post("/calls/search", {"conversation_ids": ["1"]})
    assert code(answer) == "intercom_version_invalid"


PERMISSIONS = [
    ("subscription_types", "/subscription_types", 401, "token_unauthorized"),
    ("brands", "/brands", 401, "token_unauthorized"),
    ("contact_events", "/events?type=user&intercom_user_id=1", 401, "token_unauthorized"),
    ("contact_tags", "/contacts/1/tags", 401, "token_unauthorized"),
    ("article_statistics", "/articles/1", 401, "token_unauthorized"),
    ("macros", "/macros", 403, "forbidden"),
    ("contact_activities", "/contacts/activities", 403, "forbidden"),
    ("side_conversations", "/conversations/1/side_conversations", 403, "forbidden"),
    ("custom_object_instances", "/custom_object_instances/orders", 403, "forbidden"),
]


@pytest.mark.parametrize("case", PERMISSIONS)
def test_permissions(intercom: Caller, code: Code, case: tuple[Any, ...]) -> None:
    resource, path, status, said = case
    answer = intercom.using(token=f"demo-no-permission-{resource}").get(path)
    assert (answer.status_code, code(answer)) == (status, said)
    restricted = intercom.using(token=f"demo-plan-{resource}").get(path)
    assert (restricted.status_code, code(restricted)) == (403, "api_plan_restricted")
    assert intercom.using(token=f"demo-no-permission-{resource}").get("/me").status_code == 200


def test_a_plan_without_team_metrics_says_so(intercom: Caller) -> None:
    team = one(intercom, "teams")
    answer = intercom.using(token="demo-plan-team_metrics").get(f"/teams/{team}/metrics")
    assert answer.status_code == 403
    assert "Real-time monitoring is not enabled" in answer.text


def test_reasons_to_be_away_were_once_a_bare_list(intercom: Caller) -> None:
    truth = intercom.truth("away_status_reasons")
    assert any(row["deleted"] for row in truth)
    assert intercom.get("/away_status_reasons").json() == {"type": "list", "data": truth}
    assert intercom.using(version="2.14").get("/away_status_reasons").json() == truth


def test_types_of_activities_are_bare_strings(intercom: Caller) -> None:
    answer = intercom.get("/admins/activity_log_event_types").json()
    assert answer["type"] == "activity_log_event_type.list"
    truth = [row["event_type"] for row in intercom.truth("activity_log_event_types")]
    assert answer["event_types"] == truth


def test_the_allowlist_is_one_object(intercom: Caller) -> None:
    assert [intercom.get("/ip_allowlist").json()] == intercom.truth("ip_allowlist")


def test_conversation_attributes_by_version(intercom: Caller) -> None:
    truth = intercom.truth("conversation_attributes")
    asked = intercom.get("/conversations/attributes", include_archived="true").json()["data"]
    assert asked == truth
    assert {type(row["id"]) for row in truth} == {int}
    shown = intercom.get("/conversations/attributes").json()["data"]
    assert shown == [row for row in truth if not row["archived"]] != truth
    old = intercom.using(version="2.15")
    path = "/data_attributes?model=conversation&include_archived=true"
    assert old.get(path).json()["data"] == old.truth("conversation_attributes")


def test_macros_tell_their_times_as_text_newest_first(intercom: Caller, code: Code) -> None:
    rows = intercom.listed("/macros", per_page=150)
    times = [row["updated_at"] for row in rows]
    assert times == sorted(times, reverse=True)
    middle = times[50]
    second = int(dt.datetime.fromisoformat(middle.replace("Z", "+00:00")).timestamp())
    since = intercom.listed("/macros", updated_since=second)
    assert since == [row for row in rows if row["updated_at"] > middle]
    inclusive = intercom.listed("/macros", updated_since=second - 1)
    assert inclusive == [row for row in rows if row["updated_at"] >= middle]
    assert code(intercom.get("/macros", updated_since="yesterday")) == "parameter_invalid"


@pytest.mark.parametrize("path", ["/internal_articles", "/dynamic_contents", "/calls"])
def test_newest_come_first(intercom: Caller, path: str) -> None:
    field = "created_at" if path == "/calls" else "updated_at"
    rows = intercom.listed(path)
    times = [seconds(row[field]) for row in rows]
    assert times == sorted(times, reverse=True)


def seconds(value: object) -> float:
    if isinstance(value, str):
        return dt.datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
    assert isinstance(value, int)
    return value


def test_calls_tell_times_as_numbers_or_text(intercom: Caller) -> None:
    rows = intercom.truth("calls")
    assert {type(row["created_at"]) for row in rows} == {int, str}
    assert None in {row["conversation_id"] for row in rows}


def test_calls_are_searched_by_conversation(intercom: Caller, code: Code) -> None:
    truth = intercom.truth("call_transcripts")
    asked = sorted({row["conversation_id"] for row in truth})
    found = []
    for first in range(0, len(asked), 20):
        page = intercom.post("/calls/search", {"conversation_ids": asked[first : first + 20]})
        found += page.json()["data"]
    assert ids(found) == ids(truth)
    assert [row["call_id"] for row in truth] == [row["id"] for row in truth]
    assert {bool(row["transcript"]) for row in truth} == {True, False}
    many = intercom.post("/calls/search", {"conversation_ids": [*asked[:20], "1"]})
    assert (many.status_code, code(many)) == (400, "conversation_id_limit_exceeded")
    for body in ({}, {"conversation_ids": []}, {"conversation_ids": ["1"], "page": 2}):
        assert code(intercom.post("/calls/search", body)) == "parameter_invalid"


def test_folders_are_asked_for_by_their_parent(intercom: Caller) -> None:
    truth = intercom.truth("folders")
    assert {type(row["id"]) for row in truth} == {int}
    parent = next(row["parent_folder_id"] for row in truth if row["parent_folder_id"])
    inside = intercom.get("/folders", parent_folder_id=parent).json()["data"]
    assert inside == [row for row in truth if row["parent_folder_id"] == parent]


def test_custom_objects(intercom: Caller, code: Code) -> None:
    truth = intercom.truth("custom_object_instances")
    assert {row["type"] for row in truth} == {"orders", "subscriptions"}
    for kind in ("orders", "subscriptions"):
        own = [row for row in truth if row["type"] == kind]
        assert intercom.listed(f"/custom_object_instances/{kind}", per_page=150) == own
        assert intercom.listed(f"/custom_object_instances/{kind}") == own
        known = next(row for row in own if row["external_id"])
        path = f"/custom_object_instances/{kind}?external_id={known['external_id']}"
        assert intercom.get(path).json() == known
    assert code(intercom.get("/custom_object_instances/nonsense")) == "not_found"
    assert intercom.get("/custom_object_instances/orders", per_page=151).status_code == 400


CHANGING = [
    ("macros", "updated_at"),
    ("calls", "updated_at"),
    ("internal_articles", "updated_at"),
    ("news_items", "updated_at"),
    ("external_pages", "updated_at"),
    ("content_snippets", "updated_at"),
    ("audiences", "updated_at"),
    ("folders", "updated_at"),
    ("dynamic_contents", "updated_at"),
    ("data_connectors", "updated_at"),
    ("content_import_sources", "updated_at"),
    ("brands", "updated_at"),
    ("emails", "updated_at"),
    ("away_status_reasons", "updated_at"),
    ("conversation_attributes", "updated_at"),
    ("contact_notes", "created_at"),
    ("company_notes", "created_at"),
    ("contact_events", "created_at"),
    ("contact_activities", "created_at"),
    ("article_versions", "created_at"),
    ("data_connector_executions", "created_at"),
    ("custom_object_instances", "updated_at"),
    ("help_center_redirects", "updated_at"),
    ("handling_events", "timestamp"),
]


def test_passing_time_changes_a_little_of_everything(start: Start) -> None:
    intercom = start(size=200)
    begin = int(intercom.sandbox.now())
    known = {name: {str(row) for row in intercom.truth(name)} for name, _ in CHANGING}
    intercom.sandbox.advance(4 * DAY)
    for name, stamp in CHANGING:
        new = [row for row in intercom.truth(name) if str(row) not in known[name]]
        # A contact who has signed up tells so in all their events, and in their companies.
        fresh = [row for row in new if seconds(row[stamp]) >= begin]
        assert fresh, name
        assert max(seconds(row[stamp]) for row in fresh) < begin + 4 * DAY + HOUR, name


@pytest.mark.parametrize("case", FOLLOWED)
def test_a_changed_record_stands_where_it_belongs(start: Start, case: tuple[Any, ...]) -> None:
    path, resource, *_ = case
    intercom = start(size=60)
    intercom.get(path)
    intercom.sandbox.advance(2 * DAY)
    rows = intercom.listed(path, per_page=11)
    assert ids(rows) == ids(intercom.truth(resource))
    stamp = "created_at" if resource == "contact_activities" else "updated_at"
    times = [seconds(row[stamp]) for row in rows]
    assert times == sorted(times, reverse=stamp == "updated_at")


@pytest.mark.parametrize(
    ("resource", "path"),
    [("macros", "/macros"), ("folders", "/folders"), ("brands", "/brands"), ("calls", "/calls")],
)
def test_records_are_put_and_deleted(start: Start, resource: str, path: str) -> None:
    intercom = start()
    row = {**intercom.truth(resource)[0], "name": "other \x00", "new": [1]}
    intercom.sandbox.put(resource, row)
    assert row in intercom.listed(path)
    assert intercom.sandbox.delete(resource, str(row["id"]))
    assert row not in intercom.listed(path)
    assert len(intercom.listed(path)) == len(intercom.truth(resource))


KEYS = {
    "contact_attributes": "full_name",
    "company_attributes": "full_name",
    "conversation_data_attributes": "full_name",
    "activity_log_event_types": "event_type",
    "ip_allowlist": "type",
}


def put_odd_records(intercom: Caller, kind: str) -> None:
    """Make the first record of everything odd, but for what tells which it is."""
    for name in NAMES:
        key = KEYS.get(name, "id")
        record = intercom.truth(name)[0]
        intercom.sandbox.put(name, {**odd_record(name, record, kind), key: record[key]})
    for name, child in CHILDREN.items():
        if not child.derived:
            row = intercom.truth(name)[0]
            kept = {field: row[field] for field in (child.owner, child.key)}
            intercom.sandbox.put(name, {**odd_record(name, row, kind), **kept})


def paths(intercom: Caller) -> Iterator[str]:
    """Every path that can be read, some of them for several parents."""
    for endpoint in ENDPOINTS:
        if endpoint.method == "GET" and "banners" not in endpoint.path:
            table = PARENTS.get(endpoint.path.split("/")[1], "tags")
            for record in intercom.truth(table)[:3]:
                yield re.sub(r"{.*}", str(record["id"]), endpoint.path)
    contact = intercom.truth("contacts")[0]["id"]
    yield f"/events?type=user&intercom_user_id={contact}"
    yield f"/events?type=user&intercom_user_id={contact}&summary=true"


@pytest.mark.parametrize("kind", sorted(ODD))
def test_odd_records_do_not_break_anything(start: Start, kind: str) -> None:
    intercom = start(size=30)
    put_odd_records(intercom, kind)
    intercom.sandbox.advance(3 * DAY)
    for name in (*NAMES, *CHILDREN):
        intercom.truth(name)
    for path in paths(intercom):
        # A file that was exported is asked for in another way.
        allowed = (406,) if path.startswith("/download/") else (200, 400, 404)
        assert intercom.get(path).status_code in allowed, path


PARENTS = {
    "help_center": "help_centers",
    "news": "newsfeeds",
    "custom_object_instances": "custom_object_types",
    **{
        name: name
        for name in (
            "contacts",
            "companies",
            "conversations",
            "articles",
            "tickets",
            "teams",
            "office_hours_schedules",
            "data_connectors",
        )
    },
}
