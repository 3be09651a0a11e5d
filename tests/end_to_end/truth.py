"""What should be in each table, said by the workspace itself.

Of the tap, only the list of its streams is used, with their keys and what they hang on; all values
are the workspace's.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from comparing import cleaned, moment
from reported import numbered, reported

from tap_intercom.sandbox.records.exports import QUESTIONS
from tap_intercom.shapes.feed import Feed
from tap_intercom.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Row = dict[str, Any]
Key = tuple[Any, ...]

BY_NAME = {stream.name: stream for stream in STREAMS}
TABLES = sorted(BY_NAME)
KEYS = {name: tuple(stream.primary_keys) for name, stream in BY_NAME.items()}
CHANGED = {
    name: stream.replication_key for name, stream in BY_NAME.items() if stream.replication_key
}
READ_WHOLE = sorted(set(TABLES) - set(CHANGED))

# Each table of children, with the table of their parents.
PARENTS = {name: stream.of for name, stream in BY_NAME.items() if stream.of}

# What parents gather is not read again when a parent changes: these tell when it had changed at the
# time of reading.
FEEDS = {name for name, stream in BY_NAME.items() if issubclass(stream, Feed)}

# The types of custom objects that the sandbox has; Intercom has no list of them.
OBJECT_TYPES = ["orders", "subscriptions"]


def truth(workspace: Any, table: str) -> dict[Key, Row]:
    """What Intercom would show of a table now, by key."""
    return by_key(table, workspace_rows(workspace, table))


def by_key(table: str, rows: Iterable[Row]) -> dict[Key, Row]:
    rows = list(rows)
    keyed = {key_of(table, row): row for row in rows}
    assert len(keyed) == len(rows), f"{table} has a key twice"
    return keyed


def key_of(table: str, row: Row) -> Key:
    """Give the key of a row; a time that is part of one may be written in several ways."""
    names = KEYS[table]
    return tuple(
        moment(row[name])
        if name == "timestamp" or name.endswith("_at")
        else str(cleaned(row[name]))
        for name in names
    )


def workspace_rows(workspace: Any, table: str) -> list[Row]:
    """The records, as they lie in Intercom's answers, with what the tap says it adds."""
    rows = workspace.records(table)
    if table == "conversation_attributes":  # those that are built in have no id, and another place
        built_in = workspace.records("conversation_data_attributes")
        rows = [*rows, *({**one, "id": one["full_name"]} for one in built_in)]
    if table == "hitl_events":  # nothing tells them apart, so they are numbered
        rows = numbered(rows)
    if table in FORCED:
        _, forced = FORCED[table]
        rows = list(map(forced(workspace), rows))
    if table in NEWEST:
        rows = newest(rows, PARENTS[table].noun)
    return linked(workspace, table, rows)


def linked(workspace: Any, table: str, rows: list[Row]) -> list[Row]:
    """Add what a link leads to, and when a row's parent changed, where the parent says so.

    A feed's rows stay as they are.
    """
    parent, named = PARENTS.get(table), getattr(BY_NAME[table], "id_of", None)
    if named:
        rows = [{**row, f"{named}_id": row["id"]} for row in rows]
    if parent is None or not parent.replication_key or table in FEEDS:
        return rows
    changed = {row["id"]: row[parent.replication_key] for row in workspace.records(parent.name)}
    link, noun = link_time(table), parent.noun
    return [{**row, link: changed[row[f"{noun}_id"]]} for row in rows]


def link_time(table: str) -> str:
    """Name the column that says when a row's parent changed."""
    parent = PARENTS[table]
    return f"{parent.noun}_{parent.replication_key}"


def newest(rows: list[Row], noun: str) -> list[Row]:
    """What Intercom gives of the parts of each conversation."""
    parts: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row["created_at"], row["id"])):
        parts.setdefault(row[f"{noun}_id"], []).append(row)
    return [row for part in parts.values() for row in part[-500:]]


# What the API forces upon a stream. Everything else has to be in the tables as it is.


def without(*names: str) -> Callable[[Any], Callable[[Row], Row]]:
    return lambda _: lambda row: {name: row[name] for name in row if name not in names}


def only(*names: str) -> Callable[[Any], Callable[[Row], Row]]:
    return lambda _: lambda row: {name: row[name] for name in names if name in row}


def as_in_contact(name: str) -> Callable[[Any], Callable[[Row], Row]]:
    """Reduce rows to what their contact shows of them, where it shows all."""

    def prepare(workspace: Any) -> Callable[[Row], Row]:
        shown = {
            (contact["id"], row["id"]): row
            for contact in workspace.records("contacts")
            if isinstance(contact[name], dict) and contact[name]["has_more"] is False
            for row in contact[name]["data"]
        }

        def reduce(row: Row) -> Row:
            there = shown.get((row["contact_id"], row["id"]), row)
            return {**there, "contact_id": row["contact_id"]}

        return reduce

    return prepare


def with_merge_history(workspace: Any) -> Callable[[Row], Row]:
    merged: dict[str, list[Row]] = {}
    for row in workspace.records("contact_merge_history"):
        merged.setdefault(row["contact_id"], []).append(without("contact_id")(workspace)(row))
    return lambda contact: {**contact, "merge_history": merged.get(contact["id"], [])}


def teammate_lifted(_: Any) -> Callable[[Row], Row]:
    return lambda row: {**row, "teammate_id": (row.get("teammate") or {}).get("id")}


def turned_inside_out(_: Any) -> Callable[[Row], Row]:
    return lambda me: {
        **me["app"],
        "id": me["app"]["id_code"],
        "admin": {name: me[name] for name in me if name != "app"},
    }


def of_workspace(workspace: Any) -> Callable[[Row], Row]:
    code = workspace.records("workspace")[0]["app"]["id_code"]
    return lambda row: {**row, "workspace_id": code}


def monitored(_: Any) -> Callable[[Row], Row]:
    return lambda row: {
        **{name: row[name] for name in row if name != "conversation_parts"},
        "monitor_evaluations": [],
        "scorecards": [],
    }


def url_digested(_: Any) -> Callable[[Row], Row]:
    return lambda row: {**row, "url_sha256": hashlib.sha256(row["url"].encode()).hexdigest()}


def gathered(_: Any) -> Callable[[Row], Row]:
    return lambda row: {
        **{name: row[name] for name in row if name not in QUESTIONS},
        "answers": {name: row[name] for name in QUESTIONS if row[name]},
    }


def as_reported(table: str) -> Callable[[Any], Callable[[Row], Row]]:
    return lambda _: lambda row: reported(table, row)


FORCED: dict[str, tuple[str, Callable[[Any], Callable[[Row], Row]]]] = {
    "call_transcripts": (
        "found by a search that gives whole calls, which are in `calls`",
        only("call_id", "conversation_id", "transcript", "transcript_status"),
    ),
    "contact_companies": (
        "companies are in `companies`, and this is the link",
        only("contact_id", "id", "type"),
    ),
    "contact_tags": (
        "taken from the contact where it shows all, which has neither name nor applied_at and _by",
        as_in_contact("tags"),
    ),
    "content_export_answer_combined": ("which columns there are depends on surveys", gathered),
    "content_export_click": ("an address may be too long for a key", url_digested),
    "contacts": ("shown to those who ask, and the tap does", with_merge_history),
    "conversations": ("parts are in `conversation_parts`; the tap asks for monitors", monitored),
    "data_connector_executions": (
        "bodies are shown only to those who ask, and may hold secrets",
        without("request_body", "response_body", "raw_response_body"),
    ),
    "handling_events": ("the teammate is part of the key", teammate_lifted),
    "ip_allowlist": ("a singleton without an id", of_workspace),
    **{
        table: ("which columns there are differs from workspace to workspace", as_reported(table))
        for table in TABLES
        if table.startswith("report_")
    },
    "workspace": ("`/me` is a teammate with the workspace inside", turned_inside_out),
}

# Intercom gives the newest 500 parts; those of a conversation are asked for by their types.
NEWEST = {"ticket_parts"}
