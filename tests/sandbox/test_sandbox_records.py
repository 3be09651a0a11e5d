"""What records look like, in which version; and that the same seed makes the same bytes."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_intercom.sandbox.families import NAMES

if TYPE_CHECKING:
    from calling import Caller, Code, Json, Start

CLOCK = int(dt.datetime(2026, 6, 1, 12, tzinfo=dt.timezone.utc).timestamp())
LONG = "215468790000000"
PARTED = "215468790000006"


def raw(caller: Caller, resource: str, version: str = "2.17") -> bytes:
    url = f"{caller.sandbox.url}/__sandbox__/records/{resource}"
    return requests.get(url, headers={"Intercom-Version": version}, timeout=60).content


@pytest.mark.parametrize("version", ["2.11", "2.17"])
def test_the_same_seed_makes_the_same_bytes(start: Start, version: str) -> None:
    one, two, other = start(seed=5), start(seed=5), start(seed=6)
    for resource in NAMES:
        assert raw(one, resource, version) == raw(two, resource, version)
    for resource in ("contacts", "companies", "conversations", "tickets", "activity_logs"):
        assert raw(one, resource, version) != raw(other, resource, version)


def test_what_is_asked_first_makes_no_difference(start: Start, ever: Json) -> None:
    one, two = start(), start()
    one.found("conversations", ever)
    one.get("/conversations/" + PARTED)
    for resource in reversed(NAMES):
        raw(two, resource)
    for resource in NAMES:
        assert raw(one, resource) == raw(two, resource)


@pytest.mark.parametrize("size", [1, 10, 300])
def test_sizes(start: Start, size: int | None) -> None:
    intercom = start(size=size)
    counts = {name: len(intercom.truth(name)) for name in NAMES}
    assert counts["contacts"] == size
    assert counts["companies"] == max(size // 5, 253)
    assert counts["conversations"] == max(size // 2, 5)
    assert counts["articles"] == 60
    assert all(counts.values())


@pytest.mark.parametrize(
    "resource", ["contacts", "companies", "conversations", "tickets", "articles", "collections"]
)
def test_history_lies_before_the_clock(intercom: Caller, resource: str) -> None:
    rows = intercom.truth(resource)
    for row in rows:
        assert CLOCK - 2 * 366 * 86_400 < row["created_at"] <= row["updated_at"] < CLOCK
    spread = max(row["updated_at"] for row in rows) - min(row["updated_at"] for row in rows)
    assert spread > 90 * 86_400


def test_a_bulk_change_gives_many_records_one_time(intercom: Caller) -> None:
    times = [row["updated_at"] for row in intercom.truth("contacts")]
    assert max(times.count(time) for time in times) >= 5


@pytest.mark.parametrize(
    "field",
    ["name", "email", "phone", "owner_id", "last_seen_at", "avatar", "external_id", "utm_source"],
)
def test_contacts_have_nulls_and_values(intercom: Caller, field: str) -> None:
    values = [row[field] for row in intercom.truth("contacts")]
    assert None in values
    assert any(value is not None for value in values)


def test_contacts_have_everything_that_makes_them_hard(intercom: Caller) -> None:
    rows = intercom.truth("contacts")
    assert {row["role"] for row in rows} == {"user", "lead"}
    assert any(row["last_seen_at"] == 0 for row in rows)
    assert any((row["last_seen_at"] or 0) < 0 for row in rows)
    assert any("Favourite Colour 🎨" in row["custom_attributes"] for row in rows)
    assert any(row["custom_attributes"].get("trial ends at") == 9_999_999_999 for row in rows)
    for name in ("tags", "companies", "notes"):
        lists = [row[name] for row in rows]
        assert any(part["has_more"] for part in lists)
        for part in lists:
            assert len(part["data"]) == min(part["total_count"], 10)
            assert part["has_more"] is (part["total_count"] > 10)


def test_odd_shapes(intercom: Caller) -> None:
    companies = intercom.truth("companies")
    assert {} in [row["plan"] for row in companies]
    assert any(row["plan"] for row in companies)
    admins = intercom.truth("admins")
    assert {} in [row["team_priority_level"] for row in admins]
    conversations = intercom.truth("conversations")
    topics = [row["topics"] for row in conversations]
    assert {} in topics
    listed = [one for one in topics if one]
    assert {one["total_count"] for one in listed} == {0, 1, 2}
    assert all(one["total_count"] == len(one["topics"]) for one in listed)
    assert {row["teammates"] and next(iter(row["teammates"])) for row in conversations} == {
        None,
        "type",
    }
    assert any(row["teammates"] and "admins" in row["teammates"] for row in conversations)
    assert any(row["statistics"] is None for row in conversations)
    parts = [
        part for row in conversations for part in row["conversation_parts"]["conversation_parts"]
    ]
    assert {(part["assigned_to"] or {}).get("type") for part in parts} == {
        None,
        "admin",
        "team",
        "bot",
        "nobody_admin",
    }
    assert {} in [part["event_details"] for part in parts]
    assert any(part["event_details"] for part in parts)
    assert any(part["redacted"] and part["body"] is None for part in parts)
    tickets = intercom.truth("tickets")
    values = [value for row in tickets for value in row["ticket_attributes"].values()]
    assert {str, int, bool, list, type(None)} <= {type(value) for value in values}
    assert any(
        row["ticket_parts"]["ticket_parts"][-1]["updated_at"] > row["updated_at"] for row in tickets
    )
    attributes = intercom.truth("contact_attributes")
    assert {("id" in row) for row in attributes} == {True, False}
    assert all(("id" in row) is row["custom"] for row in attributes)


def test_parts_are_counted_and_end_with_the_conversation(intercom: Caller) -> None:
    seen = set()
    for row in intercom.truth("conversations"):
        parts = row["conversation_parts"]["conversation_parts"]
        times = [part["created_at"] for part in parts]
        assert times == sorted(times)
        assert times[-1] == row["updated_at"]
        if row["statistics"]:
            # The message that opened it is counted, too.
            assert row["statistics"]["count_conversation_parts"] == len(parts) + 1
        seen |= {part["id"] for part in parts}
        assert row["id"] == LONG or 1 <= len(parts) <= 30
    assert len(seen) == sum(
        len(row["conversation_parts"]["conversation_parts"])
        for row in intercom.truth("conversations")
    )


def test_a_conversation_shows_its_newest_500_parts(intercom: Caller) -> None:
    (truth,) = [row for row in intercom.truth("conversations") if row["id"] == LONG]
    everything = truth["conversation_parts"]["conversation_parts"]
    shown = intercom.get(f"/conversations/{LONG}").json()
    parts = shown["conversation_parts"]["conversation_parts"]
    assert parts == everything[-500:]
    assert len(everything) == 620
    assert shown["statistics"]["count_conversation_parts"] == 621


def test_a_part_that_assigns_says_whom_in_two_ways(intercom: Caller) -> None:
    """Teammate and team are numbers beside the object, 0 where there is none; a team may stay."""
    parts = intercom.truth("conversation_parts")
    assigning = [part for part in parts if part["assigned_to"]]
    assert assigning
    for part in parts:
        numbers = (part["admin_assignee_id"], part["team_assignee_id"])
        assert {type(one) for one in numbers} == {int if part["assigned_to"] else type(None)}
    to_nobody = [part for part in assigning if part["assigned_to"]["type"] == "nobody_admin"]
    assert {part["assigned_to"]["id"] for part in to_nobody} == {None}
    assert {part["admin_assignee_id"] for part in to_nobody} == {0}
    teams = {int(row["id"]) for row in intercom.truth("teams")}
    assert teams & {part["team_assignee_id"] for part in to_nobody}
    shown = intercom.get(f"/conversations/{LONG}").json()["conversation_parts"]
    assert (
        shown["conversation_parts"]
        == [
            {name: part[name] for name in part if name != "conversation_id"}
            for part in parts
            if part["conversation_id"] == LONG
        ][-500:]
    )
    older = intercom.using(version="2.16").get(f"/conversations/{LONG}").json()
    assert "team_assignee_id" not in older["conversation_parts"]["conversation_parts"][0]


def test_segments_of_companies_have_to_be_asked_for(intercom: Caller) -> None:
    """In a company there are never any, whichever it is in."""
    companies = intercom.truth("companies")
    assert all(row["segments"]["segments"] == [] for row in companies)
    segments = intercom.truth("company_segments")
    assert {row["person_type"] for row in segments} == {"user"}
    assert 0 < len({row["company_id"] for row in segments}) < len(companies)


def test_people_in_conversations_and_tickets_have_the_names_their_owner_gave_them(
    intercom: Caller,
) -> None:
    known = {row["id"]: row["external_id"] for row in intercom.truth("contacts")}
    for resource in ("conversations", "tickets"):
        people = [one for row in intercom.truth(resource) for one in row["contacts"]["contacts"]]
        assert {one["external_id"] is None for one in people} == {True, False}
        assert all(one["external_id"] == known[one["id"]] for one in people)


def test_a_conversation_can_be_read_as_plain_text(intercom: Caller, code: Code) -> None:
    def bodies(**query: object) -> list[str]:
        shown = intercom.get(f"/conversations/{LONG}", **query).json()
        parts = shown["conversation_parts"]["conversation_parts"]
        return [shown["source"]["body"], *[part["body"] for part in parts if part["body"]]]

    html, plain = bodies(display_as="html"), bodies(display_as="plaintext")
    assert html == bodies()
    assert all(body.startswith("<p>") for body in html)
    assert not any("<" in body or "&amp;" in body for body in plain)
    assert any("amount & currency" in body for body in plain)
    refused = intercom.get(f"/conversations/{LONG}", display_as="pdf")
    assert code(refused) == "parameter_invalid"


@pytest.mark.parametrize(
    ("path", "resource", "missing"),
    [
        ("/contacts", "contacts", "not_found"),
        ("/companies", "companies", "company_not_found"),
        ("/conversations", "conversations", "not_found"),
        ("/tickets", "tickets", "not_found"),
        ("/articles", "articles", "not_found"),
    ],
)
def test_one_record_by_its_id(
    intercom: Caller, code: Code, path: str, resource: str, missing: str
) -> None:
    truth = intercom.truth(resource)[7]
    shown = intercom.get(f"{path}/{truth['id']}").json()
    more = set(shown) - set(truth)
    assert more == {"contacts": {"enabled_push_messaging"}, "articles": {"statistics"}}.get(
        resource, set()
    )
    assert {name: shown[name] for name in truth} == truth
    answer = intercom.get(f"{path}/nonsense")
    assert (answer.status_code, code(answer)) == (404, missing)


def test_a_merged_contact_is_gone_and_says_where(start: Start, code: Code) -> None:
    intercom = start()
    before = {row["id"] for row in intercom.truth("contacts")}
    intercom.sandbox.advance(20 * 86_400)
    (merged, *_) = [
        identity
        for identity in sorted(before - {row["id"] for row in intercom.truth("contacts")})
        if intercom.get(f"/contacts/{identity}").status_code == 410
    ]
    answer = intercom.get(f"/contacts/{merged}")
    assert code(answer) == "contact_merged"
    assert answer.headers["Link"].endswith('>; rel="canonical"')
    target = answer.headers["Link"].partition(">")[0].removeprefix("</contacts/")
    old = intercom.using(version="2.15").get(f"/contacts/{merged}")
    assert (old.status_code, code(old)) == (404, "not_found")
    told = intercom.get(f"/contacts/{target}", include_merge_history="true")
    if told.status_code == 200:
        sources = [item["source_contact_id"] for item in told.json()["merge_history"]]
        assert merged in sources


def test_merge_history_is_for_those_who_ask(intercom: Caller, code: Code) -> None:
    asked = intercom.get("/contacts", include_merge_history="true", per_page=150).json()["data"]
    assert any(row["merge_history"] for row in asked)
    assert not any("merge_history" in row for row in intercom.get("/contacts").json()["data"])
    old = intercom.using(version="2.15").get("/contacts", include_merge_history="true")
    assert code(old) == "parameter_invalid"


def types(rows: list[Json], field: str) -> set[type]:
    return {type(row.get(field, ...)) for row in rows}


@pytest.mark.parametrize(
    "case",
    [
        ("contacts", "owner_id", {int, type(None)}, "2.16", {str, type(None)}),
        ("tickets", "admin_assignee_id", {str}, "2.16", {int}),
        ("tickets", "team_assignee_id", {str}, "2.16", {int}),
        ("tickets", "ticket_state", {str}, "2.12", {dict}),
        ("conversations", "admin_assignee_id", {int, type(None)}, "2.16", {int}),
        ("conversations", "channel", {type(...)}, "2.16", {dict}),
        ("conversations", "company", {type(...)}, "2.15", {dict, type(None)}),
        ("articles", "parent_type", {str, type(None)}, "2.16", {type(...)}),
        ("admins", "role", {type(...)}, "2.16", {dict, type(None)}),
        ("companies", "notes", {type(...)}, "2.16", {dict}),
        ("tickets", "channel", {type(...)}, "2.15", {str}),
        ("tickets", "company_id", {type(...)}, "2.15", {str, type(None)}),
        ("articles", "content_id", {type(...)}, "2.11", {str}),
        ("conversation_parts", "admin_assignee_id", {type(...)}, "2.17", {int, type(None)}),
        ("conversation_parts", "team_assignee_id", {type(...)}, "2.17", {int, type(None)}),
    ],
)
def test_types_changed_with_versions(intercom: Caller, case: tuple[Any, ...]) -> None:
    resource, field, old, since, new = case
    major, minor = since.split(".")
    before = intercom.using(version=f"{major}.{int(minor) - 1}")
    assert types(before.truth(resource), field) == old
    assert types(intercom.using(version=since).truth(resource), field) == new
    assert types(intercom.using(version="Preview").truth(resource), field) == new


def test_values_changed_with_versions(intercom: Caller) -> None:
    def values(resource: str, field: str, version: str) -> set[object]:
        rows = intercom.using(version=version).truth(resource)
        return {row[field] for row in rows}

    assert values("conversations", "priority", "2.15") == {"priority", "not_priority"}
    assert {"none", "high"} <= values("conversations", "priority", "2.16")
    assert "datetime" not in values("contact_attributes", "data_type", "2.16")
    assert "datetime" in values("contact_attributes", "data_type", "2.17")
    assert 0 in values("conversations", "team_assignee_id", "2.16")


def test_versions_do_not_leak_into_each_other(intercom: Caller, ever: Json) -> None:
    for version, kind in [("2.17", str), ("2.15", int), ("2.17", str)]:
        rows = intercom.using(version=version).found("contacts", ever, per_page=150)
        assert {type(row["owner_id"]) for row in rows} == {kind, type(None)}


def test_attributes_of_conversations_moved_in_2_16(intercom: Caller, code: Code) -> None:
    path = "/data_attributes?model=conversation"
    assert intercom.using(version="2.15").get(path).json()["data"]
    answer = intercom.using(version="2.16").get(path)
    assert (answer.status_code, code(answer)) == (422, "parameter_invalid")
    mixed = intercom.call("GET", path, headers={"Intercom-Version": "2.15"})
    assert mixed.json() == intercom.using(version="2.15").get(path).json()


def test_of_conversations_the_newer_place_has_custom_attributes_only(intercom: Caller) -> None:
    newer = intercom.truth("conversation_attributes")
    older = intercom.using(version="2.15").truth("conversation_attributes")
    assert {row["id"] for row in newer} == {row["id"] for row in older if row["custom"]}
    built_in = [row for row in older if not row["custom"]]
    assert not any("id" in row for row in built_in)
    assert len({row["name"] for row in built_in}) < len({row["full_name"] for row in built_in})


def test_one_admin(intercom: Caller, code: Code) -> None:
    admin = intercom.truth("admins")[1]
    assert intercom.get(f"/admins/{admin['id']}").json() == admin
    assert code(intercom.get("/admins/1")) == "admin_not_found"


def test_archived_attributes_are_for_those_who_ask(intercom: Caller) -> None:
    path = "/data_attributes?model=contact"
    some = {row["full_name"] for row in intercom.get(path).json()["data"]}
    every = {
        row["full_name"] for row in intercom.get(path + "&include_archived=true").json()["data"]
    }
    assert every - some == {"custom_attributes.retired"}
