"""How did this look in an older version of the API? Rules, each with the version that ended it.

Records are kept as 2.17 serves them; a rule turns one back for callers on earlier versions. Rules
leave alone what they do not recognise, so a record that a test has put there raw stays raw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .exchange import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
Version = tuple[int, int]

V2_0: Version = (2, 0)
V2_15: Version = (2, 15)
V2_16: Version = (2, 16)
V2_17: Version = (2, 17)
PREVIEW: Version = (99, 0)
KNOWN: dict[str, Version] = {
    **{f"1.{minor}": (1, minor) for minor in range(5)},
    **{f"2.{minor}": (2, minor) for minor in range(18)},
    "Preview": PREVIEW,
    "Unstable": PREVIEW,
}


def parsed(text: str | None) -> Version:
    """Read the Intercom-Version header; the real API falls back to 1.0, which is never wanted."""
    if text is None:
        raise Refusal(
            400,
            "intercom_version_invalid",
            "The Intercom-Version header is missing. Intercom would fall back to the version of "
            "the app, or to 1.0; the sandbox wants it said.",
        )
    try:
        return KNOWN[text]
    except KeyError:
        message = f"The requested API version {text!r} does not exist."
        raise Refusal(400, "intercom_version_invalid", message) from None


@dataclass(frozen=True)
class Rule:
    """Before `until`, records of these tables looked like `change(record)`."""

    tables: tuple[str, ...]
    until: Version
    change: Callable[[Json], Json]


def without(*names: str) -> Callable[[Json], Json]:
    """Build a change that drops fields."""

    def change(record: Json) -> Json:
        return {name: value for name, value in record.items() if name not in names}

    return change


def _owner_as_number(contact: Json) -> Json:
    owner = contact.get("owner_id")
    if isinstance(owner, str) and owner.isdigit():
        return {**contact, "owner_id": int(owner)}
    return contact


def _assignees_as_text(ticket: Json) -> Json:
    assignees = {
        name: str(ticket[name])
        for name in ("admin_assignee_id", "team_assignee_id")
        if type(ticket.get(name)) is int
    }
    return {**ticket, **assignees}


def _plain_ticket_state(ticket: Json) -> Json:
    state = ticket.get("ticket_state")
    if not isinstance(state, dict):
        return ticket
    return {
        **ticket,
        "ticket_state": state.get("category"),
        "ticket_state_internal_label": state.get("internal_label"),
        "ticket_state_external_label": state.get("external_label"),
    }


def _unassigned_as_null(conversation: Json) -> Json:
    unassigned = {
        name: None
        for name in ("admin_assignee_id", "team_assignee_id")
        if type(conversation.get(name)) is int and conversation[name] == 0
    }
    return {**conversation, **unassigned}


def _two_priorities(conversation: Json) -> Json:
    if not isinstance(conversation.get("priority"), str):
        return conversation
    urgent = conversation["priority"] != "none"
    return {**conversation, "priority": "priority" if urgent else "not_priority"}


def _no_workflow_teammate(conversation: Json) -> Json:
    rating = conversation.get("conversation_rating")
    teammate = rating.get("teammate") if isinstance(rating, dict) else None
    if not isinstance(teammate, dict) or teammate.get("type") != "workflow":
        return conversation
    return {**conversation, "conversation_rating": {**(rating or {}), "teammate": None}}


def _one_parent(article: Json) -> Json:
    parents = article.get("parent_ids")
    first = parents[0] if isinstance(parents, list) and parents else None
    return {**article, "parent_id": first, "parent_type": first and "collection"}


_part_without_assignees = without("admin_assignee_id", "team_assignee_id")


def _parts_without_assignees(side_conversation: Json) -> Json:
    parts = side_conversation.get("conversation_parts")
    if not isinstance(parts, list):
        return side_conversation
    return {**side_conversation, "conversation_parts": list(map(_part_without_assignees, parts))}


def _datetime_as_date(attribute: Json) -> Json:
    if attribute.get("data_type") == "datetime":
        return {**attribute, "data_type": "date"}
    return attribute


RULES = (
    Rule(("contacts", "company_contacts"), (2, 16), _owner_as_number),
    Rule(("tickets",), (2, 16), _assignees_as_text),
    Rule(("tickets",), (2, 15), without("channel", "company_id")),
    Rule(("tickets",), (2, 12), _plain_ticket_state),
    Rule(("conversation_parts",), (2, 17), _part_without_assignees),
    Rule(("side_conversations",), (2, 17), _parts_without_assignees),
    Rule(("conversations",), (2, 17), _no_workflow_teammate),
    Rule(("conversations",), (2, 16), _two_priorities),
    Rule(("conversations",), (2, 16), _unassigned_as_null),
    Rule(
        ("conversations",),
        (2, 16),
        without("channel", "sales_agent", "sales_agent_participated", "external_references"),
    ),
    Rule(("conversations",), (2, 15), without("company")),
    Rule(("companies", "contact_companies"), (2, 16), without("notes")),
    Rule(("admins",), (2, 16), without("role")),
    Rule(("articles",), (2, 16), _one_parent),
    Rule(("articles",), (2, 11), without("content_id")),
    Rule(("contact_attributes", "company_attributes"), (2, 17), _datetime_as_date),
)


def changes(table: str, version: Version) -> tuple[Callable[[Json], Json], ...]:
    """Everything to be done to a record of this table for this version."""
    return tuple(rule.change for rule in RULES if table in rule.tables and version < rule.until)
