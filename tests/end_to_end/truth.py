"""What should be in each table, said by the workspace itself, and whether it is.

Nothing here knows the tap's schemas: it compares what the workspace would answer with what a
person finds in PostgreSQL.
"""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import requests

Row = dict[str, Any]
Key = tuple[str, ...]

KEYS = {
    "contact_attributes": ("full_name",),
    "company_attributes": ("full_name",),
    "conversation_parts": ("conversation_id", "id"),
    "ticket_parts": ("ticket_id", "id"),
}
CHANGED = {
    "activity_logs": "created_at",
    "articles": "updated_at",
    "collections": "updated_at",
    "companies": "updated_at",
    "contacts": "updated_at",
    "conversation_parts": "conversation_updated_at",
    "conversations": "updated_at",
    "deleted_conversations": "deleted_at",
    "ticket_parts": "ticket_updated_at",
    "tickets": "updated_at",
}
READ_WHOLE = (
    "admins",
    "company_attributes",
    "contact_attributes",
    "segments",
    "tags",
    "teams",
    "ticket_types",
    "workspace",
)
TABLES = sorted([*CHANGED, *READ_WHOLE])


def truth(workspace: Any, table: str) -> dict[Key, Row]:
    """What Intercom would show of a table now, by key."""
    rows = workspace_rows(workspace, table)
    by_key = {key_of(table, row): row for row in rows}
    assert len(by_key) == len(rows), f"the workspace's own {table} have a key twice"
    return by_key


def workspace_rows(workspace: Any, table: str) -> list[Row]:
    """The records, as they lie in Intercom's answers."""
    if table == "conversation_parts":
        return parts(workspace, "conversation", "conversation_parts")
    if table == "ticket_parts":
        return parts(workspace, "ticket", "ticket_parts")
    rows: list[Row] = workspace.records(table)
    if table == "workspace":
        return [
            {**me["app"], "id": me["app"]["id_code"], "admin": without(me, "app")} for me in rows
        ]
    if table == "conversations":
        nothing_yet = {"monitor_evaluations": [], "scorecards": []}
        return [{**without(row, "conversation_parts"), **nothing_yet} for row in rows]
    if table == "contacts":
        return [{**row, "merge_history": merge_history(workspace, row["id"])} for row in rows]
    return rows


def parts(workspace: Any, noun: str, name: str) -> list[Row]:
    return [
        {**part, f"{noun}_id": parent["id"], f"{noun}_updated_at": parent["updated_at"]}
        for parent in workspace.records(f"{noun}s")
        for part in newest(parent[name][name])
    ]


def merge_history(workspace: Any, contact: str) -> Any:
    """What is told of a contact only to those who ask."""
    url = f"{workspace.url}/contacts/{quote(contact, safe='')}?include_merge_history=true"
    headers = {"Authorization": "Bearer demo", "Intercom-Version": "2.17"}
    return requests.get(url, headers=headers, timeout=10).json()["merge_history"]


def newest(parts: list[Row]) -> list[Row]:
    """What Intercom gives of the parts of a conversation or ticket."""
    return sorted(parts, key=lambda part: (part["created_at"], part["id"]))[-500:]


def without(row: Row, name: str) -> Row:
    return {field: value for field, value in row.items() if field != name}


def key_of(table: str, row: Row) -> Key:
    return tuple(str(row[name]) for name in KEYS.get(table, ("id",)))


def differences(sent: Row, row: Row) -> list[str]:
    """Where a row of PostgreSQL does not say what Intercom sent."""
    rescued = row.pop("_rescued_data") or {}
    own = {name: value for name, value in row.items() if not name.startswith("_sdc_")}
    return list(differing(sent, own, rescued, ""))


def differing(sent: Any, found: Any, rescued: Row, path: str) -> list[str]:
    if path in rescued:
        kept = rescued[path] == sent and found is None
        return [] if kept else [f"{path}: {sent!r} was rescued as {rescued[path]!r}"]
    if isinstance(sent, dict) and isinstance(found, dict):
        names = sorted({*sent, *found})
        return [
            difference
            for name in names
            for difference in differing(
                sent.get(name), found.get(name), rescued, f"{path}.{name}".lstrip(".")
            )
        ]
    if isinstance(sent, list) and isinstance(found, list) and len(sent) == len(found):
        return [
            difference
            for index, (one, other) in enumerate(zip(sent, found, strict=True))
            for difference in differing(one, other, rescued, f"{path}.{index}")
        ]
    return [] if says_the_same(sent, found) else [f"{path}: {sent!r} became {found!r}"]


def says_the_same(sent: Any, found: Any) -> bool:
    if isinstance(found, datetime):
        return moment(sent) == found.replace(tzinfo=timezone.utc)
    if isinstance(found, date):
        return str(sent) == found.isoformat()
    if isinstance(sent, bool) or isinstance(found, bool) or sent is None or found is None:
        return sent is found
    if isinstance(found, str):
        same_time = moment(sent) is not None and moment(sent) == moment(found)
        return same_time or str(sent).replace("\0", "") == found
    return isinstance(sent, type(found)) or Decimal(str(sent)) == Decimal(str(found))


def moment(value: Any) -> datetime | None:
    """Read a time as Intercom writes it: seconds, milliseconds or text."""
    if isinstance(value, (int, float)):
        seconds = value / 1000 if abs(value) >= 1e11 else value
        return datetime.fromtimestamp(seconds, timezone.utc)
    try:
        read = datetime.fromisoformat(str(value).replace("Z", "+00:00").replace(" UTC", "+00:00"))
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=timezone.utc)
