"""What can happen to a record? It is born, written, changed, merged into another, or deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .children import Children
from .exchange import Refusal
from .families import CHANGES, FAMILIES
from .hanging import CHILDREN
from .records import content, conversations, departures
from .records.departures import DELETED
from .records.parts import more_parts, settled
from .records.statistics import derived, understood
from .tables import Stub
from .truth import known

if TYPE_CHECKING:
    from .holdings import Holdings
    from .records.dice import Dice

Json = dict[str, Any]

TRIES = 40


class Workspace:
    """Changes what is held: records, what hangs on them, and what is told of contacts."""

    def __init__(self, holdings: Holdings) -> None:
        self.holdings = holdings
        self.children = Children(holdings)

    def put(self, name: str, given: Json) -> Json:
        """Write fields of a record as they are given; make it when it is not there."""
        if name in CHILDREN:
            return self.children.put(name, given)
        table = self.holdings.table(known(name))
        if given.get(table.key) is None:
            raise Refusal(400, "parameter_not_found", f"{table.key} is needed", field=table.key)
        identity = str(given[table.key])
        record = {**(table.record(identity) if identity in table else {}), **given}
        if name == "conversations":
            wrapper = record.pop("conversation_parts", None)
            if wrapper is not None:
                inside = wrapper["conversation_parts"] if isinstance(wrapper, dict) else wrapper
                self.holdings.changed_parts[identity] = inside
                told = derived(record, inside) if understood(record, inside) else {}
                record |= {field: told[field] for field in told if field not in given}
        self._write(name, record, int(self.holdings.clock.now()))
        self.children.parent_put(name, identity, given)
        return record

    def delete(self, name: str, identity: str, at: int | None = None) -> bool:
        """Delete a record; a conversation and a contact leave a trace."""
        if name in CHILDREN:
            return self.children.delete(name, identity)
        when = int(self.holdings.clock.now()) if at is None else at
        table = self.holdings.table(known(name))
        if name == "contacts" and identity in table:
            self.holdings.feed.tell(when, "deleted", identity, table.record(identity))
            remains = departures.departed({**table.record(identity), "id": identity}, DELETED)
            self.holdings.table("deleted_contacts").put(remains)
        self.children.parent_gone(name, identity)
        there = table.delete(identity)
        if there and name == "conversations":
            self.holdings.changed_parts.pop(identity, None)
            trace = {"type": "conversation", "id": identity}
            self.holdings.table("deleted_conversations").put(
                {**trace, "metrics_retained": False, "deleted_at": when}
            )
        return there

    def touch(self, name: str, identity: str, dice: Dice, at: int) -> None:
        """Let something happen to a record."""
        record = self.holdings.table(name).record(identity)
        if name == "conversations":
            record = self._continue(identity, record, dice, at)
        else:
            record = CHANGES.get(name, content.changed)(record, dice, at)
        self._write(name, record, at)
        self.children.parent_changed(name, identity, dice, at)

    def _write(self, name: str, record: Json, at: int) -> None:
        """Write a record; what happens to contacts is told."""
        table = self.holdings.table(name)
        identity = str(record[table.key])
        if name == "contacts":
            old = table.record(identity).get("role") if identity in table else None
            if identity not in table or old != record.get("role"):
                kind = "role_updated" if identity in table else "created"
                self.holdings.feed.tell(at, kind, identity, record)
        table.put(record)

    def _continue(self, identity: str, record: Json, dice: Dice, at: int) -> Json:
        before = self.holdings.parts(identity)
        first = 50_000_000_000 + len(before) + int(identity[-7:] or 0) * 1_000
        told = [*before, *more_parts(dice, record, before, first, at)]
        self.holdings.changed_parts[identity] = told
        return conversations.continued(record, dice, at, told)

    def bear(self, name: str, at: int, until: int | None = None) -> None:
        """Let a record be born, and a conversation go on until it is settled or time is up."""
        table = self.holdings.table(name)
        identity = FAMILIES[name].name(self.holdings.world, table.born)
        updated = at
        if name == "conversations" and until is not None:
            updated = settled(self.holdings.world, table.born, at, until)
        table.add(Stub(identity, at, updated))
        if name == "contacts":
            self.holdings.feed.tell(at, "created", identity, table.record(identity))

    def merge(self, source: str, target: str, dice: Dice, at: int) -> None:
        """Merge one contact into another."""
        contacts = self.holdings.table("contacts")
        remains = departures.departed(contacts.record(source), departures.MERGED, target)
        self.holdings.table("deleted_contacts").put(remains)
        contacts.delete(source)
        self.holdings.feed.merge(source, target, at)
        self.touch("contacts", target, dice, at)

    def target(self, living: list[str], dice: Dice) -> str | None:
        """Choose whom a contact is merged into: a user, if one is soon found."""
        for _ in range(TRIES):
            identity = dice.pick(living)
            if self.holdings.table("contacts").record(identity).get("role") == "user":
                return identity
        return None
