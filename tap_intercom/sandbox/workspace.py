"""What is in the workspace now? Its tables, and what happens to them as time passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .exchange import Refusal
from .records import conversations, knowledge, people, tickets, workspace
from .records.dice import DAY, YEAR, Dice
from .records.world import ADMINS, SEGMENTS, TAGS, TEAMS, TICKET_TYPES
from .tables import Stub, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from .clock import Clock
    from .records.world import World
    from .versions import Version

Json = dict[str, Any]

# What is done at once after a jump was asked for must not lie before what a tap has just read.
QUIET = 600
FEW = 3


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
}

FIXED: dict[str, Callable[[World], list[Json]]] = {
    "workspace": lambda world: [workspace.me(world)],
    "admins": lambda _: [workspace.admin(index) for index in range(ADMINS)],
    "teams": lambda _: [workspace.team(index) for index in range(TEAMS)],
    "tags": lambda _: [people.tag(index) for index in range(TAGS)],
    "segments": lambda world: [people.segment(world, index) for index in range(SEGMENTS)],
    "company_segments": lambda world: [people.company_segment(world, index) for index in range(4)],
    "ticket_types": lambda world: [
        tickets.ticket_type(world.start, index) for index in range(TICKET_TYPES)
    ],
    "contact_attributes": lambda world: workspace.data_attributes(world, "contact"),
    "company_attributes": lambda world: workspace.data_attributes(world, "company"),
    "conversation_attributes": lambda world: workspace.data_attributes(world, "conversation"),
}

NAMES = (*FAMILIES, *FIXED)

PACES = (
    Pace("contacts", changed=0.03, born=0.005, gone=0.001, merged=0.001),
    Pace("companies", changed=0.02, born=0.004, gone=0.001),
    Pace("conversations", changed=0.04, born=0.02, gone=0.004),
    Pace("tickets", changed=0.03, born=0.01, gone=0.001),
    Pace("articles", changed=0.03, born=0.01, gone=0.005),
    Pace("collections", changed=0.05),
    Pace("activity_logs", born=0.01),
)

CHANGES: dict[str, Callable[[Json, Dice, int], Json]] = {
    "contacts": people.changed_contact,
    "companies": people.changed_company,
    "tickets": tickets.changed_ticket,
    "articles": knowledge.changed_article,
    "collections": knowledge.changed_collection,
}


def _occasions(dice: Dice, expected: float, *, surely: bool) -> int:
    """Turn an expected number into a whole one; a whole day brings at least one of each kind."""
    count = int(expected + dice.random())
    return max(count, 1) if surely and expected else count


class Workspace:
    """Everything that Intercom would know, at the sandbox's time."""

    def __init__(self, world: World, clock: Clock) -> None:
        self.world = world
        self.clock = clock
        self._tables: dict[str, Table] = {}
        self._parts: dict[str, list[Json]] = {}
        self.merges: dict[str, tuple[str, int]] = {
            world.contact_id(1_000_000_000 + number): (
                world.contact_id(7 * number % world.size),
                world.start - number * DAY - 300,
            )
            for number in range(world.merged_contacts)
        }

    def table(self, name: str) -> Table:
        """One table, made when first asked for."""
        table = self._tables.get(name)
        if table is None:
            table = self._tables[name] = self._made(name)
        return table

    def _made(self, name: str) -> Table:
        if name in FAMILIES:
            return FAMILIES[name].table(name, self.world)
        if name in FIXED:
            key = "full_name" if name.endswith("_attributes") else "id"
            return Table.of(name, FIXED[name](self.world), key=key)
        known = ", ".join(sorted(NAMES))
        raise Refusal(404, "not_found", f"There is no resource {name!r}; there are: {known}")

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
        return knowledge.article_statistics(self.world, int(article) if article.isdigit() else 0)

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
        table.put(record)
        return record

    def delete(self, name: str, identity: str, at: int | None = None) -> bool:
        """Delete a record; a conversation leaves a trace."""
        there = self.table(name).delete(identity)
        if there and name == "conversations":
            self._parts.pop(identity, None)
            when = int(self.clock.now()) if at is None else at
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
            record = CHANGES[name](record, dice, at)
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
        self.clock.jump(seconds)

    def bear(self, name: str, at: int) -> None:
        """Let a record be born."""
        table = self.table(name)
        family = FAMILIES[name]
        table.add(Stub(family.name(self.world, table.born), at, at))

    def merge(self, source: str, target: str, dice: Dice, at: int) -> None:
        """Merge one contact into another."""
        self.table("contacts").delete(source)
        self.merges[source] = (target, at)
        self.touch("contacts", target, dice, at)

    def merged_into(self, contact: str) -> list[Json]:
        """Build the merge history of a contact."""
        return [
            {
                "type": "merge_history",
                "source_contact_id": source,
                "source_contact_role": "lead",
                "merged_at": at,
            }
            for source, (target, at) in self.merges.items()
            if target == contact
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
            source = self._victim()
            self.workspace.merge(source, self.dice.pick(self.living), self.dice, at)
        for at in self._times(self.pace.gone):
            self.workspace.delete(self.pace.table, self._victim(), at)

    def _times(self, share: float) -> list[int]:
        """Choose the times of what happens, in order; most of a table outlives any jump."""
        most = 0.2 if share in (self.pace.gone, self.pace.merged) else 3.0
        expected = min(share * self.days, most) * len(self.living)
        count = _occasions(self.dice, expected, surely=self.days >= 1)
        if len(self.living) <= FEW:
            return []
        return sorted(self.dice.between(self.first, self.last) for _ in range(count))

    def _victim(self) -> str:
        """Take a living record out of the living; never the first, which is the longest."""
        return self.living.pop(1 + self.dice.below(len(self.living) - 1))
