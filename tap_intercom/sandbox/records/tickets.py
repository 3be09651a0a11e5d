"""What do tickets, their parts and their types look like?"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .dice import DAY, EMOJI, HOUR, Dice, paragraph
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


def ticket_part(dice: Dice, identity: str, at: int) -> Json:
    """Build one part of a ticket."""
    comment = dice.chance(0.5)
    number = dice.below(len(ADMIN_IDS))
    author = {
        "type": "admin",
        "id": str(ADMIN_IDS[number]),
        "name": f"Admin {number}",
        "email": f"admin{number}@example.com",
    }
    moved = {"previous_ticket_state": dice.pick(STATES), "ticket_state": dice.pick(STATES)}
    attribute = {
        "attribute": {"type": "attribute", "id": "205", "label": "Stufe"},
        "value": {"type": "value", "id": dice.pick((None, "a1", [2])), "label": "A"},
    }
    return {
        "type": "ticket_part",
        "id": identity,
        "part_type": "comment" if comment else "ticket_state_updated_by_admin",
        "body": paragraph(dice) if comment else None,
        **({} if comment else moved),
        "created_at": at,
        "updated_at": at,
        "assigned_to": dice.pick((None, {"type": "team", "id": str(TEAM_IDS[0])})),
        "author": author,
        "attachments": [],
        "external_id": None,
        "redacted": False,
        "app_package_code": None,
        "updated_attribute_data": attribute if dice.chance(0.1) else None,
    }


def _parts(dice: Dice, index: int, stub: Stub) -> list[Json]:
    count = 1 + dice.below(8)
    spent = stub.updated_at - stub.created_at
    times = [stub.created_at + spent * (number + 1) // count for number in range(count)]
    if dice.chance(0.05):
        # A ticket's own time can lag behind its newest part, as Estuary's snapshot shows.
        times.append(stub.updated_at + 40)
    return [
        ticket_part(dice, str(40_000_000_000 + index * 1_000 + number), at)
        for number, at in enumerate(times)
    ]


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
    current = dice.below(len(STATES))
    return {
        "type": "ticket",
        "id": stub.id,
        "ticket_id": str(index + 1),
        "category": CATEGORIES[kind],
        "ticket_attributes": _attributes(dice, stub),
        "ticket_state": state(current),
        "ticket_type": ticket_type(world.start, kind),
        "contacts": {
            "type": "contact.list",
            "contacts": [contact_reference(world, dice.below(world.size))],
        },
        "admin_assignee_id": dice.pick((0, *ADMIN_IDS)),
        "team_assignee_id": dice.pick((0, *TEAM_IDS)),
        "created_at": stub.created_at,
        "updated_at": stub.updated_at,
        "open": STATES[current] != "resolved",
        "snoozed_until": stub.updated_at + HOUR if dice.chance(0.05) else None,
        "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": False},
        "ticket_parts": {
            "type": "ticket_part.list",
            "ticket_parts": parts,
            "total_count": len(parts),
        },
        "is_shared": dice.chance(0.5),
        "previous_ticket_state_id": dice.pick((None, "8570")),
        "channel": dice.pick(("messenger", "email", "phone_call")),
        "company_id": dice.pick((None, world.company_id(dice.below(world.companies)))),
    }


def changed_ticket(record: Json, dice: Dice, at: int) -> Json:
    """Let a ticket move on by one part."""
    wrapper = record.get("ticket_parts")
    parts = wrapper.get("ticket_parts", []) if isinstance(wrapper, dict) else []
    last = int(parts[-1]["id"]) if parts else 49_000_000_000
    current = dice.below(len(STATES))
    parts = [*parts, ticket_part(dice, str(last + 1), at)]
    return {
        **record,
        "updated_at": at,
        "ticket_state": state(current),
        "open": STATES[current] != "resolved",
        "ticket_parts": {
            "type": "ticket_part.list",
            "ticket_parts": parts,
            "total_count": len(parts),
        },
    }
