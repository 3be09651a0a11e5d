"""Behaviours of records: what Intercom sends arrives, in whatever form it came."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator
from runs import amiss, sync

if TYPE_CHECKING:
    from runs import Run

    from tap_intercom.sandbox import Sandbox

Record = dict[str, Any]


def row_of(run: Run, stream: str, identity: str) -> Record:
    return next(row for row in run.rows(stream) if row["id"] == identity)


def test_b30_times_in_any_form_arrive_as_times_in_utc(sandbox: Sandbox) -> None:
    """A column of times can be compared, and loaded, whoever wrote them in which version."""
    expected = {
        1_780_315_200: "2026-06-01T12:00:00+00:00",
        1_780_315_200_123: "2026-06-01T12:00:00.123000+00:00",
        "1780315200": "2026-06-01T12:00:00+00:00",
        "2026-06-01T12:00:00Z": "2026-06-01T12:00:00+00:00",
        "2026-06-01T14:00:00.500+02:00": "2026-06-01T12:00:00.500000+00:00",
        None: None,
        0: "1970-01-01T00:00:00+00:00",
        -86_400: "1969-12-31T00:00:00+00:00",
        9_999_999_999: "2286-11-20T17:46:39+00:00",
    }
    contacts = [one["id"] for one in sandbox.records("contacts")]
    written = dict(zip(contacts, expected, strict=False))
    for contact, value in written.items():
        sandbox.put("contacts", {"id": contact, "signed_up_at": value, "last_seen_at": value})
    run = sync(sandbox, "contacts")
    for contact, value in written.items():
        row = row_of(run, "contacts", contact)
        assert row["signed_up_at"] == row["last_seen_at"] == expected[value], value
        assert row["_rescued_data"] is None


def test_b31_values_that_nobody_has_heard_of_pass(sandbox: Sandbox) -> None:
    """Intercom adds kinds of parts and states without a word: a strict target must take them."""
    conversation = next(
        one
        for one in sandbox.records("conversations")
        if one["conversation_parts"]["conversation_parts"]
    )
    parts = [
        {**part, "part_type": "teleported", "state": "floating"}
        for part in conversation["conversation_parts"]["conversation_parts"]
    ]
    agent = {"resolution_state": "by_magic", "last_answer_type": "song", "rating": 11}
    new = {
        "state": "floating",
        "priority": "cosmic",
        "ai_agent": agent,
        "channel": {"initial": "telepathy", "current": "telepathy"},
    }
    sandbox.put(
        "conversations",
        {"id": conversation["id"], **new, "conversation_parts": {"conversation_parts": parts}},
    )
    run = sync(sandbox, "conversations", "conversation_parts")
    assert run.error is None
    row = row_of(run, "conversations", conversation["id"])
    assert amiss("conversations", new, {name: row[name] for name in new}) == []
    assert row["_rescued_data"] is None
    types = {
        one["part_type"]
        for one in run.rows("conversation_parts")
        if one["conversation_id"] == conversation["id"]
    }
    assert types == {"teleported"}
    for stream, record in run.records:
        Draft7Validator(run.schemas[stream]["schema"]).validate(record)


@pytest.mark.parametrize(
    ("stream", "field"),
    [
        ("contacts", "custom_attributes"),
        ("companies", "custom_attributes"),
        ("conversations", "custom_attributes"),
        ("tickets", "ticket_attributes"),
    ],
)
def test_b32_custom_attributes_arrive_as_they_are(
    sandbox: Sandbox, stream: str, field: str
) -> None:
    """Their names are the customer's, and so are their values: none is known beforehand."""
    values = {
        "Plan Größe": "XL",
        "plan größe": 7,
        "has.dots and  spaces": True,
        "nothing": None,
        "list": [1, "two", None],
        "object": {"Type": "order", "id": 5},
        "date": 1_780_315_200,
    }
    sandbox.put(stream, {"id": sandbox.records(stream)[0]["id"], field: values})
    run = sync(sandbox, stream)
    sent = {one["id"]: one[field] for one in sandbox.records(stream)}
    assert values in sent.values()
    assert {row["id"]: row[field] for row in run.rows(stream)} == sent
    assert not run.schemas[stream]["schema"]["properties"][field].get("properties")


LISTS = {
    "contact_tags": ("tags",),
    "contact_companies": ("companies",),
    "contact_notes": ("notes",),
    "contact_subscriptions": ("opted_in_subscription_types", "opted_out_subscription_types"),
}


@pytest.mark.parametrize("stream", LISTS)
def test_b33_more_than_the_ten_inside_a_contact_arrive(sandbox: Sandbox, stream: str) -> None:
    """A contact shows ten of each and says how many there are; the rest costs a call."""
    contact = sandbox.records("contacts")[0]["id"]
    if stream == "contact_subscriptions":  # the workspace has no twelve kinds of message
        for number in range(12):
            row = {"id": str(number), "type": "subscription", "consent_type": "opt_out"}
            sandbox.put(stream, {"contact_id": contact, **row})
    told = {
        one["id"]: sum(one[field]["total_count"] for field in LISTS[stream])
        for one in sandbox.records("contacts")
    }
    assert max(told.values()) > 10
    run = sync(sandbox, stream)
    found = Counter(row["contact_id"] for row in run.rows(stream))
    assert {one: found[one] for one in told} == told


def test_b33_nothing_is_asked_for_that_is_not_selected(quiet: Sandbox) -> None:
    """Ten thousand calls for what nobody wants would take a minute of everybody's limit."""
    quiet.reset()
    sync(quiet, "contacts")
    assert {one["path"] for one in quiet.log()} == {"/me", "/contacts/search"}


def test_b34_keys_tell_records_apart(quiet: Sandbox) -> None:
    """Built-in attributes have no id, and a custom one may have the name of a built-in one."""
    run = sync(quiet, "contact_attributes", "company_attributes", "tags", "teams")
    for stream in ("contact_attributes", "company_attributes"):
        assert run.schemas[stream]["key_properties"] == ["full_name"]
        rows = run.rows(stream)
        assert len({row["full_name"] for row in rows}) == len(rows)
        assert {row["custom"] for row in rows} == {True, False}
        assert all(("id" in row) == row["custom"] for row in rows)
    for stream in ("tags", "teams"):
        assert run.schemas[stream]["key_properties"] == ["id"]
        assert len(set(run.ids(stream))) == run.counts[stream]


AVATAR = {"type": "avatar", "image_url": "https://images.example.com/a.png"}
FORMS = [
    ("companies", {"plan": {}}),
    ("companies", {"plan": {"type": "plan", "id": None, "name": "Größe M"}}),
    ("companies", {"plan": None}),
    ("admins", {"avatar": "https://images.example.com/a.png"}),
    ("admins", {"avatar": AVATAR}),
    ("admins", {"avatar": None}),
    ("admins", {"team_priority_level": {}}),
    ("admins", {"team_priority_level": {"primary_team_ids": [1], "secondary_team_ids": []}}),
    ("contacts", {"avatar": "https://images.example.com/a.png"}),
    ("contacts", {"avatar": AVATAR}),
    ("tickets", {"ticket_state": "submitted"}),
    ("tickets", {"ticket_state": {"type": "ticket_state", "category": "submitted"}}),
    ("conversation_parts", {"assigned_to": {"type": "admin", "id": "5"}}),
    ("conversation_parts", {"assigned_to": {"type": "nobody_admin", "id": None}}),
    ("conversation_parts", {"assigned_to": "5"}),
    ("conversation_parts", {"assigned_to": None}),
]


@pytest.mark.parametrize(("stream", "form"), FORMS, ids=repr)
def test_b35_a_field_may_come_in_another_form(sandbox: Sandbox, stream: str, form: Record) -> None:
    """The same field has been seen as text, object, empty object and null, in one workspace."""
    parent = "conversations" if stream == "conversation_parts" else stream
    record = sandbox.records(parent)[0]
    if stream == parent:
        sent = {**record, **form}
        sandbox.put(stream, sent)
    else:
        sent = {**record[stream][stream][-1], **form}
        sandbox.put(parent, {"id": record["id"], stream: {stream: [sent]}})
    run = sync(sandbox, stream)
    assert run.error is None
    assert amiss(stream, sent, row_of(run, stream, sent["id"])) == []


@pytest.mark.parametrize("version", ["2.11", "2.17"])
def test_b35_whatever_its_form_it_is_in_its_column(sandbox: Sandbox, version: str) -> None:
    """Pictures are text, and before 2.12 the states of tickets; described are objects."""
    run = sync(sandbox, "contacts", "admins", "tickets", "conversations", api_version=version)
    assert run.error is None
    assert [row["_rescued_data"] for _, row in run.records if row["_rescued_data"]] == []
    pictures = [row["avatar"] for row in (*run.rows("contacts"), *run.rows("admins"))]
    assert any(pictures)
    assert {tuple(one) for one in pictures if one} == {("image_url",)}
    states = {row["ticket_state"]["category"] for row in run.rows("tickets")}
    assert {"submitted", "resolved"} <= states


def test_b36_what_was_redacted_keeps_its_id(sandbox: Sandbox) -> None:
    """A row that a target holds with its text is to be replaced by the one without."""
    conversation = sandbox.records("conversations")[0]
    last = conversation["conversation_parts"]["conversation_parts"][-1]
    deleted = {"type": "upload", "id": "77", "name": None, "url": None, "filesize": None}
    redacted = {**last, "redacted": True, "body": None, "attachments": [deleted]}
    sandbox.put(
        "conversations",
        {"id": conversation["id"], "conversation_parts": {"conversation_parts": [redacted]}},
    )
    run = sync(sandbox, "conversation_parts")
    row = row_of(run, "conversation_parts", last["id"])
    assert row["conversation_id"] == conversation["id"]
    assert (row["redacted"], row["body"]) == (True, None)
    assert row["attachments"][0]["id"] == "77"
    assert amiss("conversation_parts", redacted, row) == []
    assert sum(one["redacted"] for one in run.rows("conversation_parts")) > 1
