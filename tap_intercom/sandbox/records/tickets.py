"""What do tickets, their parts and their types look like?"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from .dice import DAY, EMOJI, HOUR, Dice, paragraph
from .parts import TEAMS_AT_WORK, admin
from .people import contact_reference
from .world import ADMIN_IDS, TEAM_IDS, TICKET_TYPES, WORKSPACE_ID

if TYPE_CHECKING:
    from ..tables import Stub
    from .world import World

Json = dict[str, Any]

CATEGORIES = ("Customer", "Back-office", "Tracker", "Customer")
ARCHIVED = 3
STATES = ("submitted", "in_progress", "waiting_on_customer", "resolved")
ATTRIBUTES = (
    ("_default_title_", "string", True),
    ("_default_description_", "string", True),
    ("Größe", "integer", False),
    ("dringend?", "boolean", False),
    ("fällig am", "datetime", False),
    ("Stufe", "list", False),
    ("Anhänge", "files", False),
)


def _attribute(number: int, kind: int, created: int) -> Json:
    name, data_type, default = ATTRIBUTES[number]
    options: Json | None = {"multiline": number == 1} if data_type == "string" else None
    if data_type == "list":
        options = {"list_options": [{"label": "A", "id": "a1", "archived": False}]}
    return {
        "type": "ticket_type_attribute",
        "id": str(200 + 10 * kind + number),
        "workspace_id": WORKSPACE_ID,
        "name": name,
        "description": "",
        "data_type": data_type,
        "input_options": options,
        "order": number,
        "required_to_create": default,
        "required_to_create_for_contacts": False,
        "visible_on_create": True,
        "visible_to_contacts": default,
        "default": default,
        "ticket_type_id": 100 + kind,
        "archived": name == "Stufe" and kind == 1,
        "created_at": created,
        "updated_at": created + number * DAY,
    }


def state(number: int) -> Json:
    """Build a state a ticket can be in."""
    label = STATES[number].replace("_", " ").capitalize()
    return {
        "type": "ticket_state",
        "id": str(8_570 + number),
        "category": STATES[number],
        "internal_label": f"{label} 🔧" if number == 1 else label,
        "external_label": label,
    }


@lru_cache(maxsize=64)
def ticket_type(start: int, kind: int) -> Json:
    """Build a ticket type, with its attributes and states."""
    created = start - (650 - kind) * DAY
    attributes = [_attribute(number, kind, created) for number in range(len(ATTRIBUTES))]
    return {
        "type": "ticket_type",
        "id": str(100 + kind),
        "name": ("Bug", "Rückfrage", "Outage", "Old form")[kind],
        "description": "" if kind == ARCHIVED else "A form for what people tell us",
        "icon": EMOJI[kind],
        "workspace_id": WORKSPACE_ID,
        "archived": kind == ARCHIVED,
        "created_at": created,
        "updated_at": created + 50 * DAY,
        "is_internal": kind == 1,
        "category": CATEGORIES[kind],
        "ticket_type_attributes": {"type": "list", "data": attributes},
        "ticket_states": {"type": "list", "data": [state(number) for number in range(len(STATES))]},
    }


MOVES = "ticket_state_updated_by_admin"
MOVED = ("previous_ticket_state", "ticket_state")
# What becomes of a ticket, by the numbers of its states: most are resolved in the end.
WAYS: tuple[tuple[int, ...], ...] = (
    (), (1,), (1, 2), (3,), (1, 3), (1, 3), (1, 3), (1, 2, 1, 3), (1, 2, 1, 3), (1, 3, 1, 3),
)  # fmt: skip
NEXT: tuple[tuple[int, ...], ...] = ((1,), (2, 3, 3), (1,), (1,))


def _part(dice: Dice, identity: str, at: int, kind: str, **more: Any) -> Json:
    return {
        "type": "ticket_part",
        "id": identity,
        "part_type": kind,
        "body": paragraph(dice) if kind == "comment" else None,
        **{name: more[name] for name in MOVED if name in more},
        "created_at": at,
        "updated_at": at,
        "assigned_to": more.get("assigned_to"),
        "author": admin(dice.below(len(ADMIN_IDS))),
        "attachments": [],
        "external_id": None,
        "redacted": False,
        "app_package_code": None,
        "updated_attribute_data": more.get("updated_attribute_data"),
    }


def _move(dice: Dice, identity: str, at: int, before: int, after: int) -> Json:
    moved = {"previous_ticket_state": STATES[before], "ticket_state": STATES[after]}
    return _part(dice, identity, at, MOVES, **moved)


def _beside(dice: Dice, identity: str, at: int) -> Json:
    """Build what moves a ticket to no other state: a comment, an assignment, a value."""
    kind = dice.pick(("comment", "comment", "comment", "team", "admin", "attribute"))
    if kind == "team":
        to = {"type": "team", "id": str(TEAM_IDS[dice.pick(TEAMS_AT_WORK)])}
        return _part(dice, identity, at, "assignment", assigned_to=to)
    if kind == "admin":
        to = {"type": "admin", "id": str(dice.pick(ADMIN_IDS))}
        return _part(dice, identity, at, "assignment", assigned_to=to)
    if kind == "attribute":
        attribute = {
            "attribute": {"type": "attribute", "id": "205", "label": "Stufe"},
            "value": {"type": "value", "id": dice.pick((None, "a1", [2])), "label": "A"},
        }
        changed = "ticket_attribute_updated_by_admin"
        return _part(dice, identity, at, changed, updated_attribute_data=attribute)
    return _part(dice, identity, at, kind)


def _parts(dice: Dice, index: int, stub: Stub) -> list[Json]:
    """Build the parts of a ticket, oldest first: it moves on within days."""
    count = 1 + dice.below(8)
    lags = dice.chance(0.05)
    way = dice.pick([way for way in WAYS if len(way) < count])
    moved = sorted(dice.sample(range(count - 1), len(way)))
    moves = dict(zip(moved, zip((0, *way), way, strict=False), strict=True))
    waits = [int(4 * HOUR * 8 ** (dice.random() - dice.random())) for _ in range(count - 1)]
    spent = stub.updated_at - stub.created_at
    share = min(1.0, spent / max(sum(waits), 1))
    times = [stub.created_at + int(share * passed) for passed in accumulate(waits)]
    times.append(stub.updated_at)
    if lags:
        # A ticket's own time can lag behind its newest part, as Estuary's snapshot shows.
        times.append(stub.updated_at + 40)
    names = (str(40_000_000_000 + index * 1_000 + number) for number in range(len(times)))
    return [
        _move(dice, name, at, *moves[number]) if number in moves else _beside(dice, name, at)
        for number, (name, at) in enumerate(zip(names, times, strict=True))
    ]


def _standing(parts: list[Json]) -> Json:
    """Say how a ticket stands after its parts: its state, and who has it."""
    before, current, has = None, 0, {"admin": 0, "team": 0}
    for part in parts:
        states, to = [part.get(name) for name in MOVED], part.get("assigned_to")
        if all(one in STATES for one in states):
            before, current = map(STATES.index, states)
        if isinstance(to, dict) and to.get("type") in (*has,) and str(to.get("id")).isdecimal():
            has[to["type"]] = int(to["id"])
    return {
        "ticket_state": state(current),
        "admin_assignee_id": has["admin"],
        "team_assignee_id": has["team"],
        "open": STATES[current] != "resolved",
        "previous_ticket_state_id": None if before is None else state(before)["id"],
        "ticket_parts": {
            "type": "ticket_part.list",
            "ticket_parts": parts,
            "total_count": len(parts),
        },
    }


def _attributes(dice: Dice, stub: Stub) -> Json:
    file = {
        "type": "upload",
        "name": "Schirm.png",
        "url": "https://files.example.com/schirm.png",
        "content_type": "image/png",
        "filesize": 11_308_309,
        "width": 3_024,
        "height": 1_964,
    }
    return {
        "_default_title_": dice.pick(("Found a bug 🐞", "Größe ändern", "")),
        "_default_description_": dice.pick((None, "Ein “Zitat”\nund mehr")),
        "Größe": dice.pick((None, 12, 0)),
        "dringend?": dice.chance(0.5),
        "fällig am": stub.created_at + 7 * DAY,
        "Stufe": dice.pick((None, "A", ["A", "B"])),
        "Anhänge": [file] if dice.chance(0.2) else [],
    }


def ticket(world: World, index: int, stub: Stub) -> Json:
    """Build a ticket, with its parts and its whole type inside."""
    dice = world.dice(6, index)
    kind = dice.below(TICKET_TYPES)
    parts = _parts(dice, index, stub)
    return {
        "type": "ticket",
        "id": stub.id,
        "ticket_id": str(index + 1),
        "category": CATEGORIES[kind],
        "ticket_attributes": _attributes(dice, stub),
        "ticket_type": ticket_type(world.start, kind),
        "contacts": {
            "type": "contact.list",
            "contacts": [contact_reference(world, dice.below(world.size))],
        },
        "created_at": stub.created_at,
        "updated_at": stub.updated_at,
        "snoozed_until": stub.updated_at + HOUR if dice.chance(0.05) else None,
        "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": False},
        "is_shared": dice.chance(0.5),
        "channel": dice.pick(("messenger", "email", "phone_call")),
        "company_id": dice.pick((None, world.company_id(dice.below(world.companies)))),
        **_standing(parts),
    }


def changed_ticket(record: Json, dice: Dice, at: int) -> Json:
    """Let a ticket move on by one part."""
    wrapper, before = record.get("ticket_parts"), record.get("ticket_state")
    parts = wrapper.get("ticket_parts", []) if isinstance(wrapper, dict) else []
    name = str(int(parts[-1]["id"]) + 1 if parts else 49_000_000_001)
    current = before.get("category") if isinstance(before, dict) else None
    if current in STATES and dice.chance(0.5):
        number = STATES.index(current)
        part = _move(dice, name, at, number, dice.pick(NEXT[number]))
    else:
        part = _beside(dice, name, at)
    return {**record, "updated_at": at, **_standing([*parts, part])}
