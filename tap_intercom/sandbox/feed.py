"""What has happened to contacts? Who came, went or changed roles, and who was merged into whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .families import ACTIVITIES, FAMILIES
from .records import history
from .records.dice import DAY
from .records.world import MERGED_INTO_ONE
from .tables import Table

if TYPE_CHECKING:
    from .records.world import World

Json = dict[str, Any]

SINCE_START = 0x800000
FORGOTTEN = 45 * DAY


class Feed:
    """The feed of what happens to contacts, and the merges that it tells of."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.merges: dict[str, tuple[str, int]] = {}
        self._swallowed: dict[str, list[str]] = {}
        self._told: list[Json] = []
        self._table: Table | None = None
        for number in range(world.merged_contacts):
            source = world.contact_id(1_000_000_000 + number)
            target = world.user(0 if number < MERGED_INTO_ONE else 7 * number % world.size)
            if target is not None:
                self._merge(source, target, world.start - number * DAY - 300)

    def table(self) -> Table:
        """Tell how every contact came and went, before the start and since."""
        if self._table is None:
            start = self.world.start
            before = {source: merge for source, merge in self.merges.items() if merge[1] < start}
            past = history.Past(self.world, FAMILIES["contacts"].stubs(self.world), before)
            self._table = Table(ACTIVITIES, past.stubs(), past.build)
            self._table.put_all(self._told)
        return self._table

    def tell(self, at: int, kind: str, contact: str, record: Json) -> None:
        """Add what happens to a contact, who is this at that time."""
        role, external = record.get("role"), record.get("external_id")
        self._add(at, kind, contact, role=role, external_id=external)

    def merge(self, source: str, target: str, at: int) -> None:
        """Note that one contact was merged into another, and tell it."""
        self._merge(source, target, at)
        about = {"merge_source_id": source, "merge_target_id": target}
        self._add(at, "merged", target, role="user", **about)

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

    def _merge(self, source: str, target: str, at: int) -> None:
        self.merges[source] = (target, at)
        self._swallowed.setdefault(target, []).append(source)

    def _add(self, at: int, kind: str, contact: str, **more: object) -> None:
        told = history.activity(SINCE_START + len(self._told), at, kind, contact, **more)
        self._told.append(told)
        if self._table is not None:
            self._table.put(told)
