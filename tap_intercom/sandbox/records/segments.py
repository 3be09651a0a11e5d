"""Which segments are there, of contacts and of companies, and who is in them?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .dice import DAY
from .world import SEGMENT_IDS

if TYPE_CHECKING:
    from .world import World

Json = dict[str, Any]

LEADS, UNCOUNTED, OF_COMPANIES = 3, 5, 4


def segment(world: World, index: int) -> Json:
    """Build a segment of contacts."""
    names = ("Active", "New", "Slipping Away", "All Leads", "Große Kunden", "Trial 🚀")
    created = world.start - 700 * DAY + index
    return {
        "type": "segment",
        "id": SEGMENT_IDS[index],
        "name": names[index],
        "created_at": created,
        "updated_at": created + index * 40 * DAY,
        "person_type": "contact" if index == LEADS else "user",
        "count": (index + 1) * world.size // 9 if index != UNCOUNTED else None,
    }


def company_segment(world: World, index: int) -> Json:
    """Build a segment of companies, which carries no count."""
    names = ("Active", "New", "Enterprise", "Ohne Plan")
    created = world.start - 690 * DAY + index
    return {
        "type": "segment",
        "id": f"{int(SEGMENT_IDS[index], 16) ^ 0xC0:024x}",
        "name": names[index % len(names)],
        "created_at": created,
        "updated_at": created + index * 30 * DAY,
        "person_type": "user",
    }


def company_segments(world: World, index: int) -> list[Json]:
    """Build the segments that a company is in."""
    first = index % 2
    count = world.dice(31, index).below(3)
    return [company_segment(world, number) for number in range(first, first + count)]


def segments_of(world: World, index: int) -> list[Json]:
    """Build the segments that a contact is in, which carry no count."""
    dice = world.dice(15, index)
    first, last = sorted((dice.below(len(SEGMENT_IDS)), dice.below(len(SEGMENT_IDS))))
    rows = [segment(world, number) for number in range(first, last)]
    return [{name: row[name] for name in row if name != "count"} for row in rows]
