"""What do conversations and their parts look like?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .dice import HOUR, SENTENCES, SUBJECTS, Dice, paragraph, person
from .history import iso
from .people import company, tag
from .world import ADMIN_IDS, TAGS, TEAM_IDS

if TYPE_CHECKING:
    from ..tables import Stub
    from .world import World

Json = dict[str, Any]

LONGEST = 620
TALKATIVE = 2
BOT = {"type": "bot", "id": "991260000", "name": "Fin", "email": "operator@example.com"}


def part_count(world: World, index: int) -> int:
    """Count the parts of a conversation; the first has more than Intercom hands out."""
    return LONGEST if index == 0 else 1 + world.dice(4, index).below(30)


def _admin(number: int) -> Json:
    return {
        "type": "admin",
        "id": str(ADMIN_IDS[number]),
        "name": f"Admin {number}",
        "email": f"admin{number}@example.com",
    }


def _contact(world: World, number: int) -> Json:
    return {
        "type": "user",
        "id": world.contact_id(number),
        "name": None if number % 9 == 0 else f"Contact {number}",
        "email": f"contact-{number}@example.com",
    }


def _statistics(dice: Dice, stub: Stub, parts: int) -> Json | None:
    if parts < LONGEST and dice.chance(0.08):
        return None
    replied = stub.created_at + 900 if dice.chance(0.8) else None
    closed = stub.updated_at - 5 if dice.chance(0.6) else None
    wait = dice.below(20_000) if replied else None
    return {
        "type": "conversation_statistics",
        "time_to_assignment": dice.pick((0, 35, None)),
        "time_to_admin_reply": wait,
        "time_to_first_close": closed and closed - stub.created_at,
        "time_to_last_close": closed and closed - stub.created_at,
        "median_time_to_reply": wait,
        "first_contact_reply_at": stub.created_at,
        "first_assignment_at": replied,
        "first_admin_reply_at": replied,
        "first_close_at": closed,
        "last_assignment_at": replied,
        "last_assignment_admin_reply_at": replied,
        "last_contact_reply_at": stub.created_at,
        "last_admin_reply_at": replied,
        "last_close_at": closed,
        # Documented as text, returned as a number: Intercom-OpenAPI issue 115.
        "last_closed_by_id": dice.pick(ADMIN_IDS) if closed else None,
        "count_reopens": dice.below(3),
        "count_assignments": dice.below(4),
        # What it began with is counted, too: seen of all conversations of one workspace.
        "count_conversation_parts": parts + 1,
        "assigned_team_first_response_time": [
            {"team_id": TEAM_IDS[0], "team_name": "Support", "response_time": wait}
        ]
        if wait
        else [],
        "assigned_team_first_response_time_in_office_hours": [],
        "handling_time": dice.below(4_000),
        "adjusted_handling_time": dice.pick((None, 1_800)),
    }


def _source(world: World, dice: Dice, contact: int) -> Json:
    kind = dice.pick(("conversation", "email", "push", "facebook"))
    return {
        "type": kind,
        "id": str(403_918_000 + dice.below(10**6)),
        "delivered_as": dice.pick(("customer_initiated", "admin_initiated", "automated")),
        "subject": dice.pick(SUBJECTS),
        "body": paragraph(dice),
        "author": _contact(world, contact),
        "attachments": [],
        "url": dice.pick((None, "https://app.example.com/page?x=1&y=2")),
        "redacted": False,
    }


def _ai_agent(dice: Dice, stub: Stub) -> Json:
    return {
        "source_type": "workflow",
        "source_title": "Erste Hilfe 🤖",
        "last_answer_type": dice.pick(("ai_answer", None)),
        "resolution_state": dice.pick(("assumed_resolution", "escalated", "routed_to_team", None)),
        "rating": dice.pick((None, 4)),
        "rating_remark": None,
        "created_at": stub.created_at,
        "updated_at": stub.updated_at,
        "content_sources": {
            "type": "content_source.list",
            "total_count": 1,
            "content_sources": [
                {
                    "content_type": "article",
                    "url": "https://help.example.com/en/articles/1",
                    "title": "Getting started",
                    "locale": "en",
                }
            ],
        },
    }


def _rating(world: World, dice: Dice, stub: Stub, contact: int) -> Json:
    teammate = {"type": "admin", "id": str(dice.pick(ADMIN_IDS))}
    return {
        "rating": 1 + dice.below(5),
        "remark": dice.pick((None, "Très bien 👍")),
        "created_at": stub.created_at + HOUR,
        "updated_at": stub.updated_at,
        "contact": {"type": "contact", "id": world.contact_id(contact), "external_id": None},
        "teammate": {"type": "workflow", "id": "55"} if dice.chance(0.1) else teammate,
    }


def _tags(dice: Dice, at: int) -> Json:
    applied = {"applied_at": at, "applied_by": {"type": "admin", "id": str(ADMIN_IDS[0])}}
    tags = [{**tag(dice.below(TAGS)), **applied}] if dice.chance(0.3) else []
    return {"type": "tag.list", "tags": tags}


def _company(world: World, dice: Dice, stub: Stub) -> Json | None:
    if dice.chance(0.8):
        return None
    number = dice.below(world.companies)
    return company(world, number, stub._replace(id=world.company_id(number)))


def _people(world: World, dice: Dice, contact: int) -> Json:
    several = dice.chance(0.1)
    ids = [
        world.contact_id(number % world.size) for number in range(contact, contact + 1 + several)
    ]
    others = [{"type": "contact", "id": one, "external_id": None} for one in ids]
    # Intercom says `teammates.admins` although its description says `teammates.teammates`.
    teammates = {"type": "admin.list", "admins": [{"type": "admin", "id": str(ADMIN_IDS[1])}]}
    return {
        "contacts": {"type": "contact.list", "contacts": others},
        "teammates": teammates if dice.chance(0.7) else None,
    }


def conversation(world: World, index: int, stub: Stub) -> Json:
    """Build a conversation as lists show it, without its parts."""
    dice = world.dice(3, index)
    contact = dice.below(world.size)
    state = dice.pick(("open", "closed", "closed", "snoozed"))
    replied = dice.chance(0.8)
    ai = dice.chance(0.3)
    return {
        "type": "conversation",
        "id": stub.id,
        "title": f"Gespräch {index}" if dice.chance(0.3) else None,
        "created_at": stub.created_at,
        "updated_at": stub.updated_at,
        "waiting_since": stub.updated_at - 30 if state == "open" else None,
        "snoozed_until": stub.updated_at + 86_400 if state == "snoozed" else None,
        "open": state != "closed",
        "state": state,
        "read": dice.chance(0.6),
        "priority": dice.pick(("none", "none", "none", "high", "urgent", "low")),
        "admin_assignee_id": dice.pick((0, *ADMIN_IDS)),
        "team_assignee_id": dice.pick((0, *TEAM_IDS)),
        "company": _company(world, dice, stub),
        "tags": _tags(dice, stub.created_at),
        "conversation_rating": _rating(world, dice, stub, contact) if dice.chance(0.2) else None,
        "source": _source(world, dice, contact),
        **_people(world, dice, contact),
        "custom_attributes": {
            "Priorität": dice.pick(("hoch", "niedrig", None)),
            "Fin AI Agent: Preview": dice.chance(0.5),
            "refund amount": round(dice.random() * 99, 2),
        }
        if dice.chance(0.5)
        else {},
        "first_contact_reply": {"created_at": stub.created_at, "type": "conversation", "url": None}
        if replied
        else None,
        "sla_applied": {
            "type": "conversation_sla_summary",
            "sla_name": "VIP → 1 h",
            "sla_status": dice.pick(("hit", "missed", "active")),
        }
        if dice.chance(0.1)
        else None,
        "statistics": _statistics(dice, stub, part_count(world, index)),
        "topics": {},
        "ticket": None,
        "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": False},
        "ai_agent_participated": ai,
        "ai_agent": _ai_agent(dice, stub) if ai else None,
        "sales_agent_participated": False,
        "sales_agent": None,
        "channel": {"initial": "messenger", "current": dice.pick(("messenger", "email", None))},
        "external_references": [{"type": "zendesk_ticket", "id": str(index)}]
        if dice.chance(0.05)
        else [],
    }


def _event(dice: Dice) -> tuple[str, Json | None]:
    return dice.pick(
        (
            ("assignment", None),
            ("close", None),
            ("custom_action_started", {"action": {"name": "Look up order"}}),
            (
                "conversation_attribute_updated_by_admin",
                {"attribute": {"name": "Priorität"}, "value": {"name": "hoch"}},
            ),
            ("a_part_type_of_next_year", None),
        )
    )


def _assigned_to(dice: Dice, part_type: str) -> object:
    """Say whom a part assigns to: an object, text or nothing, as connectors have seen it."""
    if part_type != "assignment":
        return None
    return dice.pick(({"type": "admin", "id": str(ADMIN_IDS[2])}, str(TEAM_IDS[1]), None))


def _attachments(dice: Dice, identity: str) -> list[Json]:
    if not dice.chance(0.05):
        return []
    return [
        {
            "type": "upload",
            "name": "Bild schirm.png",
            "url": f"https://files.example.com/{identity}?expires=1",
            "content_type": "image/png",
            "filesize": None,
            "width": 800,
            "height": 600,
        }
    ]


def part(world: World, dice: Dice, identity: str, at: int) -> Json:
    """Build one part of a conversation."""
    comment = dice.chance(0.7)
    part_type, details = (dice.pick(("comment", "note")), None) if comment else _event(dice)
    redacted = comment and dice.chance(0.03)
    number = dice.below(world.size)
    admin = _admin(dice.below(len(ADMIN_IDS)))
    return {
        "type": "conversation_part",
        "id": identity,
        "part_type": part_type,
        "body": paragraph(dice) if comment and not redacted else None,
        "created_at": at,
        "updated_at": at,
        "notified_at": at,
        "assigned_to": _assigned_to(dice, part_type),
        "author": dice.pick((admin, _contact(world, number), BOT)),
        "attachments": _attachments(dice, identity) if comment else [],
        "external_id": None,
        "redacted": redacted,
        "email_message_metadata": None,
        "metadata": {},
        "state": dice.pick(("open", "closed")),
        "tags": [tag(dice.below(TAGS))] if dice.chance(0.05) else [],
        "event_details": details,
        "app_package_code": None,
    }


def parts(world: World, index: int, stub: Stub) -> list[Json]:
    """Build all parts of a conversation, oldest first; the last is as old as its last update."""
    count = part_count(world, index)
    dice = world.dice(5, index)
    spent = stub.updated_at - stub.created_at
    return [
        part(world, dice, str(30_000_000_000 + index * 10_000 + number), at)
        for number, at in enumerate(
            stub.created_at + spent * (number + 1) // count for number in range(count)
        )
    ]


def with_parts(parts: list[Json]) -> Json:
    """Build what the page of a conversation has and a list has not."""
    return {
        "conversation_parts": {
            "type": "conversation_part.list",
            "conversation_parts": parts,
            "total_count": len(parts),
        }
    }


def continued(record: Json, dice: Dice, at: int, count: int) -> Json:
    """Let a conversation have gone on, up to a number of parts."""
    statistics = record.get("statistics")
    if isinstance(statistics, dict):
        statistics = {
            **statistics,
            "count_conversation_parts": count + 1,
            "last_contact_reply_at": at,
        }
    state = dice.pick(("open", "closed"))
    return {
        **record,
        "updated_at": at,
        "statistics": statistics,
        "state": state,
        "open": state == "open",
        "waiting_since": at if state == "open" else None,
        "title": record.get("title") or (person(dice) if dice.chance(0.1) else None),
        "source": {**(record.get("source") or {}), "body": f"<p>{SENTENCES[0]}</p>"}
        if dice.chance(0.02)
        else record.get("source"),
    }


def deleted_conversation(_: World, index: int, stub: Stub) -> Json:
    """Build what remains of a deleted conversation."""
    return {
        "type": "conversation",
        "id": stub.id,
        "metrics_retained": index % 3 != 0,
        "deleted_at": stub.updated_at,
    }


def handling_event(at: int, kind: str, number: int) -> Json:
    """Build a pause, or its end; its time is text, its teammate's id a number."""
    admin = {**_admin(number), "id": ADMIN_IDS[number]}
    teammates: tuple[Json, ...] = (
        admin,
        {"type": "team", "id": TEAM_IDS[0], "name": "Support"},
        {"type": "bot", "id": 991_260_000, "name": "Fin"},
    )
    reason = {"reason": "Päuschen" if at % 3 else None} if kind == "paused" else {}
    return {
        "teammate": teammates[at % len(teammates)],
        "type": kind,
        "timestamp": iso(at, milliseconds=False),
        **reason,
    }


def handling_events(world: World, index: int, stub: Stub) -> list[Json]:
    """Build the pauses in the handling of a conversation, oldest first."""
    dice = world.dice(17, index)
    pauses = dice.below(4) if dice.chance(0.6) else 0
    number = dice.below(len(ADMIN_IDS))
    return [
        handling_event(stub.created_at + 600 * turn, ("paused", "resumed")[turn % 2], number)
        for turn in range(2 * pauses)
    ]


def side_conversation(world: World, dice: Dice, identity: str, at: int) -> Json:
    """Build a conversation beside a conversation."""
    count = 1 + dice.below(3)
    return {
        "side_conversation_id": identity,
        "conversation_parts": [
            part(world, dice, str(int(identity) * 10 + number), at + number)
            for number in range(count)
        ],
        "total_count": count,
    }


def side_conversations(world: World, index: int, stub: Stub) -> list[Json]:
    """Build what was talked about beside a conversation; beside one, more than a page."""
    dice = world.dice(18, index)
    count = 60 if index == TALKATIVE else dice.below(3) if dice.chance(0.2) else 0
    first = 70_000_000_000 + 100 * index
    return [
        side_conversation(world, dice, str(first + number), stub.created_at + number)
        for number in range(count)
    ]
