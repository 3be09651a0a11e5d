"""What hangs on the records of another resource? A table of all that does.

The rows of one parent are computed, like records, until something happens to them (`children`);
from then on they are kept. Where the parent shows some of its rows itself, both stay in step.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from . import births, rows
from .records import (
    consultations,
    content,
    conversations,
    history,
    knowledge,
    people,
    segments,
    settings,
)
from .rows import inside, made
from .versions import changes

if TYPE_CHECKING:
    from collections.abc import Callable

    from .births import Birth
    from .holdings import Holdings
    from .rows import Rows
    from .versions import Version

Json = dict[str, Any]


@dataclass(frozen=True)
class Child:
    """A resource of rows that belong to the records of another.

    `shown` builds the fields in which the parent shows its rows. `often` is the chance of a new row
    when the parent changes, `daily` how many come in a day without the parent's knowing. Rows that
    are `derived` cannot be written: they are part of something else.
    """

    parent: str
    noun: str
    rows: Rows
    key: str = "id"
    shown: Callable[[str, list[Json]], Json] | None = None
    born: Callable[[Birth], Json | None] | None = None
    often: float = 0.0
    daily: float = 0.0
    visible: Callable[[Holdings, Json], bool] | None = None
    oldest_first: bool = False
    derived: bool = False

    @property
    def owner(self) -> str:
        """The field that names the parent."""
        return self.noun if self.noun == "type" else f"{self.noun}_id"

    def with_owner(self, parent: str, row: Json) -> Json:
        """Name the parent in a row, unless the row names it already."""
        return {self.owner: parent, **row}


_of_contact = partial(Child, "contacts", "contact")
_of_company = partial(Child, "companies", "company")
_of_conversation = partial(Child, "conversations", "conversation")
_of_article = partial(Child, "articles", "article")

CHILDREN: dict[str, Child] = {
    "contact_tags": _of_contact(
        rows.tags, shown=rows.shown_as("tags"), born=births.new_tag, often=0.2
    ),
    "contact_companies": _of_contact(
        rows.companies, shown=rows.shown_as("companies"), born=births.new_company, often=0.1
    ),
    "contact_notes": _of_contact(
        rows.notes, shown=rows.shown_as("notes"), born=births.new_note("contact"), often=0.25
    ),
    "contact_segments": _of_contact(
        made("contacts", lambda world, index, _: segments.segments_of(world, index))
    ),
    "contact_subscriptions": _of_contact(rows.subscriptions, shown=rows.subscriptions_shown),
    "contact_granted_companies": _of_contact(
        made("contacts", lambda world, index, _: people.granted_companies(world, index)),
        key="company_id",
        born=births.new_grant,
        often=0.1,
    ),
    "contact_merge_history": _of_contact(
        lambda holdings, contact: holdings.feed.merged_into(contact),
        key="source_contact_id",
        derived=True,
    ),
    "contact_events": _of_contact(
        rows.events,
        born=births.new_event,
        daily=0.02,
        visible=lambda holdings, row: history.stamp(row) >= history.listed(holdings.today()),
    ),
    "contact_event_summaries": _of_contact(
        lambda holdings, contact: history.summaries(rows_on(holdings, "contact_events", contact)),
        key="name",
        derived=True,
    ),
    "company_contacts": _of_company(rows.members, derived=True),
    "company_segments": _of_company(
        made("companies", lambda world, index, _: segments.company_segments(world, index))
    ),
    "company_tags": _of_company(inside("companies", "tags", "tags"), derived=True),
    "company_notes": _of_company(
        made("companies", people.company_notes),
        shown=rows.company_notes_shown,
        born=births.new_note("company"),
        often=0.25,
    ),
    "conversation_parts": _of_conversation(
        lambda holdings, conversation: holdings.parts(conversation), derived=True
    ),
    "conversation_tags": _of_conversation(inside("conversations", "tags", "tags"), derived=True),
    "conversation_contacts": _of_conversation(
        inside("conversations", "contacts", "contacts"), derived=True
    ),
    "conversation_teammates": _of_conversation(
        inside("conversations", "teammates", "admins"), derived=True
    ),
    "handling_events": _of_conversation(
        made("conversations", conversations.handling_events),
        key="timestamp",
        born=births.new_pause,
        often=0.3,
        oldest_first=True,
    ),
    "hitl_events": _of_conversation(
        made("conversations", consultations.hitl_events), key="event_type", derived=True
    ),
    "side_conversations": _of_conversation(
        made("conversations", conversations.side_conversations),
        key="side_conversation_id",
        born=births.new_side_conversation,
        often=0.1,
        oldest_first=True,
    ),
    "ticket_parts": Child(
        "tickets", "ticket", inside("tickets", "ticket_parts", "ticket_parts"), derived=True
    ),
    "ticket_type_attributes": Child(
        "ticket_types",
        "ticket_type",
        inside("ticket_types", "ticket_type_attributes", "data"),
        derived=True,
    ),
    "call_transcripts": Child("calls", "call", rows.transcript, derived=True),
    "article_statistics": _of_article(rows.statistics, derived=True),
    "article_drafts": _of_article(rows.draft, derived=True),
    "article_versions": _of_article(
        made("articles", lambda _, index, stub: knowledge.versions(index, stub)),
        born=births.new_version,
        often=1.0,
    ),
    "newsfeed_items": Child("newsfeeds", "newsfeed", rows.news, derived=True),
    "help_center_redirects": Child(
        "help_centers",
        "help_center",
        made("help_centers", lambda _, index, stub: content.redirects(index, stub)),
        born=births.new_redirect,
        daily=0.2,
    ),
    "office_hours_exceptions": Child(
        "office_hours_schedules",
        "office_hours_schedule",
        made(
            "office_hours_schedules",
            lambda _, index, stub: settings.office_hours_exceptions(index, stub),
        ),
        oldest_first=True,
    ),
    "team_metrics": Child("teams", "team", rows.metrics, key="admin_id", derived=True),
    "data_connector_executions": Child(
        "data_connectors",
        "data_connector",
        made(
            "data_connectors", lambda world, index, stub: settings.executions(world, index, stub.id)
        ),
        born=births.new_execution,
        daily=2.0,
    ),
    "custom_object_instances": Child(
        "custom_object_types",
        "type",
        lambda holdings, one: settings.custom_objects(holdings.world, one),
        born=births.new_object,
        daily=3.0,
    ),
}


def rows_on(holdings: Holdings, name: str, parent: str) -> list[Json]:
    """The rows of one parent, in the order in which they are served."""
    kept = holdings.kept(name, parent)
    return CHILDREN[name].rows(holdings, parent) if kept is None else kept


def rows_in(version: Version, holdings: Holdings, name: str, parent: str) -> list[Json]:
    """The rows of one parent, as a version serves them."""
    found = rows_on(holdings, name, parent)
    for rule in changes(name, version):
        found = [rule(row) for row in found]
    return found
