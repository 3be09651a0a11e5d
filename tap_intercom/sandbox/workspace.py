"""What is in the workspace now? Its tables, and what happens to them as time passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .children import CHILDREN, Children
from .exchange import Refusal
from .records import (
    content,
    conversations,
    exports,
    history,
    knowledge,
    people,
    phone,
    settings,
    tickets,
    workspace,
)
from .records.dice import DAY, HOUR, YEAR, Dice
from .records.world import (
    ADMINS,
    MERGED_INTO_ONE,
    OBJECT_TYPES,
    SEGMENTS,
    SUBSCRIPTION_IDS,
    TAGS,
    TEAMS,
    TICKET_TYPES,
)
from .tables import History, Stub, Table
from .versions import V2_16

if TYPE_CHECKING:
    from collections.abc import Callable

    from .clock import Clock
    from .records.world import World
    from .versions import Version

Json = dict[str, Any]

# What is done at once after a jump was asked for must not lie before what a tap has just read.
QUIET = 600
FEW = 3
TRIES = 40
SINCE_START = 0x800000
FORGOTTEN = 45 * DAY


@dataclass(frozen=True)
class Family:
    """A table whose records are computed: its dice, its names, its records."""

    kind: int
    count: Callable[[World], int]
    name: Callable[[World, int], str]
    build: Callable[[World, int, Stub], Json]
    span: int = 2 * YEAR

    def table(self, name: str, world: World) -> Table:
        """Make the table of a world."""
        stubs = world.stubs(self.kind, self.count(world), self.names(world), self.span)
        return Table(name, stubs, lambda index, stub: self.build(world, index, stub))

    def names(self, world: World) -> Callable[[int], str]:
        """How this world names records."""
        return lambda index: self.name(world, index)


@dataclass(frozen=True)
class Pace:
    """How much of a table changes, is added and goes in a day."""

    table: str
    changed: float = 0.0
    born: float = 0.0
    gone: float = 0.0
    merged: float = 0.0


def _counted(kind: int, name: str, count: int, build: Callable[[World, int, Stub], Json]) -> Family:
    """Make the family of a table that numbers its records."""
    return Family(kind, lambda _: count, lambda world, index: world.number(name, index), build)


FAMILIES = {
    "contacts": Family(1, lambda w: w.size, lambda w, i: w.contact_id(i), people.contact),
    "companies": Family(2, lambda w: w.companies, lambda w, i: w.company_id(i), people.company),
    "conversations": Family(
        3,
        lambda w: w.conversations,
        lambda w, i: w.conversation_id(i),
        conversations.conversation,
    ),
    "tickets": Family(6, lambda w: w.tickets, lambda w, i: w.ticket_id(i), tickets.ticket),
    "articles": Family(
        7, lambda _: knowledge.ARTICLES, lambda w, i: w.article_id(i), knowledge.article
    ),
    "activity_logs": Family(
        9, lambda w: w.activity_logs, lambda w, i: w.activity_log_id(i), workspace.activity_log
    ),
    "collections": Family(
        10, lambda _: knowledge.COLLECTIONS, lambda w, i: w.collection_id(i), knowledge.collection
    ),
    "deleted_conversations": Family(
        11,
        lambda w: w.deleted_conversations,
        lambda w, i: w.conversation_id(-1 - i),
        conversations.deleted_conversation,
    ),
    "calls": Family(40, lambda w: w.calls, lambda w, i: w.number("calls", i), phone.call),
    **{
        name: _counted(41 + number, name, count, build)
        for number, (name, count, build) in enumerate(
            (
                ("internal_articles", content.INTERNAL_ARTICLES, content.internal_article),
                ("news_items", content.NEWS_ITEMS, content.news_item),
                ("newsfeeds", content.NEWSFEEDS, content.newsfeed),
                ("content_import_sources", content.IMPORT_SOURCES, content.content_import_source),
                ("external_pages", content.EXTERNAL_PAGES, content.external_page),
                ("content_snippets", content.SNIPPETS, content.content_snippet),
                ("audiences", content.AUDIENCES, content.audience),
                ("folders", content.FOLDERS, content.folder),
                ("dynamic_contents", content.DYNAMIC_CONTENTS, content.dynamic_content),
                ("macros", content.MACROS, content.macro),
                ("help_centers", settings.HELP_CENTERS, settings.help_center),
                ("office_hours_schedules", settings.SCHEDULES, settings.schedule),
                ("data_connectors", settings.CONNECTORS, settings.connector),
            )
        )
    },
}

# Until 2.15, attributes of conversations were data attributes like all others.
OLD_ATTRIBUTES = "conversation_data_attributes"

FIXED: dict[str, Callable[[World], list[Json]]] = {
    "workspace": lambda world: [workspace.me(world)],
    "admins": lambda _: [workspace.admin(index) for index in range(ADMINS)],
    "teams": lambda _: [workspace.team(index) for index in range(TEAMS)],
    "tags": lambda _: [people.tag(index) for index in range(TAGS)],
    "segments": lambda world: [people.segment(world, index) for index in range(SEGMENTS)],
    "segments_of_companies": lambda world: [
        people.company_segment(world, index) for index in range(4)
    ],
    "ticket_types": lambda world: [
        tickets.ticket_type(world.start, index) for index in range(TICKET_TYPES)
    ],
    "ticket_states": lambda world: [
        settings.detailed_state(world, index) for index in range(settings.TICKET_STATES)
    ],
    "contact_attributes": lambda world: workspace.data_attributes(world, "contact"),
    "company_attributes": lambda world: workspace.data_attributes(world, "company"),
    "conversation_attributes": settings.conversation_attributes,
    OLD_ATTRIBUTES: lambda world: workspace.data_attributes(world, "conversation"),
    "subscription_types": lambda _: [
        people.subscription_type(index) for index in range(len(SUBSCRIPTION_IDS))
    ],
    "brands": lambda world: [settings.brand(world, index) for index in range(settings.BRANDS)],
    "emails": lambda world: [settings.email(world, index) for index in range(settings.EMAILS)],
    "away_status_reasons": lambda world: [
        settings.away_status_reason(world, index) for index in range(settings.AWAY_REASONS)
    ],
    "activity_log_event_types": lambda _: [{"event_type": one} for one in settings.EVENT_TYPES],
    "ip_allowlist": lambda _: [settings.ip_allowlist()],
    "custom_object_types": lambda _: [{"id": one} for one in OBJECT_TYPES],
}
KEYS = {
    "contact_attributes": "full_name",
    "company_attributes": "full_name",
    OLD_ATTRIBUTES: "full_name",
    "activity_log_event_types": "event_type",
    "ip_allowlist": "type",
}

NAMES = (*FAMILIES, *FIXED, "contact_activities")

PACES = (
    Pace("contacts", changed=0.03, born=0.005, gone=0.001, merged=0.001),
    Pace("companies", changed=0.02, born=0.004, gone=0.001),
    Pace("conversations", changed=0.04, born=0.02, gone=0.004),
    Pace("tickets", changed=0.03, born=0.01, gone=0.001),
    Pace("articles", changed=0.03, born=0.01, gone=0.005),
    Pace("collections", changed=0.05),
    Pace("activity_logs", born=0.01),
    Pace("calls", changed=0.02, born=0.02),
    Pace("macros", changed=0.02, born=0.01, gone=0.005),
    Pace("internal_articles", changed=0.03, born=0.01, gone=0.005),
    Pace("news_items", changed=0.03, born=0.02),
    Pace("external_pages", changed=0.02, born=0.01),
    *(
        Pace(name, changed=0.03)
        for name in (
            "content_import_sources", "content_snippets", "audiences", "folders",
            "dynamic_contents", "data_connectors", "brands", "emails", "away_status_reasons",
            "conversation_attributes",
        )
    ),
)  # fmt: skip

CHANGES: dict[str, Callable[[Json, Dice, int], Json]] = {
    "contacts": people.changed_contact,
    "companies": people.changed_company,
    "tickets": tickets.changed_ticket,
    "articles": knowledge.changed_article,
    "collections": knowledge.changed_collection,
    "calls": phone.changed_call,
    "macros": content.changed_text,
    "data_connectors": content.changed_stamp,
}


def _occasions(dice: Dice, expected: float, *, surely: bool) -> int:
    """Turn an expected number into a whole one; a whole day brings at least one of each kind."""
    count = int(expected + dice.random())
    return max(count, 1) if surely and expected else count


class Workspace:
    """Everything that Intercom would know, at the sandbox's time."""

    def __init__(self, world: World, clock: Clock, search_lag: float = 0.0) -> None:
        self.world: World = world
        self.clock = clock
        self.search_lag = search_lag
        self._tables: dict[str, Table] = {}
        self._parts: dict[str, list[Json]] = {}
        self._told: list[Json] = []
        self._members: tuple[object, dict[str, list[str]]] | None = None
        self.children = Children(self)
        self.merges: dict[str, tuple[str, int]] = {}
        self._swallowed: dict[str, list[str]] = {}
        for number in range(world.merged_contacts):
            source = world.contact_id(1_000_000_000 + number)
            target = world.user(0 if number < MERGED_INTO_ONE else 7 * number % world.size)
            if target is not None:
                self._merge(source, target, world.start - number * DAY - 300)

    def today(self) -> int:
        """The time to which everything has happened; it does not tick."""
        return self.clock.start + self.clock.jumped

    def table(self, name: str) -> Table:
        """One table, made when first asked for."""
        table = self._tables.get(name)
        if table is None:
            table = self._tables[name] = self._made(name)
            if self.search_lag:
                table.history = History(self.search_lag, self.clock.now)
        return table

    def _made(self, name: str) -> Table:
        if name in FAMILIES:
            return FAMILIES[name].table(name, self.world)
        if name in FIXED:
            return Table.of(name, FIXED[name](self.world), key=KEYS.get(name, "id"))
        if name == "contact_activities":
            return self._activities()
        known = ", ".join(sorted((*NAMES, *CHILDREN)))
        raise Refusal(404, "not_found", f"There is no resource {name!r}; there are: {known}")

    def _activities(self) -> Table:
        """Tell how every contact came and went, before the start and since."""
        before = {
            source: merge for source, merge in self.merges.items() if merge[1] < self.world.start
        }
        family = FAMILIES["contacts"]
        stubs = self.world.stubs(
            family.kind, family.count(self.world), family.names(self.world), family.span
        )
        past = history.Past(self.world, stubs, before)
        table = Table("contact_activities", past.stubs(), past.build)
        table.put_all(self._told)
        return table

    def _tell(self, at: int, kind: str, contact: str, **more: object) -> None:
        """Add to the feed of what happens to contacts."""
        told = history.activity(SINCE_START + len(self._told), at, kind, contact, **more)
        self._told.append(told)
        if "contact_activities" in self._tables:
            self._tables["contact_activities"].put(told)

    def company(self, identity: str) -> Json:
        """One company, also when it has been deleted since somebody was linked to it."""
        companies = self.table("companies")
        if identity in companies:
            return companies.record(identity)
        return {"type": "company", "id": identity, "name": None}

    def members(self, company: str) -> list[str]:
        """Name every contact of a company."""
        contacts = self.table("contacts")
        state = (contacts.version, self.children.version)
        if self._members is None or self._members[0] != state:
            members: dict[str, list[str]] = {}
            for contact in contacts:
                for one in self.children.companies(contact):
                    members.setdefault(one, []).append(contact)
            self._members = (state, members)
        return self._members[1].get(company, [])

    def parts(self, conversation: str) -> list[Json]:
        """Every part of a conversation, oldest first."""
        kept = self._parts.get(conversation)
        if kept is not None:
            return kept
        table = self.table("conversations")
        made = table.made(conversation)
        return [] if made is None else conversations.parts(self.world, *made)

    def statistics(self, article: str) -> Json | None:
        """The statistics of an article."""
        index = int(article) if article.isdigit() else 0
        return knowledge.article_statistics(self.world, index, self.clock.jumped // HOUR)

    def with_parts(self, record: Json, parts: list[Json]) -> Json:
        """Build a conversation as its own page shows it."""
        wrapper = {
            "type": "conversation_part.list",
            "conversation_parts": parts,
            "total_count": len(parts),
        }
        return {**record, "conversation_parts": wrapper}

    def truth(self, name: str, version: Version) -> list[Json]:
        """Every current record, as this version would serve it, conversations with all parts."""
        if name in CHILDREN:
            return self.children.truth(name, version)
        if exports.is_exported(name):
            return [dict(row) for row in exports.truth(self.world, name, self.today())]
        if name == "conversation_attributes" and version < V2_16:
            name = OLD_ATTRIBUTES
        table = self.table(name)
        records = table.records(version)
        if name != "conversations":
            return records
        return [
            self.with_parts(record, self.parts(identity))
            for identity, record in zip(table, records, strict=True)
        ]

    def put(self, name: str, given: Json) -> Json:
        """Write fields of a record as they are given; make it when it is not there."""
        if name in CHILDREN:
            return self.children.put(name, given)
        table = self.table(name)
        if given.get(table.key) is None:
            raise Refusal(400, "parameter_not_found", f"{table.key} is needed", field=table.key)
        identity = str(given[table.key])
        record = {**(table.record(identity) if identity in table else {}), **given}
        if name == "conversations":
            wrapper = record.pop("conversation_parts", None)
            if wrapper is not None:
                inside = wrapper["conversation_parts"] if isinstance(wrapper, dict) else wrapper
                self._parts[identity] = inside
        self._write(name, record, int(self.clock.now()))
        self.children.parent_put(name, identity, given)
        return record

    def delete(self, name: str, identity: str, at: int | None = None) -> bool:
        """Delete a record; a conversation and a contact leave a trace."""
        if name in CHILDREN:
            return self.children.delete(name, identity)
        when = int(self.clock.now()) if at is None else at
        table = self.table(name)
        if name == "contacts" and identity in table:
            record = table.record(identity)
            role, external = record.get("role"), record.get("external_id")
            self._tell(when, "deleted", identity, role=role, external_id=external)
        self.children.parent_gone(name, identity)
        there = table.delete(identity)
        if there and name == "conversations":
            self._parts.pop(identity, None)
            trace = {"type": "conversation", "id": identity}
            self.table("deleted_conversations").put(
                {**trace, "metrics_retained": False, "deleted_at": when}
            )
        return there

    def touch(self, name: str, identity: str, dice: Dice, at: int) -> None:
        """Let something happen to a record."""
        table = self.table(name)
        record = table.record(identity)
        if name == "conversations":
            record = self._continue(identity, record, dice, at)
        else:
            record = CHANGES.get(name, content.changed)(record, dice, at)
        self._write(name, record, at)
        self.children.parent_changed(name, identity, dice, at)

    def _write(self, name: str, record: Json, at: int) -> None:
        """Write a record; what happens to contacts is told."""
        table = self.table(name)
        identity = str(record[table.key])
        if name == "contacts":
            old = table.record(identity).get("role") if identity in table else None
            role = record.get("role")
            if identity not in table or old != role:
                kind = "role_updated" if identity in table else "created"
                external = record.get("external_id")
                self._tell(at, kind, identity, role=role, external_id=external)
        table.put(record)

    def _continue(self, identity: str, record: Json, dice: Dice, at: int) -> Json:
        before = self.parts(identity)
        first = 50_000_000_000 + len(before) + int(identity[-7:] or 0) * 1_000
        new = [
            conversations.part(self.world, dice, str(first + number), at)
            for number in range(1 + dice.below(3))
        ]
        self._parts[identity] = [*before, *new]
        return conversations.continued(record, dice, at, len(before) + len(new))

    def advance(self, seconds: int) -> None:
        """Let time pass, and what happens in it."""
        position = self.clock.jumped
        dice = Dice((self.world.seed << 120) ^ (position << 60) ^ seconds)
        for pace in PACES:
            _Passage(self, pace, dice, seconds).pass_by()
        for name, child in CHILDREN.items():
            if child.daily:
                _Passage(self, Pace(child.parent), dice, seconds).have(name, child.daily)
        self.clock.jump(seconds)

    def bear(self, name: str, at: int) -> None:
        """Let a record be born."""
        table = self.table(name)
        family = FAMILIES[name]
        identity = family.name(self.world, table.born)
        table.add(Stub(identity, at, at))
        if name == "contacts":
            record = table.record(identity)
            role, external = record["role"], record["external_id"]
            self._tell(at, "created", identity, role=role, external_id=external)

    def merge(self, source: str, target: str, dice: Dice, at: int) -> None:
        """Merge one contact into another."""
        self.table("contacts").delete(source)
        self._merge(source, target, at)
        about = {"merge_source_id": source, "merge_target_id": target}
        self._tell(at, "merged", target, role="user", **about)
        self.touch("contacts", target, dice, at)

    def _merge(self, source: str, target: str, at: int) -> None:
        self.merges[source] = (target, at)
        self._swallowed.setdefault(target, []).append(source)

    def target(self, living: list[str], dice: Dice) -> str | None:
        """Choose whom a contact is merged into: a user, if one is soon found."""
        for _ in range(TRIES):
            identity = dice.pick(living)
            if self.table("contacts").record(identity).get("role") == "user":
                return identity
        return None

    def merged_into(self, contact: str) -> list[Json]:
        """Build the merge history of a contact, newest first; the oldest have lost their time."""
        merges = [(self.merges[one][1], one) for one in self._swallowed.get(contact, [])]
        return [
            {
                "type": "merge_history",
                "source_contact_id": source,
                "source_contact_role": "lead",
                "merged_at": at if at > self.world.start - FORGOTTEN else None,
            }
            for at, source in sorted(merges, reverse=True)
        ]


class _Passage:
    """What happens to one table while some time passes."""

    def __init__(self, workspace: Workspace, pace: Pace, dice: Dice, seconds: int) -> None:
        self.workspace = workspace
        self.pace = pace
        self.dice = dice
        self.days = seconds / DAY
        self.first = workspace.clock.start + workspace.clock.jumped + min(seconds // 2, QUIET)
        self.last = workspace.clock.start + workspace.clock.jumped + seconds - 1
        self.table = workspace.table(pace.table)
        self.living = list(self.table)

    def pass_by(self) -> None:
        """Change, bear, merge and delete, in this order."""
        for at in self._times(self.pace.changed):
            identity = self.dice.pick(self.living)
            self.workspace.touch(self.pace.table, identity, self.dice, at)
        for at in self._times(self.pace.born):
            self.workspace.bear(self.pace.table, at)
        for at in self._times(self.pace.merged):
            target = self.workspace.target(self.living, self.dice)
            source = self._victim(target)
            if target is not None and source is not None:
                self.workspace.merge(source, target, self.dice, at)
        for at in self._times(self.pace.gone):
            victim = self._victim()
            if victim is not None:
                self.workspace.delete(self.pace.table, victim, at)

    def have(self, child: str, share: float) -> None:
        """Let rows be born that their parents do not tell of."""
        for at in self._times(share, fewest=0):
            self.workspace.children.grow(child, self.dice.pick(self.living), self.dice, at)

    def _times(self, share: float, fewest: int = FEW) -> list[int]:
        """Choose the times of what happens, in order; most of a table outlives any jump."""
        most = 0.2 if share in (self.pace.gone, self.pace.merged) else 3.0
        expected = min(share * self.days, most) * len(self.living)
        count = _occasions(self.dice, expected, surely=self.days >= 1)
        if len(self.living) <= fewest:
            return []
        return sorted(self.dice.between(self.first, self.last) for _ in range(count))

    def _victim(self, spared: str | None = None) -> str | None:
        """Take a living record out of the living; never the first, which is the longest."""
        position = 1 + self.dice.below(len(self.living) - 1)
        return None if self.living[position] == spared else self.living.pop(position)
