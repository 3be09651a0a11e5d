"""What do all records share? Seed, size and time, and who is called what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..tables import Stub
from .dice import DAY, YEAR, Dice, mixed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WORKSPACE_ID = "sandbox1"
ADMINS = 8
TEAMS = 4
TAGS = 24
SEGMENTS = 6
TICKET_TYPES = 4

ADMIN_IDS = tuple(9_912_674_00 + 7 * index for index in range(ADMINS))
TEAM_IDS = tuple(5_017_600 + 13 * index for index in range(TEAMS))
TAG_IDS = tuple(str(1_234_000 + 11 * index) for index in range(TAGS))
SEGMENT_IDS = tuple(f"{mixed(index, 77):024x}" for index in range(SEGMENTS))
HELP_CENTER_ID = 79

# Bulk actions give many records one updated_at: in part, days and seconds before the start.
IN_BULK = 0.12
BULKS = (9 * DAY + 4_111, 41 * DAY + 77)


@dataclass(frozen=True)
class World:
    """The facts that every record is computed from."""

    seed: int
    size: int
    start: int
    timezone: str

    @property
    def companies(self) -> int:
        """How many companies there are at first."""
        return max(self.size // 5, 253)

    @property
    def conversations(self) -> int:
        """How many conversations there are at first."""
        return max(self.size // 2, 5)

    @property
    def tickets(self) -> int:
        """How many tickets there are at first."""
        return max(self.size // 5, 3)

    @property
    def activity_logs(self) -> int:
        """How many admin activities there are at first."""
        return max(self.size // 3, 30)

    @property
    def deleted_conversations(self) -> int:
        """How many conversations had been deleted before the start."""
        return max(self.conversations // 20, 5)

    @property
    def merged_contacts(self) -> int:
        """How many contacts had been merged into others before the start."""
        return max(self.size // 50, 3)

    def dice(self, kind: int, index: int) -> Dice:
        """The dice of one record; the same every time."""
        return Dice((self.seed << 48) ^ (kind << 40) ^ index)

    def contact_id(self, index: int) -> str:
        """Name a contact: 24 hexadecimal digits."""
        scattered = mixed(index, 2 * self.seed + 1)
        return f"{0x65000000 + (scattered >> 41):08x}{scattered:016x}"

    def company_id(self, index: int) -> str:
        """Name a company: 24 hexadecimal digits."""
        scattered = mixed(index, 2 * self.seed + 2)
        return f"{0x53000000 + (scattered >> 41):08x}{scattered:016x}"

    def conversation_id(self, index: int) -> str:
        """Name a conversation: fifteen decimal digits."""
        return str(215_468_790_000_000 + 3 * index)

    def ticket_id(self, index: int) -> str:
        """Name a ticket: it shares its numbers with no conversation."""
        return str(215_466_100_000_000 + 7 * index)

    def article_id(self, index: int) -> str:
        """Name an article."""
        return str(6_871_119 + 3 * index)

    def collection_id(self, index: int) -> str:
        """Name a collection."""
        return str(159_000 + 5 * index)

    def activity_log_id(self, index: int) -> str:
        """Name an activity: a UUID."""
        digits = f"{mixed(index, 3):016x}{mixed(index, 4):016x}"
        return "-".join(
            (digits[:8], digits[8:12], "4" + digits[13:16], "a" + digits[17:20], digits[20:])
        )

    def stubs(
        self, kind: int, count: int, name: Callable[[int], str], span: int = 2 * YEAR
    ) -> Iterator[Stub]:
        """Spread records over the time before the start, more of them changed late than early."""
        dice = self.dice(kind, 0xFFFFFFFF)
        last = self.start - 60
        throw = dice.random
        for index in range(count):
            created = last - int(throw() * span)
            idle = throw()
            updated = last - int(idle * idle * (last - created))
            bulk = self.start - BULKS[index & 1]
            if throw() < IN_BULK and created < bulk:
                updated = bulk
            yield Stub(name(index), created, updated)
