"""What is a column, in one line?

What it holds, in which unit, what it joins, and where it is null: `descriptions.json` has the
words, by stream or component and field, and under `*` what is the same everywhere. What it joins is
in `JOINS`, and said at the end. A field inside an object or a list is named by its path, as
`source.author.id`; under `*` by the end of its path, or as `.type` wherever it lies.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    Schema = dict[str, Any]
    Path = tuple[str, ...]

# What is true of every stream.
EVERYWHERE = "*"

# What lies inside others and is described by itself.
INSIDE: Mapping[str, str] = {
    "admin": "admin",
    "company": "company",
    "conversation_parts": "conversation_part",
    "notes": "note",
    "ticket_parts": "ticket_part",
    "ticket_type": "ticket_type",
}

# The column that a foreign key names a row by; two, where it may be either; None, where what is
# called an id is none. As in `descriptions.json`, by stream or component.
JOINS: Mapping[str, Mapping[str, str | None]] = {
    EVERYWHERE: {
        "admin_assignee_id": "admins.id",
        "admin_id": "admins.id",
        "admin_ids": "admins.id",
        "app_id": "workspace.id",
        "article_id": "articles.id",
        "audience_ids": "audiences.id",
        "author_id": "admins.id",
        "away_status_reason_id": "away_status_reasons.id",
        "brand_id": "brands.id",
        "call_id": "calls.id",
        "company_id": "companies.id",
        "contact_id": "contacts.id",
        "conversation_id": "conversations.id",
        "created_by_admin_id": "admins.id",
        "created_by_id": "admins.id",
        "data_connector_id": "data_connectors.id",
        "default_address_settings_id": "emails.id",
        "folder_id": "folders.id",
        "from_version_id": "article_versions.id",
        "help_center_id": "help_centers.id",
        "intercom_user_id": "contacts.id",
        "merge_source_id": "contacts.id",
        "merge_target_id": "contacts.id",
        "merged_into_id": "contacts.id",
        "news_item_id": "news_items.id",
        "newsfeed_id": "newsfeeds.id",
        "office_hours_schedule_id": "office_hours_schedules.id",
        "owner_id": "admins.id",
        "parent_folder_id": "folders.id",
        "parent_id": "collections.id",
        "parent_ids": "collections.id",
        "previous_ticket_state_id": "ticket_states.id",
        "receipt_id": "content_export_receipt.receipt_id",
        "ruleset_id": "content_export_overview.ruleset_id",
        "segment_id": "segments.id",
        "sender_id": "admins.id",
        "source_contact_id": "contacts.id",
        "subscription_type_id": "subscription_types.id",
        "tag_id": "tags.id",
        "team_assignee_id": "teams.id",
        "team_id": "teams.id",
        "team_ids": "teams.id",
        "teammate_id": "admins.id",
        "ticket_id": "tickets.id",
        "ticket_type_id": "ticket_types.id",
        "updated_by_admin_id": "admins.id",
        "updated_by_id": "admins.id",
        "user_external_id": "contacts.external_id",
        "company_external_id": "companies.company_id",
        "user_id": "contacts.id",
        "visible_to_team_ids": "teams.id",
        "workspace_id": "workspace.id",
        "applied_by.id": "admins.id",
        "assigned_to.id": "admins.id or teams.id",
        "author.id": "admins.id or contacts.id",
        "linked_objects.data.id": "tickets.id or conversations.id",
        "tags.data.id": "tags.id",
        "tags.tags.id": "tags.id",
    },
    "activity_log": {"performed_by.id": "admins.id"},
    "admin": {
        "team_priority_level.primary_team_ids": "teams.id",
        "team_priority_level.secondary_team_ids": "teams.id",
    },
    "app": {"admin.id": "admins.id"},
    "article": {"content_id": None},
    "article_drafts": {"id": "articles.id"},
    "company": {"company_id": None, "segments.segments.id": "segments.id"},
    "company_contacts": {"id": "contacts.id"},
    "company_note": {"author.id": "admins.id", "company.id": "companies.id"},
    "company_segments": {"id": "segments.id"},
    "company_tags": {"id": "tags.id"},
    "contact": {
        "companies.data.id": "companies.id",
        "external_id": None,
        "merge_history.source_contact_id": "contacts.id",
        "notes.data.id": "contact_notes.id",
        "opted_in_subscription_types.data.id": "subscription_types.id",
        "opted_out_subscription_types.data.id": "subscription_types.id",
    },
    "contact_activity": {"external_id": "contacts.external_id"},
    "contact_companies": {"id": "companies.id"},
    "contact_segments": {"id": "segments.id"},
    "contact_subscriptions": {"id": "subscription_types.id"},
    "contact_tags": {"id": "tags.id"},
    "content_export_overview": {"ruleset_id": None},
    "content_export_receipt": {
        "content_id": "content_export_overview.content_id",
        "receipt_id": None,
    },
    "content_export_series_completion": {
        "completion_node_ruleset_id": "content_export_overview.ruleset_id"
    },
    "content_export_series_disengagement": {
        "disengaged_node_ruleset_id": "content_export_overview.ruleset_id"
    },
    "conversation_contacts": {"external_id": "contacts.external_id", "id": "contacts.id"},
    "conversation_list_item": {
        "company.id": "companies.id",
        "contacts.contacts.external_id": "contacts.external_id",
        "contacts.contacts.id": "contacts.id",
        "conversation_rating.contact.external_id": "contacts.external_id",
        "conversation_rating.contact.id": "contacts.id",
        "conversation_rating.teammate.id": "admins.id",
        "statistics.assigned_team_first_response_time.team_id": "teams.id",
        "statistics.assigned_team_first_response_time_in_office_hours.team_id": "teams.id",
        "statistics.last_closed_by_id": "admins.id",
        "teammates.admins.id": "admins.id",
        "teammates.teammates.id": "admins.id",
    },
    "conversation_part": {"tags.id": "tags.id"},
    "conversation_tags": {"id": "tags.id"},
    "conversation_teammates": {"id": "admins.id"},
    "data_event": {"user_id": "contacts.external_id"},
    "deleted_contact": {"id": "contacts.id"},
    "deleted_conversation_item": {"id": "conversations.id"},
    "external_page": {"source_id": "content_import_sources.id"},
    "granted_company": {"company_id": "companies.company_id"},
    "note": {"author.id": "admins.id", "company.id": "companies.id", "contact.id": "contacts.id"},
    "news_item": {"newsfeed_assignments.newsfeed_id": "newsfeeds.id"},
    "newsfeed_items": {"id": "news_items.id"},
    "team": {
        "admin_priority_level.primary_admin_ids": "admins.id",
        "admin_priority_level.secondary_admin_ids": "admins.id",
    },
    "ticket": {
        "contacts.contacts.external_id": "contacts.external_id",
        "contacts.contacts.id": "contacts.id",
        "ticket_id": None,
        "ticket_state.id": "ticket_states.id",
        "ticket_type.id": "ticket_types.id",
    },
    "ticket_state_detailed": {"ticket_types.data.id": "ticket_types.id"},
    "ticket_type": {
        "ticket_states.data.id": "ticket_states.id",
        "ticket_type_attributes.data.id": "ticket_type_attributes.id",
    },
}

# What is said of columns by the dozen: how their names are built, and what of them is told.
PATTERNS: Mapping[str, str] = {
    r"first_(\w+)": "When the person had the first “{0}” of this delivery; null if none was in the "
    "days that were exported.",
    r"(\w+)_total": "How many events “{0}” there were, each one counted.",
    r"(\w+)_unique": "How many people had at least one event “{0}”.",
    r"(\w+)_rate": "The share of people with an event “{0}”, as Intercom works it out.",
}


def owners_of(name: str, component: str) -> tuple[str, ...]:
    """Name what the words of a stream may stand under, the most special first."""
    return name, component, component.removesuffix("_list_item")


def described(schema: Schema, owners: tuple[str, ...], noun: str) -> Schema:
    """Give a stream's schema with a description for each column of which there is something to say.

    And so for what lies inside. The noun is what a row is called.
    """
    return _described(schema, (), owners, noun)


def _described(declared: Schema, path: Path, owners: tuple[str, ...], noun: str) -> Schema:
    more: Schema = {}
    if "properties" in declared:
        more["properties"] = {
            name: _described(one, (*path, name), owners, noun)
            for name, one in declared["properties"].items()
        }
    if "items" in declared:
        # What is said of a list is said once: its items are only opened.
        opened = _described(declared["items"], path, owners, noun)
        more["items"] = {name: one for name, one in opened.items() if name != "description"}
    if path and (said := _said(path, owners, noun)):
        more["description"] = _whole(said, declared, joins(".".join(path), owners))
    return {**declared, **more}


def joins(name: str, owners: tuple[str, ...]) -> tuple[str, ...]:
    """Name the columns that a foreign key may join, as `contacts.id`; none for what is no key."""
    entry = found(JOINS, tuple(name.split(".")), owners)
    return tuple(entry.value.split(" or ")) if entry and entry.value else ()


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """Read what is said, by stream or component, and field."""
    text = files("tap_intercom").joinpath("descriptions.json").read_text("utf-8")
    read: dict[str, dict[str, str]] = json.loads(text)
    return read


class Entry(NamedTuple):
    """What a table has of a field: whose it is, how it is called there, and within what it lies."""

    owner: str
    name: str
    value: Any
    within: str | None = None


def found(
    table: Mapping[str, Mapping[str, Any]],
    path: Path,
    owners: tuple[str, ...],
    within: str | None = None,
) -> Entry | None:
    """Find what a table has of a field."""
    name = ".".join(path)
    for one in owners:
        if name in table.get(one, ()):
            return Entry(one, name, table[one][name], within)
    if len(path) > 1 and (own := INSIDE.get(path[0])):
        entry = found(table, path[1:], (own,), own)
        if entry:
            return entry
    for end in _ends(path):
        if end in table.get(EVERYWHERE, ()):
            return Entry(EVERYWHERE, end, table[EVERYWHERE][end], within)
    return None


def _ends(path: Path) -> list[str]:
    """Name what a field may be called under `*`: the end of its path, and inside others `.type`."""
    if len(path) == 1:
        return [path[0]]
    return [*(".".join(path[start:]) for start in range(len(path) - 1)), f".{path[-1]}"]


def _said(path: Path, owners: tuple[str, ...], noun: str) -> str | None:
    if entry := found(words(), path, owners):
        return str(entry.value).replace("{noun}", (entry.within or noun).replace("_", " "))
    for pattern, said in PATTERNS.items():
        if len(path) == 1 and (fits := re.fullmatch(pattern, path[0])):
            return said.format(fits[1].replace("_", " "))
    return None


def _whole(said: str, declared: Mapping[str, Any], targets: tuple[str, ...]) -> str:
    sentences = [said]
    if declared.get("format") == "date-time":
        sentences.append("In UTC.")
    if targets:
        sentences.append(f"Joins {' or '.join(f'`{one}`' for one in targets)}.")
    return " ".join(sentences)
