"""What do the settings of a workspace look like? Brands, hours, states, connectors and the like."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from zlib import crc32

from .dice import DAY, HOUR, Dice
from .history import iso
from .tickets import STATES, state, ticket_type
from .world import (
    ADMIN_IDS,
    HELP_CENTER_ID,
    OBJECT_TYPES,
    TEAM_IDS,
    TICKET_TYPES,
    WORKSPACE_ID,
)

if TYPE_CHECKING:
    from ..tables import Stub
    from .world import World

Json = dict[str, Any]

BRANDS, EMAILS, AWAY_REASONS, HELP_CENTERS, SCHEDULES, CONNECTORS = 4, 5, 6, 2, 3, 27
DELETED, RESOLVED = 3, 3
EXECUTED_FOR = 14 * DAY
IDLE = HOUR // 2
CHRISTMAS = date(2026, 12, 24)
# Counted from midnight of that day, not from Monday as those of a schedule are.
MORNING = {"start_minute": 540, "end_minute": 720, "day_of_week": CHRISTMAS.weekday()}

EVENT_TYPES = (
    "admin_away_mode_change", "admin_deletion", "admin_invite_creation", "admin_login_failure",
    "admin_login_success", "admin_logout", "admin_permission_change", "app_data_export",
    "app_identity_verification_change", "app_name_change", "app_timezone_change", "bulk_delete",
    "bulk_export", "help_center_settings_change", "message_deletion", "message_state_change",
    "an_activity_of_next_year",
)  # fmt: skip


def brand(world: World, index: int) -> Json:
    """Build a brand; the id of the default one is the workspace's."""
    created = world.start - 500 * DAY
    return {
        "type": "brand",
        "id": WORKSPACE_ID if index == 0 else str(index + 1),
        "name": ("Default", "Zweite Marke", "Third ™", "無印")[index],
        "is_default": index == 0,
        "created_at": created + index,
        "updated_at": created + index * 30 * DAY,
        "help_center_id": str(HELP_CENTER_ID + index) if index < HELP_CENTERS else None,
        "default_address_settings_id": str(index + 1) if index else None,
        "a_field_of_next_year": {"tone": "frîendly"} if index else None,
    }


def email(world: World, index: int) -> Json:
    """Build an address that the workspace sends from."""
    created = world.start - 480 * DAY
    domain = ("example.com", "müller.example")[index % 2]
    return {
        "type": "email_setting",
        "id": str(index + 1),
        "email": f"support{index}@{domain}",
        "verified": index != DELETED,
        "domain": domain,
        "brand_id": WORKSPACE_ID if index == 0 else "2",
        "forwarding_enabled": index % 2 == 0,
        "forwarded_email_last_received_at": world.start - HOUR if index % 2 == 0 else None,
        "created_at": created + index,
        "updated_at": created + index * 20 * DAY,
    }


def away_status_reason(world: World, index: int) -> Json:
    """Build a reason to be away; one has been deleted and is still told."""
    created = world.start - 300 * DAY
    return {
        "type": "away_status_reason",
        "id": str(12_340 + index),
        "label": ("On a break", "Mittagspause", "Meeting", "Urlaub", "🤒", "Other")[index],
        "emoji": ("☕", "🍝", "📅", "🏖", "🤒", "")[index],
        "order": index + 1,
        "deleted": index == DELETED,
        "created_at": created + index,
        "updated_at": created + index * 7 * DAY,
    }


def help_center(_: World, index: int, stub: Stub) -> Json:
    """Build a help center."""
    return {
        "id": stub.id,
        "workspace_id": WORKSPACE_ID,
        "created_at": stub.created_at,
        "updated_at": stub.updated_at,
        "identifier": f"sandbox-{index}",
        "website_turned_on": index == 0,
        "display_name": ("Hilfe & mehr", None)[index % 2],
        "url": f"https://help{index}.example.com",
        "custom_domain": None if index else "help.example.com",
        "default": index == 0,
        "locales": ["en", "de", "pt-BR"][: 3 - index % 3],
    }


def _hours(first: int) -> list[Json]:
    return [
        {"start_minute": 540 + 1_440 * day, "end_minute": 1_020 + 1_440 * day, "day_of_week": day}
        for day in range(first, 5)
    ]


def schedule(_: World, index: int, stub: Stub) -> Json:
    """Build office hours."""
    always = index == 1
    return {
        "type": "office_hours_schedule",
        "id": stub.id,
        "name": ("Standard", "Rund um die Uhr", "Nachtschicht 🌙")[index % 3],
        "time_zone_name": ("America/New_York", "Europe/Berlin", "Asia/Tokyo")[index % 3],
        "time_intervals": [] if always else _hours(index),
        "twenty_four_seven": always,
        "created_at": stub.created_at,
        "updated_at": stub.updated_at,
    }


def office_hours_exceptions(index: int, stub: Stub) -> list[Json]:
    """Build the days on which the hours are others; their date is no time."""
    return [
        {
            "type": "office_hours_exception",
            "id": str(450 + 10 * index + number),
            "office_hours_schedule_id": stub.id,
            "exception_date": f"{CHRISTMAS + timedelta(days=number)}",
            "exception_type": "custom_hours" if number == 0 else "closed",
            "name": None if number == 1 else "Weihnachten 🎄",
            "time_intervals": [MORNING] if number == 0 else None,
            "recurring_annually": number != 1,
            "created_at": stub.created_at + number,
            "updated_at": stub.updated_at,
        }
        for number in range(3 - index % 3)
    ]


def detailed_state(world: World, number: int) -> Json:
    """Build a ticket state, with the types of tickets that it belongs to."""
    types = [ticket_type(world.start, kind) for kind in range(TICKET_TYPES)]
    told = ("type", "id", "name", "description", "icon", "archived", "is_internal", "category")
    return {
        **state(number),
        "archived": number == RESOLVED,
        "ticket_types": {
            "type": "list",
            "data": [
                {name: kind[name] for name in told} for kind in (types if number < RESOLVED else [])
            ],
        },
    }


TICKET_STATES = len(STATES)

OPTIONS = [
    {"id": f"a1b2c3d4-0000-4000-8000-00000000000{number}", "label": label, "archived": number == 2}  # noqa: PLR2004
    for number, label in enumerate(("hoch", "niedrig", "früher"))
]
ATTRIBUTES: tuple[tuple[str, str, Json], ...] = (
    ("Priorität", "list", {"options": OPTIONS}),
    ("refund amount", "decimal", {}),
    ("Fin AI Agent: Preview", "boolean", {}),
    ("Notiz", "string", {"multiline": True}),
    ("count", "integer", {}),
    ("fällig am", "datetime", {}),
    ("orders", "relationship", {"reference": {"type": "many", "object_type_id": OBJECT_TYPES[0]}}),
    ("Anhänge", "files", {}),
    ("retired", "string", {"multiline": False}),
)


def conversation_attributes(world: World) -> list[Json]:
    """Build the attributes of conversations as 2.16 tells them, ids as numbers."""
    created = world.start - 400 * DAY
    return [
        {
            "type": "conversation_attribute",
            "id": 3 + number,
            "name": name,
            "description": "" if number % 2 else f"What {name} is",
            "data_type": data_type,
            "required": number == 0,
            "visible_when_unassigned": number != 1,
            "visible_to_team_ids": [str(TEAM_IDS[0])] if number == 1 else [],
            "archived": name == "retired",
            "created_at": created + number,
            "updated_at": created + number * 20 * DAY,
            "admin_id": str(ADMIN_IDS[0]) if number % 3 else None,
            **more,
        }
        for number, (name, data_type, more) in enumerate(ATTRIBUTES)
    ]


def ip_allowlist() -> Json:
    """Build the list of addresses that may call."""
    return {
        "type": "ip_allowlist",
        "enabled": True,
        "ip_allowlist": ["192.0.2.0/24", "198.51.100.7"],
    }


def team_metrics(team: Json, idle: int) -> list[Json]:
    """Build what the members of a team have to do now."""
    return [
        {
            "type": "team_metric",
            "admin_id": str(admin),
            "open": 3 + number,
            "idle": number if idle > HOUR else number + 1,
            "snoozed": 0,
        }
        for number, admin in enumerate(team.get("admin_ids") or [])
    ]


def connector(world: World, index: int, stub: Stub) -> Json:
    """Build a data connector, whose times are text."""
    dice = world.dice(27, index)
    return {
        "type": "data_connector",
        "id": stub.id,
        "name": f"Anschluß {index}",
        "description": dice.pick((None, "Looks up an order → tells its state")),
        "state": "draft" if index % 5 == 1 else "live",
        "http_method": dice.pick(("get", "post", "put", "patch")),
        "direct_fin_usage": dice.chance(0.3),
        "created_by_admin_id": dice.pick((None, str(ADMIN_IDS[0]))),
        "updated_by_admin_id": str(ADMIN_IDS[1]),
        "created_at": iso(stub.created_at, milliseconds=False),
        "updated_at": iso(stub.updated_at, milliseconds=False),
        "execution_results_url": f"/data_connectors/{stub.id}/execution_results",
    }


def executions(world: World, index: int, connector_id: str) -> list[Json]:
    """Build what a connector has done lately, newest first; the first is busy, some never ran."""
    dice = world.dice(28, index)
    count = 90 if index == 0 else dice.below(12) if dice.chance(0.7) else 0
    ages = sorted(dice.below(2 * HOUR if dice.chance(0.4) else EXECUTED_FOR) for _ in range(count))
    return [
        execution(
            world, dice, connector_id, str(99_000 + 1_000 * index + number), world.start - age
        )
        for number, age in zip(range(count, 0, -1), ages, strict=True)
    ]


def execution(world: World, dice: Dice, connector_id: str, identity: str, at: int) -> Json:
    """Build one call of a connector, with its bodies."""
    well = dice.chance(0.8)
    return {
        "type": "data_connector.execution",
        "id": identity,
        "data_connector_id": connector_id,
        "success": well,
        "http_status": 200 if well else None,
        "http_method": "post",
        "error_type": None if well else "3rd_party_error",
        "error_message": None if well else "Connection refused",
        "execution_time_ms": dice.below(900) if well else None,
        "source_type": dice.pick(("workflow", "answer", "inbox", None)),
        "source_id": dice.pick((None, "5001")),
        "conversation_id": dice.pick(
            (None, world.conversation_id(dice.below(world.conversations)))
        ),
        "created_at": iso(at, milliseconds=False),
        "request_url": "https://orders.example.com/?q=ü",
        "request_body": '{"message": "hello"}',
        "response_body": '{"status": "ok"}' if well else None,
        "raw_response_body": '{"status": "ok"}' if well else None,
    }


BODIES = ("request_body", "response_body", "raw_response_body")


def custom_objects(world: World, object_type: str) -> list[Json]:
    """Build the objects of one type, newest first; the types count their ids alike."""
    dice = world.dice(29, crc32(object_type.encode()))
    created = world.start - 200 * DAY
    return [
        new_object(object_type, str(index + 1), dice, created + index * HOUR)
        for index in range(world.custom_objects)
    ][::-1]


def new_object(object_type: str, identity: str, dice: Dice, at: int) -> Json:
    """Build a custom object."""
    known = dice.chance(0.6)
    return {
        "id": identity,
        "type": object_type,
        "external_id": f"{object_type}-{identity}" if known else None,
        "external_created_at": at - DAY if known else None,
        "external_updated_at": None,
        "created_at": at,
        "updated_at": at + dice.below(HOUR),
        "custom_attributes": {
            "order_number": f"№ {identity}",
            "total amount": round(dice.random() * 900, 2),
            "items": [{"sku": None}, "zwei"],
        },
    }
