"""What hangs on the records of another resource? Rows of a parent, written, deleted and grown.

The rows of one parent are computed, like records, until something happens to them; from then on
they are kept. Where the parent shows some of its rows itself, both stay in step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zlib import crc32

import msgspec

from .exchange import Refusal
from .records import content, conversations, history, knowledge, people, phone, settings
from .versions import changes

if TYPE_CHECKING:
    from .records.dice import Dice
    from .tables import Stub
    from .versions import Version
    from .workspace import Workspace

Json = dict[str, Any]
Rows = Callable[["Workspace", str], list[Json]]

FIRST_BORN = 600_000_000_000


@dataclass(frozen=True)
class Birth:
    """What a new row is made of."""

    workspace: Workspace
    parent: str
    record: Json
    rows: list[Json]
    identity: str
    dice: Dice
    at: int


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
    visible: Callable[[Workspace, Json], bool] | None = None
    oldest_first: bool = False
    derived: bool = False

    @property
    def owner(self) -> str:
        """The field that names the parent."""
        return self.noun if self.noun == "type" else f"{self.noun}_id"

    def with_owner(self, parent: str, row: Json) -> Json:
        """Name the parent in a row, unless the row names it already."""
        return {self.owner: parent, **row}


def _inside(table: str, *path: str) -> Rows:
    """Take rows out of the parent itself, which has them all."""

    def rows(workspace: Workspace, parent: str) -> list[Json]:
        found: object = workspace.table(table).record(parent)
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []

    return rows


def _made(table: str, build: Callable[[Workspace, int, Stub], list[Json]]) -> Rows:
    """Compute rows from what their parent was computed from; what was put there has none."""

    def rows(workspace: Workspace, parent: str) -> list[Json]:
        made = workspace.table(table).made(parent)
        return [] if made is None else build(workspace, *made)

    return rows


def linked(workspace: Workspace, contact: str, name: str) -> list[str]:
    """Every id in a list of a contact, also those that the contact does not show."""
    table = workspace.table("contacts")
    made = table.made(contact)
    ids = [] if made is None else people.links(workspace.world, made[0])[name]
    if made is not None and not table.changed(contact):
        return ids
    shown = table.record(contact).get(name)
    if made is not None and shown == people.inline(name, contact, ids):
        return ids
    inside = shown.get("data") if isinstance(shown, dict) else None
    if not isinstance(inside, list):
        return []
    return [str(item["id"]) for item in inside if isinstance(item, dict) and "id" in item]


def _record(workspace: Workspace, table: str, identity: str) -> Json:
    records = workspace.table(table)
    return records.record(identity) if identity in records else {"id": identity}


def _tags(workspace: Workspace, contact: str) -> list[Json]:
    at = workspace.world.start
    return [
        people.applied_tag(_record(workspace, "tags", one), at - 3_600 * number)
        for number, one in enumerate(linked(workspace, contact, "tags"))
    ]


def _companies(workspace: Workspace, contact: str) -> list[Json]:
    return [workspace.company(one) for one in linked(workspace, contact, "companies")]


def _notes(workspace: Workspace, contact: str) -> list[Json]:
    about = {"contact": {"type": "contact", "id": contact}}
    first = workspace.world.start - 300 * 86_400
    return [
        people.note(one, first + crc32(contact.encode()) % 10**7 - 60 * number, about)
        for number, one in enumerate(linked(workspace, contact, "notes"))
    ]


def _subscriptions(workspace: Workspace, contact: str) -> list[Json]:
    chosen = [
        *linked(workspace, contact, "opted_out_subscription_types"),
        *linked(workspace, contact, "opted_in_subscription_types"),
    ]
    return [_record(workspace, "subscription_types", one) for one in chosen]


def _shown_as(name: str) -> Callable[[str, list[Json]], Json]:
    """Show the ids of rows in a list of their contact."""

    def shown(contact: str, rows: list[Json]) -> Json:
        return {name: people.inline(name, contact, [str(row["id"]) for row in rows])}

    return shown


def _subscriptions_shown(contact: str, rows: list[Json]) -> Json:
    return {
        name: people.inline(
            name, contact, [str(row["id"]) for row in rows if row.get("consent_type") == consent]
        )
        for name, consent in (
            ("opted_out_subscription_types", "opt_out"),
            ("opted_in_subscription_types", "opt_in"),
        )
    }


def _company_notes_shown(_: str, rows: list[Json]) -> Json:
    return {"notes": {"type": "note.list", "notes": rows}}


def _members(workspace: Workspace, company: str) -> list[Json]:
    contacts = workspace.table("contacts")
    return [contacts.record(one) for one in workspace.members(company)]


def _events(workspace: Workspace, index: int, stub: Stub) -> list[Json]:
    person = workspace.table("contacts").record(stub.id)
    return [
        history.event(person, time, kind) for time, kind in history.happened(workspace.world, index)
    ]


def _summaries(workspace: Workspace, contact: str) -> list[Json]:
    return history.summaries(workspace.children.rows("contact_events", contact))


def _parts(workspace: Workspace, conversation: str) -> list[Json]:
    return workspace.parts(conversation)


def _statistics(workspace: Workspace, article: str) -> list[Json]:
    statistics = workspace.statistics(article)
    return [] if statistics is None else [statistics]


def _draft(workspace: Workspace, article: str) -> list[Json]:
    record = workspace.table("articles").record(article)
    if not record.get("has_unpublished_changes"):
        return []
    return [{**knowledge.draft(record), "statistics": workspace.statistics(article)}]


def _news(workspace: Workspace, feed: str) -> list[Json]:
    items = workspace.table("news_items")
    rows = [items.record(one) for one in items]
    return [
        row
        for row in rows
        if row.get("state") == "live"
        and feed in [str(one["newsfeed_id"]) for one in row.get("newsfeed_assignments") or []]
    ]


def _transcript(workspace: Workspace, call: str) -> list[Json]:
    record = workspace.table("calls").record(call)
    if record.get("conversation_id") is None:
        return []
    return [{**record, **phone.transcript(record)}]


def _metrics(workspace: Workspace, team: str) -> list[Json]:
    return settings.team_metrics(workspace.table("teams").record(team), settings.IDLE)


def _new_note(noun: str) -> Callable[[Birth], Json]:
    def born(birth: Birth) -> Json:
        about = {noun: {"type": noun, "id": birth.parent}}
        return people.note(birth.identity, birth.at, about)

    return born


def _new_tag(birth: Birth) -> Json | None:
    tags = [*birth.workspace.table("tags")]
    tag = birth.dice.pick(tags) if tags else None
    if tag is None or tag in {str(row["id"]) for row in birth.rows}:
        return None
    return people.applied_tag(_record(birth.workspace, "tags", tag), birth.at)


def _new_company(birth: Birth) -> Json | None:
    company = birth.dice.pick([*birth.workspace.table("companies")])
    if company in {str(row["id"]) for row in birth.rows}:
        return None
    return birth.workspace.company(company)


def _new_pause(birth: Birth) -> Json:
    kind = ("paused", "resumed")[len(birth.rows) % 2]
    return conversations.handling_event(birth.at, kind, birth.dice.below(4))


def _new_version(birth: Birth) -> Json:
    before = str(birth.rows[0]["id"]) if birth.rows else None
    return knowledge.version(birth.identity, birth.parent, birth.at, before)


CHILDREN: dict[str, Child] = {
    "contact_tags": Child(
        "contacts", "contact", _tags, shown=_shown_as("tags"), born=_new_tag, often=0.2
    ),
    "contact_companies": Child(
        "contacts",
        "contact",
        _companies,
        shown=_shown_as("companies"),
        born=_new_company,
        often=0.1,
    ),
    "contact_notes": Child(
        "contacts",
        "contact",
        _notes,
        shown=_shown_as("notes"),
        born=_new_note("contact"),
        often=0.25,
    ),
    "contact_segments": Child(
        "contacts",
        "contact",
        _made("contacts", lambda workspace, index, _: people.segments_of(workspace.world, index)),
    ),
    "contact_subscriptions": Child(
        "contacts", "contact", _subscriptions, shown=_subscriptions_shown
    ),
    "contact_merge_history": Child(
        "contacts",
        "contact",
        lambda workspace, contact: workspace.merged_into(contact),
        key="source_contact_id",
        derived=True,
    ),
    "contact_events": Child(
        "contacts",
        "contact",
        _made("contacts", _events),
        born=lambda birth: history.new_event(birth.record, birth.rows, birth.dice, birth.at),
        daily=0.02,
        visible=lambda workspace, row: history.stamp(row) >= history.listed(workspace.today()),
    ),
    "contact_event_summaries": Child("contacts", "contact", _summaries, key="name", derived=True),
    "company_contacts": Child(
        "companies",
        "company",
        _members,
        derived=True,
    ),
    "company_segments": Child(
        "companies", "company", _inside("companies", "segments", "segments"), derived=True
    ),
    "company_tags": Child(
        "companies", "company", _inside("companies", "tags", "tags"), derived=True
    ),
    "company_notes": Child(
        "companies",
        "company",
        _inside("companies", "notes", "notes"),
        shown=_company_notes_shown,
        born=_new_note("company"),
        often=0.25,
    ),
    "conversation_parts": Child("conversations", "conversation", _parts, derived=True),
    "conversation_tags": Child(
        "conversations", "conversation", _inside("conversations", "tags", "tags"), derived=True
    ),
    "conversation_contacts": Child(
        "conversations",
        "conversation",
        _inside("conversations", "contacts", "contacts"),
        derived=True,
    ),
    "conversation_teammates": Child(
        "conversations",
        "conversation",
        _inside("conversations", "teammates", "admins"),
        derived=True,
    ),
    "handling_events": Child(
        "conversations",
        "conversation",
        _made(
            "conversations",
            lambda workspace, index, stub: conversations.handling_events(
                workspace.world, index, stub
            ),
        ),
        key="timestamp",
        born=_new_pause,
        often=0.3,
        oldest_first=True,
    ),
    "side_conversations": Child(
        "conversations",
        "conversation",
        _made(
            "conversations",
            lambda workspace, index, stub: conversations.side_conversations(
                workspace.world, index, stub
            ),
        ),
        key="side_conversation_id",
        born=lambda birth: conversations.side_conversation(
            birth.workspace.world, birth.dice, birth.identity, birth.at
        ),
        often=0.1,
        oldest_first=True,
    ),
    "ticket_parts": Child(
        "tickets", "ticket", _inside("tickets", "ticket_parts", "ticket_parts"), derived=True
    ),
    "ticket_type_attributes": Child(
        "ticket_types",
        "ticket_type",
        _inside("ticket_types", "ticket_type_attributes", "data"),
        derived=True,
    ),
    "call_transcripts": Child("calls", "call", _transcript, derived=True),
    "article_statistics": Child("articles", "article", _statistics, derived=True),
    "article_drafts": Child("articles", "article", _draft, derived=True),
    "article_versions": Child(
        "articles",
        "article",
        _made("articles", lambda _, index, stub: knowledge.versions(index, stub)),
        born=_new_version,
        often=1.0,
    ),
    "newsfeed_items": Child("newsfeeds", "newsfeed", _news, derived=True),
    "help_center_redirects": Child(
        "help_centers",
        "help_center",
        _made("help_centers", lambda _, index, stub: content.redirects(index, stub)),
        born=lambda birth: content.redirect(birth.identity, birth.parent, birth.at),
        daily=0.2,
    ),
    "office_hours_exceptions": Child(
        "office_hours_schedules",
        "office_hours_schedule",
        _made(
            "office_hours_schedules",
            lambda _, index, stub: settings.office_hours_exceptions(index, stub),
        ),
        oldest_first=True,
    ),
    "team_metrics": Child("teams", "team", _metrics, key="admin_id", derived=True),
    "data_connector_executions": Child(
        "data_connectors",
        "data_connector",
        _made(
            "data_connectors",
            lambda workspace, index, stub: settings.executions(workspace.world, index, stub.id),
        ),
        born=lambda birth: settings.execution(
            birth.workspace.world, birth.dice, birth.parent, birth.identity, birth.at
        ),
        daily=2.0,
    ),
    "custom_object_instances": Child(
        "custom_object_types",
        "type",
        lambda workspace, one: settings.custom_objects(workspace.world, one),
        born=lambda birth: settings.new_object(birth.parent, birth.identity, birth.dice, birth.at),
        daily=3.0,
    ),
}


class Children:
    """The rows that hang on records, and what has happened to them."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.version = 0
        self._kept: dict[tuple[str, str], list[Json]] = {}
        self._born = 0

    def rows(self, name: str, parent: str) -> list[Json]:
        """The rows of one parent, in the order in which they are served."""
        kept = self._kept.get((name, parent))
        return CHILDREN[name].rows(self.workspace, parent) if kept is None else kept

    def companies(self, contact: str) -> list[str]:
        """The ids of the companies of a contact."""
        kept = self._kept.get(("contact_companies", contact))
        if kept is not None:
            return [str(row["id"]) for row in kept]
        return linked(self.workspace, contact, "companies")

    def in_version(self, name: str, rows: list[Json], version: Version) -> list[Json]:
        """Turn rows into what a version serves."""
        for rule in changes(name, version):
            rows = [rule(row) for row in rows]
        return rows

    def truth(self, name: str, version: Version) -> list[Json]:
        """Every row of every parent, with the parent's id."""
        child = CHILDREN[name]
        return [
            msgspec.json.decode(msgspec.json.encode(child.with_owner(parent, row)))
            for parent in self.workspace.table(child.parent)
            for row in self.in_version(name, self.rows(name, parent), version)
            if child.visible is None or child.visible(self.workspace, row)
        ]

    def put(self, name: str, given: Json) -> Json:
        """Write fields of a row as they are given; make it when it is not there."""
        child = CHILDREN[name]
        parent = self._parent(name, given)
        _writable(name)
        if given.get(child.key) is None:
            raise Refusal(400, "parameter_not_found", f"{child.key} is needed", field=child.key)
        fresh = {field: value for field, value in given.items() if field != child.owner}
        rows = self.rows(name, parent)
        old = [row for row in rows if str(row[child.key]) == str(given[child.key])]
        row = {**(old[0] if old else {}), **fresh}
        if old:
            rows = [row if one is old[0] else one for one in rows]
        self._keep(name, parent, rows if old else self._joined(child, rows, row))
        return child.with_owner(parent, row)

    def _parent(self, name: str, given: Json) -> str:
        child = CHILDREN[name]
        parent = str(given.get(child.owner))
        if parent not in self.workspace.table(child.parent):
            message = f"{child.owner} must name one of the {child.parent}"
            raise Refusal(400, "parameter_not_found", message, field=child.owner)
        return parent

    def delete(self, name: str, identity: str) -> bool:
        """Delete the row at PARENT/ID; tell whether it was there."""
        _writable(name)
        parent, _, key = identity.partition("/")
        if parent not in self.workspace.table(CHILDREN[name].parent):
            return False
        rows = self.rows(name, parent)
        left = [row for row in rows if str(row[CHILDREN[name].key]) != key]
        if len(left) < len(rows):
            self._keep(name, parent, left)
        return len(left) < len(rows)

    def parent_put(self, table: str, parent: str, given: Json) -> None:
        """Forget rows that are shown in a field that was just written."""
        for name, child in CHILDREN.items():
            if child.parent != table or child.shown is None:
                continue
            if (name, parent) in self._kept and {*child.shown(parent, [])} & {*given}:
                del self._kept[name, parent]

    def parent_gone(self, table: str, parent: str) -> None:
        """Forget the rows of a parent that is deleted."""
        for name, child in CHILDREN.items():
            if child.parent == table:
                self._kept.pop((name, parent), None)

    def parent_changed(self, table: str, parent: str, dice: Dice, at: int) -> None:
        """Let rows come with a change of their parent."""
        for name, child in CHILDREN.items():
            if child.parent == table and child.often and dice.chance(child.often):
                self.grow(name, parent, dice, at)

    def grow(self, name: str, parent: str, dice: Dice, at: int) -> None:
        """Let a row be born."""
        child = CHILDREN[name]
        if child.born is None:
            return
        self._born += 1
        rows = self.rows(name, parent)
        record = self.workspace.table(child.parent).record(parent)
        identity = str(FIRST_BORN + self._born)
        row = child.born(Birth(self.workspace, parent, record, rows, identity, dice, at))
        if row is not None:
            self._keep(name, parent, self._joined(child, rows, row))

    def _joined(self, child: Child, rows: list[Json], row: Json) -> list[Json]:
        return [*rows, row] if child.oldest_first else [row, *rows]

    def _keep(self, name: str, parent: str, rows: list[Json]) -> None:
        """Keep rows, and let their parent show them."""
        self.version += 1
        self._kept[name, parent] = rows
        child = CHILDREN[name]
        if child.shown is not None:
            table = self.workspace.table(child.parent)
            table.put({**table.record(parent), **child.shown(parent, rows)})


def _writable(name: str) -> None:
    if CHILDREN[name].derived:
        message = f"{name} are part of something else; write that"
        raise Refusal(400, "parameter_invalid", message)
