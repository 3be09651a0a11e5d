"""What hangs on other records: complete, in step with what the parent shows, never twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_intercom.sandbox import running
from tap_intercom.sandbox.answers.people import Offence
from tap_intercom.sandbox.hanging import CHILDREN

if TYPE_CHECKING:
    from calling import Caller, Code, Json, Start

HOUR, DAY = 3_600, 86_400

# Path, resource, parent table, key of the records.
UNPAGED = [
    ("/contacts/{}/tags", "contact_tags", "contacts", "data"),
    ("/contacts/{}/segments", "contact_segments", "contacts", "data"),
    ("/contacts/{}/subscriptions", "contact_subscriptions", "contacts", "data"),
    ("/companies/{}/segments", "company_segments", "companies", "data"),
    ("/conversations/{}/handling_events", "handling_events", "conversations", "handling_events"),
    (
        "/office_hours_schedules/{}/office_hours_exceptions",
        "office_hours_exceptions",
        "office_hours_schedules",
        "data",
    ),
    ("/teams/{}/metrics", "team_metrics", "teams", "data"),
]
# And then: default and largest page, and how the next page is told.
PAGED = [
    ("/contacts/{}/companies", "contact_companies", "contacts", "data", 50, 60, "url"),
    ("/contacts/{}/notes", "contact_notes", "contacts", "data", 50, 150, "null"),
    ("/companies/{}/notes", "company_notes", "companies", "data", 50, 150, "null"),
    (
        "/conversations/{}/side_conversations",
        "side_conversations",
        "conversations",
        "side_conversations",
        25,
        50,
        "none",
    ),
    ("/articles/{}/versions", "article_versions", "articles", "data", 25, 150, "none"),
    ("/news/newsfeeds/{}/items", "newsfeed_items", "newsfeeds", "data", 20, 150, "none"),
    (
        "/help_center/help_centers/{}/redirects",
        "help_center_redirects",
        "help_centers",
        "data",
        50,
        250,
        "none",
    ),
]
PATHS = [*UNPAGED, *(case[:4] for case in PAGED)]


def rows_by_parent(intercom: Caller, resource: str) -> dict[str, list[Json]]:
    """The truth of a resource, without the parent's id where the rows do not have it."""
    owner = CHILDREN[resource].owner
    found: dict[str, list[Json]] = {}
    for row in intercom.truth(resource):
        found.setdefault(str(row[owner]), []).append(row)
    return found


def owned(rows: list[Json], resource: str, parent: str) -> list[Json]:
    return [CHILDREN[resource].with_owner(parent, row) for row in rows]


@pytest.mark.parametrize("case", PATHS)
def test_the_rows_of_each_parent_are_the_truth(intercom: Caller, case: tuple[str, ...]) -> None:
    path, resource, table, key = case
    truth = rows_by_parent(intercom, resource)
    parents = [str(row["id"]) for row in intercom.truth(table)]
    assert set(truth) <= set(parents)
    with_rows = [one for one in parents if one in truth]
    without = [one for one in parents if one not in truth]
    for parent in [*with_rows[:12], *without[:2]]:
        rows = intercom.listed(path.format(parent), key)
        assert owned(rows, resource, parent) == truth.get(parent, [])


@pytest.mark.parametrize("case", PAGED)
def test_pages_of_rows(intercom: Caller, code: Code, case: tuple[Any, ...]) -> None:
    path, resource, _, key, default, maximum, style = case
    truth = rows_by_parent(intercom, resource)
    parent = max(truth, key=lambda one: len(truth[one]))
    asked = path.format(parent)
    first = intercom.get(asked).json()
    assert first["pages"]["per_page"] == default
    assert first["total_count"] == len(truth[parent])
    assert len(truth[parent]) > default
    size = 7
    small = intercom.get(asked, per_page=size).json()["pages"]
    assert small["total_pages"] > 1
    assert {"url": str, "null": type(None), "none": str}[style] is type(small.get("next", ""))
    rows = intercom.listed(asked, key, per_page=size)
    assert owned(rows, resource, parent) == truth[parent]
    assert code(intercom.get(asked, per_page=maximum + 1)) == "parameter_invalid"


@pytest.mark.parametrize("case", PATHS)
def test_rows_of_nobody_are_not_found(intercom: Caller, case: tuple[str, ...]) -> None:
    answer = intercom.get(case[0].format("nonsense"))
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["code"].endswith("not_found")


@pytest.mark.parametrize("resource", sorted(CHILDREN))
def test_rows_have_their_keys_once(intercom: Caller, resource: str) -> None:
    child = CHILDREN[resource]
    rows = intercom.truth(resource)
    assert rows
    keys = [(str(row[child.owner]), str(row.get(child.key, ""))) for row in rows]
    if resource == "handling_events":
        keys = [(*key, row["type"]) for key, row in zip(keys, rows, strict=True)]  # type: ignore[misc]
    if resource != "hitl_events":  # which nothing is known to tell apart but their order
        assert len(set(keys)) == len(keys)


LISTS = [
    ("tags", "contact_tags"),
    ("companies", "contact_companies"),
    ("notes", "contact_notes"),
]


def check_lists(intercom: Caller) -> None:
    """Each contact shows the first ten of what its lists hand out."""
    for name, resource in LISTS:
        truth = rows_by_parent(intercom, resource)
        for contact in intercom.truth("contacts"):
            rows = truth.get(contact["id"], [])
            shown = contact[name]
            assert shown["total_count"] == len(rows)
            assert shown["has_more"] is (len(rows) > 10)
            assert [item["id"] for item in shown["data"]] == [row["id"] for row in rows[:10]]
            assert all(set(item) == {"id", "type", "url"} for item in shown["data"])


def test_contacts_show_ten_of_their_lists(intercom: Caller) -> None:
    check_lists(intercom)
    for _, resource in LISTS:
        most = max(len(rows) for rows in rows_by_parent(intercom, resource).values())
        assert most > 10


def test_lists_stay_in_step_as_time_passes(start: Start) -> None:
    intercom = start(size=150)
    known = {resource: len(intercom.truth(resource)) for _, resource in LISTS}
    intercom.sandbox.advance(20 * DAY)
    check_lists(intercom)
    assert all(len(intercom.truth(resource)) != known[resource] for _, resource in LISTS)


def test_subscriptions_are_what_was_chosen(intercom: Caller) -> None:
    truth = rows_by_parent(intercom, "contact_subscriptions")
    types = {row["id"]: row["consent_type"] for row in intercom.truth("subscription_types")}
    for contact in intercom.truth("contacts"):
        for consent in ("in", "out"):
            shown = contact[f"opted_{consent}_subscription_types"]
            rows = [row["id"] for row in truth.get(contact["id"], [])]
            chosen = [one for one in rows if types[one] == f"opt_{consent}"]
            assert [item["id"] for item in shown["data"]] == chosen


def test_contacts_and_companies_agree(intercom: Caller) -> None:
    there = {(row["contact_id"], row["id"]) for row in intercom.truth("contact_companies")}
    back = {(row["id"], row["company_id"]) for row in intercom.truth("company_contacts")}
    assert there == back


@pytest.mark.parametrize(("version", "field"), [("2.16", "page"), ("2.17", "starting_after")])
def test_contacts_of_a_company(intercom: Caller, version: str, field: str) -> None:
    caller = intercom.using(version=version)
    truth = rows_by_parent(caller, "company_contacts")
    company = max(truth, key=lambda one: len(truth[one]))
    assert len(truth[company]) > 60
    path = f"/companies/{company}/contacts"
    following = caller.get(path).json()["pages"].get("next")
    assert (following is None) is (field == "page")
    for size in (7, 60):
        rows = caller.listed(path, per_page=size)
        assert owned(rows, "company_contacts", company) == truth[company]
    assert caller.get(path, per_page=61).status_code == 400
    assert caller.get(f"/companies/{company[:-1]}/contacts").status_code == 404


def test_types_changed_with_versions_in_rows_too(intercom: Caller) -> None:
    old = intercom.using(version="2.15")
    assert "notes" not in old.truth("contact_companies")[0]
    assert "notes" in intercom.truth("contact_companies")[0]
    assert {type(row["owner_id"]) for row in old.truth("company_contacts")} == {int, type(None)}


def test_merge_history(intercom: Caller, code: Code) -> None:
    truth = rows_by_parent(intercom, "contact_merge_history")
    contact = max(truth, key=lambda one: len(truth[one]))
    assert len(truth[contact]) > 50
    path = f"/contacts/{contact}/merge_history"
    first = intercom.get(path).json()
    assert (len(first["data"]), first["has_more"]) == (50, True)
    for size in (7, 50, 150):
        rows = intercom.listed(path, per_page=size)
        assert owned(rows, "contact_merge_history", contact) == truth[contact]
    assert intercom.listed(path, order="asc") == rows[::-1]
    assert intercom.get(path, per_page=150).json()["next_cursor"] is None
    assert code(intercom.get(path, cursor="nonsense")) == "client_error"
    assert {row["merged_at"] is None for row in rows} == {True, False}
    lead = next(row["id"] for row in intercom.truth("contacts") if row["role"] == "lead")
    assert code(intercom.get(f"/contacts/{lead}/merge_history")) == "not_found"
    shown = intercom.get(f"/contacts/{contact}", include_merge_history="true").json()
    assert shown["merge_history"] == rows


def test_events_are_listed_for_ninety_days(intercom: Caller, code: Code) -> None:
    truth = rows_by_parent(intercom, "contact_events")
    contact = max(truth, key=lambda one: len(truth[one]))
    assert len(truth[contact]) > 50
    path = f"/events?type=user&intercom_user_id={contact}"
    first = intercom.get(path).json()
    assert len(first["events"]) == 50
    assert first["intercom_user_id"] == contact
    following = first["pages"]["next"]
    assert following.startswith("https://api.intercom.io/events?")
    assert f"before={first['events'][-1]['created_at'] * 1_000}" in following
    assert "since=" in following
    query = {"type": "user", "intercom_user_id": contact}
    for size in (7, 150):
        rows = intercom.listed("/events", "events", per_page=size, **query)
        assert owned(rows, "contact_events", contact) == truth[contact]
    times = [row["created_at"] for row in rows]
    assert times == sorted(times, reverse=True)
    assert times[-1] > intercom.sandbox.now() - 90 * DAY - 60
    assert code(intercom.get("/events", type="user", intercom_user_id="x")) == "not_found"
    assert code(intercom.get("/events", intercom_user_id=contact)) == "parameter_invalid"


def test_summaries_count_all_events(intercom: Caller) -> None:
    truth = rows_by_parent(intercom, "contact_event_summaries")
    listed = rows_by_parent(intercom, "contact_events")
    contact = max(listed, key=lambda one: len(listed[one]))
    query = {"type": "user", "intercom_user_id": contact, "summary": "true"}
    answer = intercom.get("/events", **query).json()
    assert answer["type"] == "event.summary"
    assert owned(answer["events"], "contact_event_summaries", contact) == truth[contact]
    assert sum(row["count"] for row in answer["events"]) > len(listed[contact])


def test_drafts_are_there_where_something_is_to_be_published(intercom: Caller, code: Code) -> None:
    drafts = {row["article_id"]: row for row in intercom.truth("article_drafts")}
    articles = intercom.truth("articles")
    assert {row["id"] for row in articles if row["has_unpublished_changes"]} == set(drafts)
    for row in articles:
        answer = intercom.get(f"/articles/{row['id']}/draft")
        if row["id"] in drafts:
            assert {**answer.json(), "article_id": row["id"]} == drafts[row["id"]]
        else:
            assert (answer.status_code, code(answer)) == (404, "not_found")


def test_versions_of_articles(intercom: Caller, code: Code) -> None:
    article = intercom.truth("articles")[1]["id"]
    rows = intercom.listed(f"/articles/{article}/versions", locale="en")
    times = [row["created_at"] for row in rows]
    assert times == sorted(times, reverse=True)
    assert [row["from_version_id"] for row in rows] == [*[row["id"] for row in rows[1:]], None]
    refused = intercom.get(f"/articles/{article}/versions", locale="xx")
    assert (refused.status_code, code(refused)) == (400, "parameter_invalid")


def test_statistics_grow_without_a_change_of_the_article(start: Start) -> None:
    intercom = start()
    known = {row["article_id"]: row for row in intercom.truth("article_statistics")}
    articles = {row["id"]: row for row in intercom.truth("articles")}
    intercom.sandbox.advance(6 * HOUR)
    (still, *_) = [
        row["id"]
        for row in intercom.truth("articles")
        if row["id"] in known and articles.get(row["id"]) == row
    ]
    shown = intercom.get(f"/articles/{still}").json()["statistics"]
    assert shown["views"] == known[still]["views"] + 6


def test_executions_in_a_window(intercom: Caller, code: Code) -> None:
    truth = rows_by_parent(intercom, "data_connector_executions")
    connector = max(truth, key=lambda one: len(truth[one]))
    path = f"/data_connectors/{connector}/execution_results"
    ever = {"start_ts": 0, "end_ts": int(intercom.sandbox.now()) + DAY}
    rows = intercom.listed(path, per_page=30, include_bodies="true", **ever)
    assert rows == truth[connector]
    assert intercom.listed(path, per_page=3, include_bodies="true", **ever) == rows
    bare = intercom.listed(path, **ever)
    assert [row["id"] for row in bare] == [row["id"] for row in rows]
    assert not any("response_body" in row for row in bare)
    recent = intercom.listed(path)
    assert 0 < len(recent) < len(rows)
    assert [row["id"] for row in recent] == [row["id"] for row in rows[: len(recent)]]
    failed = intercom.listed(path, success="false", **ever)
    assert failed == [row for row in bare if not row["success"]]
    assert intercom.listed(path, error_type="3rd_party_error", **ever) == failed
    for wrong in ({"start_ts": "x"}, {"success": "x"}, {"per_page": 31}, {"include_bodies": 1}):
        assert code(intercom.get(path, **wrong)) == "parameter_invalid"
    assert code(intercom.get("/data_connectors/1/execution_results")) == "data_connector_not_found"


def test_the_feed_of_activities_tells_who_came_and_went(start: Start) -> None:
    intercom = start(size=120)
    intercom.sandbox.advance(15 * DAY)
    living = {row["id"]: row for row in intercom.truth("contacts")}
    feed = intercom.listed("/contacts/activities", per_page=150)
    kinds = {row["event_type"] for row in feed}
    told = ("created", "role_updated", "deleted", "merged", "merge_failed")
    assert kinds == {f"contact.{kind}" for kind in told}
    standing: dict[str, str | None] = {}
    for row in feed:
        if row["event_type"] in ("contact.created", "contact.role_updated"):
            standing[row["contact_id"]] = row["role"]
        elif row["event_type"] == "contact.deleted":
            del standing[row["contact_id"]]
        elif row["event_type"] == "contact.merged":
            del standing[row["merge_source_id"]]
    assert standing == {one: row["role"] for one, row in living.items()}
    assert {row["id"] for row in feed} == {
        row["id"] for row in intercom.truth("contact_activities")
    }
    assert len(intercom.get("/contacts/activities", per_page=500).json()["data"]) == 150


def test_what_tests_do_to_contacts_is_in_the_feed(start: Start) -> None:
    intercom = start()
    now = int(intercom.sandbox.now())
    lead = next(row["id"] for row in intercom.truth("contacts") if row["role"] == "lead")
    intercom.sandbox.put("contacts", {"id": "new", "role": "lead"})
    intercom.sandbox.put("contacts", {"id": lead, "role": "user"})
    intercom.sandbox.delete("contacts", "new")
    last = intercom.listed("/contacts/activities")[-3:]
    assert [(row["event_type"], row["contact_id"]) for row in last] == [
        ("contact.created", "new"),
        ("contact.role_updated", lead),
        ("contact.deleted", "new"),
    ]
    assert all(now <= row["created_at"] < now + 5 for row in last)


PUT = [
    ("contact_tags", "/contacts/{}/tags", "tags", {"id": "new", "name": "Ü"}),
    ("contact_companies", "/contacts/{}/companies", "companies", {"id": "new", "plan": {}}),
    ("contact_notes", "/contacts/{}/notes", "notes", {"id": "new", "body": None}),
]


@pytest.mark.parametrize("case", PUT)
def test_rows_are_put_and_deleted(start: Start, case: tuple[Any, ...]) -> None:
    resource, path, name, row = case
    intercom = start()
    contact = intercom.truth("contacts")[3]["id"]
    known = intercom.listed(path.format(contact))
    intercom.sandbox.put(resource, {"contact_id": contact, **row})
    assert intercom.listed(path.format(contact)) == [row, *known]
    assert {"contact_id": contact, **row} in intercom.truth(resource)
    shown = intercom.get(f"/contacts/{contact}").json()[name]
    assert shown["total_count"] == len(known) + 1
    assert shown["data"][0]["id"] == "new"
    intercom.sandbox.put(resource, {"contact_id": contact, "id": "new", "more": 1})
    assert intercom.listed(path.format(contact)) == [{**row, "more": 1}, *known]
    assert intercom.sandbox.delete(resource, f"{contact}/new")
    assert not intercom.sandbox.delete(resource, f"{contact}/new")
    assert intercom.listed(path.format(contact)) == known
    check_lists(intercom)


def test_a_list_that_is_written_by_hand_counts(start: Start) -> None:
    intercom = start()
    contact = intercom.truth("contacts")[3]["id"]
    tag = intercom.truth("tags")[5]
    inline = {"type": "list", "data": [{"id": tag["id"]}], "total_count": 1, "has_more": False}
    intercom.sandbox.put("contacts", {"id": contact, "tags": inline})
    assert [row["name"] for row in intercom.listed(f"/contacts/{contact}/tags")] == [tag["name"]]
    assert intercom.sandbox.records("contact_tags")


def test_rows_over_http(start: Start) -> None:
    intercom = start()
    url = f"{intercom.sandbox.url}/__sandbox__/records/contact_notes"
    contact = intercom.truth("contacts")[0]["id"]
    given = {"contact_id": contact, "id": "1", "body": "x"}
    assert intercom.session.post(url, json=given).json() == given
    assert given in intercom.session.get(url).json()
    assert intercom.session.delete(f"{url}/{contact}/1").status_code == 200
    assert intercom.session.delete(f"{url}/{contact}/1").status_code == 404
    assert intercom.session.delete(f"{url}/nobody/1").status_code == 404
    assert intercom.session.post(url, json={"contact_id": "x", "id": "1"}).status_code == 400
    assert intercom.session.post(url, json={"contact_id": contact}).status_code == 400
    derived = f"{intercom.sandbox.url}/__sandbox__/records/ticket_parts"
    ticket = intercom.truth("tickets")[0]["id"]
    refused = intercom.session.post(derived, json={"ticket_id": ticket, "id": "1"})
    assert refused.status_code == 400


def test_rows_go_with_their_parent(start: Start) -> None:
    intercom = start()
    contact = intercom.truth("contact_notes")[0]["contact_id"]
    intercom.sandbox.delete("contacts", contact)
    assert contact not in {row["contact_id"] for row in intercom.truth("contact_notes")}
    assert intercom.get(f"/contacts/{contact}/notes").status_code == 404


def test_a_merged_contact_has_no_lists(start: Start, code: Code) -> None:
    intercom = start()
    merged = intercom.truth("contact_merge_history")[0]["source_contact_id"]
    answer = intercom.get(f"/contacts/{merged}/tags")
    assert (answer.status_code, code(answer)) == (410, "contact_merged")
    assert intercom.using(version="2.15").get(f"/contacts/{merged}/tags").status_code == 404


def test_parents_vanish_between_list_and_call(start: Start, code: Code) -> None:
    intercom = start(size=200).using(token="demo-deleted-between")
    companies = [row["id"] for row in intercom.truth("companies")]
    gone = [one for one in companies if one[-1] == "3"]
    assert gone
    for name in ("segments", "contacts", "notes"):
        answer = intercom.get(f"/companies/{gone[0]}/{name}")
        assert (answer.status_code, answer.text[:6]) == (404, "<html>")
        assert intercom.get(f"/companies/{companies[0]}/{name}").status_code == 200
    answer = intercom.get(f"/companies/{gone[0]}")
    assert (answer.status_code, code(answer)) == (404, "not_found")
    assert intercom.get(f"/companies/{companies[0]}").status_code == 200
    contact = next(row["id"] for row in intercom.truth("contacts") if row["id"][-1] == "3")
    answer = intercom.get(f"/contacts/{contact}/tags")
    assert (answer.status_code, code(answer)) == (410, "contact_merged")
    conversations = [row["id"] for row in intercom.truth("conversations")]
    answers = [intercom.get(f"/conversations/{one}/handling_events") for one in conversations]
    assert {answer.status_code for answer in answers} == {200, 404}


def test_nobody_reads_the_banners_of_a_contact() -> None:
    statuses = []

    def use() -> None:
        with running(size=3) as sandbox:
            contact = sandbox.records("contacts")[0]["id"]
            headers = {"Authorization": "Bearer demo", "Intercom-Version": "2.17"}
            url = f"{sandbox.url}/contacts/{contact}/banners"
            statuses.append(requests.get(url, headers=headers, timeout=60).status_code)

    with pytest.raises(Offence, match="impressions"):
        use()
    assert statuses == [500]


@pytest.mark.parametrize("seconds", [HOUR, 3 * DAY])
def test_starting_later_is_the_same_as_letting_time_pass(start: Start, seconds: int) -> None:
    later, passed = start(advance=seconds), start()
    for resource in CHILDREN:
        passed.truth(resource)
    passed.truth("contact_activities")
    passed.sandbox.advance(seconds)
    for resource in (*CHILDREN, "contact_activities"):
        assert later.truth(resource) == passed.truth(resource), resource
