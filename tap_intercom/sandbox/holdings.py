"""What does a workspace hold? Tables, made when first asked for, and what is beside them.

Beside them are the parts of conversations, the links of contacts, and the rows that hang on records
and are no longer those that were computed for them. Everything here is read, by answers and by the
rows of `hanging`; what happens to it is in `workspace`, `children` and `feed`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .families import ACTIVITIES, DEPARTED, FAMILIES, FIXED, KEYS
from .feed import Feed
from .records import knowledge, people
from .records.departures import MERGED, departed
from .records.dice import HOUR
from .records.parts import parts
from .tables import History, Table

if TYPE_CHECKING:
    from .clock import Clock
    from .records.world import World

Json = dict[str, Any]


class Holdings:
    """Everything that Intercom would know, at the sandbox's time."""

    def __init__(self, world: World, clock: Clock, search_lag: float = 0.0) -> None:
        self.world = world
        self.clock = clock
        self.search_lag = search_lag
        self.feed = Feed(world)
        self.changed_parts: dict[str, list[Json]] = {}
        self._tables: dict[str, Table] = {}
        self._rows: dict[tuple[str, str], list[Json]] = {}
        self._kept = 0
        self._members: tuple[object, dict[str, list[str]]] | None = None

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
        if name == ACTIVITIES:
            return self.feed.table()
        if name in FAMILIES:
            table = FAMILIES[name].table(name, self.world)
            if name == DEPARTED:
                merges = self.feed.merges.items()
                table.put_all(departed({"id": one}, MERGED, into) for one, (into, _) in merges)
            return table
        return Table.of(name, FIXED[name](self.world), key=KEYS.get(name, "id"))

    def parts(self, conversation: str) -> list[Json]:
        """Every part of a conversation, oldest first."""
        changed = self.changed_parts.get(conversation)
        if changed is not None:
            return changed
        made = self.table("conversations").made(conversation)
        return [] if made is None else list(parts(self.world, *made))

    def statistics(self, article: str) -> Json | None:
        """The statistics of an article."""
        index = int(article) if article.isdigit() else 0
        return knowledge.article_statistics(self.world, index, self.clock.jumped // HOUR)

    def referred(self, table: str, identity: str) -> Json:
        """One record, or its id alone when nothing but a reference to it is left."""
        records = self.table(table)
        return records.record(identity) if identity in records else {"id": identity}

    def company(self, identity: str) -> Json:
        """One company, also when it has been deleted since somebody was linked to it."""
        companies = self.table("companies")
        if identity in companies:
            return companies.record(identity)
        return {"type": "company", "id": identity, "name": None}

    def kept(self, name: str, parent: str) -> list[Json] | None:
        """The rows of a parent, if something has happened to them."""
        return self._rows.get((name, parent))

    def keep(self, name: str, parent: str, rows: list[Json]) -> None:
        """Keep the rows of a parent as they are now."""
        self._kept += 1
        self._rows[name, parent] = rows

    def forget(self, name: str, parent: str) -> None:
        """Let the rows of a parent be what their parent says."""
        self._rows.pop((name, parent), None)

    def linked(self, contact: str, name: str) -> list[str]:
        """Every id in a list of a contact, also those that the contact does not show."""
        table = self.table("contacts")
        made = table.made(contact)
        ids = [] if made is None else people.links(self.world, made[0])[name]
        if made is not None and not table.changed(contact):
            return ids
        shown = table.record(contact).get(name)
        if made is not None and shown == people.inline(name, contact, ids):
            return ids
        inside = shown.get("data") if isinstance(shown, dict) else None
        if not isinstance(inside, list):
            return []
        return [str(item["id"]) for item in inside if isinstance(item, dict) and "id" in item]

    def members(self, company: str) -> list[str]:
        """Name every contact of a company."""
        contacts = self.table("contacts")
        state = (contacts.version, self._kept)
        if self._members is None or self._members[0] != state:
            members: dict[str, list[str]] = {}
            for contact in contacts:
                for one in self._companies(contact):
                    members.setdefault(one, []).append(contact)
            self._members = (state, members)
        return self._members[1].get(company, [])

    def _companies(self, contact: str) -> list[str]:
        kept = self.kept("contact_companies", contact)
        return self.linked(contact, "companies") if kept is None else [str(r["id"]) for r in kept]
