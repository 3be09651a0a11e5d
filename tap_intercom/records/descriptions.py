"""What is a column, in one line?

What it holds, in which unit, what it joins, and where it is null: `descriptions.json` has the
words, by stream or component and field, and under `*` what is the same everywhere. What it joins is
in `JOINS`, and said at the end.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    Schema = dict[str, Any]

# What is true of every stream.
EVERYWHERE = "*"

# The column that a foreign key names a row by; None, where what is called an id is none. As in
# `descriptions.json`, by stream or component.
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
    },
    "article": {"content_id": None},
    "article_drafts": {"id": "articles.id"},
    "company": {"company_id": None},
    "company_contacts": {"id": "contacts.id"},
    "company_segments": {"id": "segments.id"},
    "company_tags": {"id": "tags.id"},
    "contact": {"external_id": None},
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
    "conversation_tags": {"id": "tags.id"},
    "conversation_teammates": {"id": "admins.id"},
    "data_event": {"user_id": "contacts.external_id"},
    "deleted_contact": {"id": "contacts.id"},
    "deleted_conversation_item": {"id": "conversations.id"},
    "external_page": {"source_id": "content_import_sources.id"},
    "granted_company": {"company_id": "companies.company_id"},
    "newsfeed_items": {"id": "news_items.id"},
    "ticket": {"ticket_id": None},
}

# What is said of columns by the dozen: how their names are built, and what of them is told.
PATTERNS: Mapping[str, str] = {
    r"first_(\w+)": "When the person had the first “{0}” of this delivery; null if none was in the "
    "days that were exported.",
    r"(\w+)_total": "How many events “{0}” there were, each one counted.",
    r"(\w+)_unique": "How many people had at least one event “{0}”.",
    r"(\w+)_rate": "The share of people with an event “{0}”, as Intercom works it out.",
}


def described(schema: Schema, owners: tuple[str, ...], noun: str) -> Schema:
    """Give a stream's schema with a description for each column of which there is something to say.

    Owners are the names that words may stand under, the most special first; the noun is what a row
    is called.
    """
    told = {}
    for name, declared in schema["properties"].items():
        said = _said(name, owners)
        more = {"description": _whole(said, declared, joins(name, owners), noun)} if said else {}
        told[name] = {**declared, **more}
    return {**schema, "properties": told}


def joins(name: str, owners: tuple[str, ...]) -> str | None:
    """Name the column that a foreign key joins, as `contacts.id`; None for what is no key."""
    return next(
        (JOINS[one][name] for one in (*owners, EVERYWHERE) if name in JOINS.get(one, ())), None
    )


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """Read what is said, by stream or component, and field."""
    text = files("tap_intercom").joinpath("descriptions.json").read_text("utf-8")
    read: dict[str, dict[str, str]] = json.loads(text)
    return read


def _said(name: str, owners: tuple[str, ...]) -> str | None:
    for one in (*owners, EVERYWHERE):
        if name in words().get(one, ()):
            return words()[one][name]
    for pattern, said in PATTERNS.items():
        if found := re.fullmatch(pattern, name):
            return said.format(found[1].replace("_", " "))
    return None


def _whole(said: str, declared: Mapping[str, Any], target: str | None, noun: str) -> str:
    sentences = [said.replace("{noun}", noun)]
    if declared.get("format") == "date-time":
        sentences.append("In UTC.")
    if target:
        sentences.append(f"Joins `{target}`.")
    return " ".join(sentences)
