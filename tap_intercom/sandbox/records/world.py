"""What do all records share? Seed, size and time, and who is called what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..tables import Stub
from .dice import DAY, YEAR, Dice, mixed
from .week import WEEK, in_busy_hours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WORKSPACE_ID = "sandbox1"
ADMINS = 8
TEAMS = 4
TAGS = 36
SEGMENTS = 6
TICKET_TYPES = 4

ADMIN_IDS = tuple(9_912_674_00 + 7 * index for index in range(ADMINS))
TEAM_IDS = tuple(5_017_600 + 13 * index for index in range(TEAMS))
NAMES = ("Ada Müller", "Bob O'Neil", "Chloé Ito", "陳大文")
ADMIN_NAMES = tuple(f"{NAMES[index % len(NAMES)]} {index}" for index in range(ADMINS))
TEAM_NAMES = ("Support", "Vertrieb", "Empty team", "Nachtschicht 🌙")
EMPTY_TEAM = 2
TAG_IDS = tuple(str(1_234_000 + 11 * index) for index in range(TAGS))
SEGMENT_IDS = tuple(f"{mixed(index, 77):024x}" for index in range(SEGMENTS))
HELP_CENTER_ID = 79
SUBSCRIPTION_IDS = tuple(str(45_000 + index) for index in range(5))
OBJECT_TYPES = ("orders", "subscriptions")

# How tables count their records: the first number, and the step to the next.
NUMBERS = {
    "calls": (3_100_500, 3),
    "internal_articles": (39, 3),
    "news_items": (141, 2),
    "newsfeeds": (198_300, 1),
    "content_import_sources": (1_200, 1),
    "external_pages": (5_600, 1),
    "content_snippets": (120, 3),
    "audiences": (700, 1),
    "folders": (6, 2),
    "dynamic_contents": (1_020, 7),
    "macros": (8_100, 1),
    "help_centers": (HELP_CENTER_ID, 1),
    "office_hours_schedules": (120, 3),
    "data_connectors": (12_345, 5),
}

# Two contacts in three are users, so one is soon found.
USERS = 0.67
SOON = 50

# One contact has swallowed more than a page of merge history shows.
MERGED_INTO_ONE = 55

# Bulk actions give many records one updated_at: in part, days and seconds before the start.
IN_BULK = 0.12
BULKS = (9 * DAY + 4_111, 41 * DAY + 77)


def members(team: int) -> tuple[int, ...]:
    """Count off the admins in a team; one has none."""
    return () if team == EMPTY_TEAM else tuple(range(team + 1, team + 4))


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
        return max(self.size // 50, 3) + MERGED_INTO_ONE

    @property
    def deleted_contacts(self) -> int:
        """How many contacts had been deleted before the start."""
        return max(self.size // 60, 2)

    @property
    def calls(self) -> int:
        """How many calls there are at first."""
        return max(self.size // 6, 40)

    @property
    def custom_objects(self) -> int:
        """How many custom objects there are of each type."""
        return min(max(self.size // 3, 25), 400)

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

    def is_user(self, index: int) -> bool:
        """Whether a contact began as a user; the others are leads."""
        return self.dice(1, index).chance(USERS)

    def external_id(self, index: int) -> str | None:
        """Name a contact as its owner does, who has a name for users only."""
        return f"user-{index}" if self.is_user(index) else None

    def user(self, index: int) -> str | None:
        """Name the first user from here on."""
        for number in range(index, index + min(self.size, SOON)):
            if self.is_user(number % self.size):
                return self.contact_id(number % self.size)
        return None

    def ticket_id(self, index: int) -> str:
        """Name a ticket: it shares its numbers with no conversation."""
        return str(215_466_100_000_000 + 7 * index)

    def article_id(self, index: int) -> str:
        """Name an article."""
        return str(6_871_119 + 3 * index)

    def collection_id(self, index: int) -> str:
        """Name a collection."""
        return str(159_000 + 5 * index)

    def number(self, table: str, index: int) -> str:
        """Name a record of a table that counts."""
        first, step = NUMBERS[table]
        return str(first + step * index)

    def activity_log_id(self, index: int) -> str:
        """Name an activity: a UUID."""
        digits = f"{mixed(index, 3):016x}{mixed(index, 4):016x}"
        return "-".join(
            (digits[:8], digits[8:12], "4" + digits[13:16], "a" + digits[17:20], digits[20:])
        )

    def stubs(
        self,
        kind: int,
        count: int,
        name: Callable[[int], str],
        span: int = 2 * YEAR,
        *,
        asked: bool = False,
    ) -> Iterator[Stub]:
        """Spread records over the time before the start, more of them changed late than early.

        What people ask for they ask in the busier hours of a week.
        """
        dice = self.dice(kind, 0xFFFFFFFF)
        last = self.start - 60
        throw = dice.random
        for index in range(count):
            created = last - int(throw() * span)
            if asked:
                created = in_busy_hours(created)
                created -= WEEK if created > last else 0
            idle = throw()
            updated = last - int(idle * idle * (last - created))
            bulk = self.start - BULKS[index & 1]
            if throw() < IN_BULK and created < bulk:
                updated = bulk
            yield Stub(name(index), created, updated)
