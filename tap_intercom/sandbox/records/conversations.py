"""What does a conversation look like, and what lies beside it?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .dice import DAY, HOUR, SENTENCES, SUBJECTS, Dice, paragraph, person
from .history import iso
from .parts import BOT, admin, beginning, parts, remark
from .people import company, contact_reference, tag
from .statistics import derived, understood
from .world import ADMIN_IDS, TAGS, TEAM_IDS, TEAM_NAMES

if TYPE_CHECKING:
    from ..tables import Stub
    from .parts import Beginning
    from .world import World

Json = dict[str, Any]

TALKATIVE = 2
UNCOUNTED = 12
"""Of one in so many, there are no statistics."""
RATED = 0.35
_HANDED_OVER = ("escalated", "routed_to_team", None)
RATINGS = (5, 5, 5, 5, 4, 4, 4, 3, 2, 1)


def _source(dice: Dice, begun: Beginning) -> Json:
    kind = dice.pick(("conversation", "email", "push", "facebook"))
    return {
        "type": kind,
        "id": str(403_918_000 + dice.below(10**6)),
        "delivered_as": begun.delivered_as,
        "subject": dice.pick(SUBJECTS),
        "body": paragraph(dice),
        "author": begun.author,
        "attachments": [],
        "url": dice.pick((None, "https://app.example.com/page?x=1&y=2")),
        "redacted": False,
    }


def _ai_agent(dice: Dice, stub: Stub, begun: Beginning) -> Json:
    ended = ("assumed_resolution", "confirmed_resolution") if begun.resolved else _HANDED_OVER
    return {
        "source_type": "workflow",
        "source_title": "Erste Hilfe 🤖",
        "last_answer_type": dice.pick(("ai_answer", None)),
        "resolution_state": dice.pick(ended),
        "rating": dice.pick((None, 4)) if begun.resolved else None,
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


def _rating(dice: Dice, reference: Json, told: list[Json]) -> Json | None:
    """Build what the contact thinks of it: some say so, soon after an admin closed it."""
    closed = [part for part in told if part["part_type"] == "close"]
    helped = [part for part in told if part["author"]["type"] == "admin" and part["body"]]
    if not closed or not helped or not dice.chance(RATED):
        return None
    last = told[-1]["created_at"]
    teammate = {"type": "admin", "id": helped[-1]["author"]["id"]}
    return {
        "rating": dice.pick(RATINGS),
        "remark": dice.pick((None, "Très bien 👍")),
        "created_at": min(closed[0]["created_at"] + dice.below(HOUR), last),
        "updated_at": last,
        "contact": reference,
        "teammate": {"type": "workflow", "id": "55"} if dice.chance(0.1) else teammate,
    }


def _tags(dice: Dice, at: int) -> Json:
    applied = {"applied_at": at, "applied_by": {"type": "admin", "id": str(ADMIN_IDS[0])}}
    number = int(TAGS * dice.random() ** 2)
    tags = [{**tag(number), **applied}] if dice.chance(0.5) else []
    return {"type": "tag.list", "tags": tags}


def _company(world: World, dice: Dice, stub: Stub) -> Json | None:
    if dice.chance(0.8):
        return None
    number = dice.below(world.companies)
    return company(world, number, stub._replace(id=world.company_id(number)))


def _topics(dice: Dice) -> Json:
    """List what a conversation is about; some lists have nothing around them."""
    count = dice.below(3)
    topics = [
        {"type": "topic", "id": 46 + number, "name": ("Refunds", "Größe")[number]}
        for number in range(count)
    ]
    listed = {"type": "topic.list", "topics": topics, "total_count": count}
    return listed if count or dice.chance(0.5) else {}


def conversation(world: World, index: int, stub: Stub) -> Json:
    """Build a conversation as lists show it, without its parts."""
    dice = world.dice(3, index)
    begun = beginning(world, index, stub)
    told = list(parts(world, index, stub))
    people = [contact_reference(world, number) for number in begun.people]
    record = {
        "type": "conversation",
        "id": stub.id,
        "title": f"Gespräch {index}" if dice.chance(0.3) else None,
        "created_at": stub.created_at,
        "updated_at": stub.updated_at,
        "waiting_since": None,
        "snoozed_until": max(stub.updated_at, world.start) + (1 + dice.below(30)) * DAY,
        "open": True,
        "state": "open",
        "read": True,
        "priority": dice.pick(("none", "none", "none", "high", "urgent", "low")),
        "admin_assignee_id": 0,
        "team_assignee_id": 0,
        "company": _company(world, dice, stub),
        "tags": _tags(dice, stub.created_at),
        "conversation_rating": _rating(dice, people[0], told),
        "source": _source(dice, begun),
        "contacts": {"type": "contact.list", "contacts": people},
        "teammates": None,
        "custom_attributes": {
            "Priorität": dice.pick(("hoch", "niedrig", None)),
            "Fin AI Agent: Preview": dice.chance(0.5),
            "refund amount": round(dice.random() * 99, 2),
        }
        if dice.chance(0.5)
        else {},
        "first_contact_reply": None,
        "sla_applied": {
            "type": "conversation_sla_summary",
            "sla_name": "VIP → 1 h",
            "sla_status": "active",
        }
        if dice.chance(0.1)
        else None,
        "statistics": None if index % UNCOUNTED == UNCOUNTED - 1 else {},
        "topics": _topics(dice),
        "ticket": None,
        "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": False},
        "ai_agent_participated": begun.ai,
        "ai_agent": _ai_agent(dice, stub, begun) if begun.ai else None,
        "sales_agent_participated": False,
        "sales_agent": None,
        "channel": {"initial": "messenger", "current": dice.pick(("messenger", "email", None))},
        "external_references": [{"type": "zendesk_ticket", "id": str(index)}]
        if dice.chance(0.05)
        else [],
    }
    return {**record, **derived(record, told)}


def with_parts(parts: list[Json]) -> Json:
    """Build what the page of a conversation has and a list has not."""
    return {
        "conversation_parts": {
            "type": "conversation_part.list",
            "conversation_parts": parts,
            "total_count": len(parts),
        }
    }


def continued(record: Json, dice: Dice, at: int, told: list[Json]) -> Json:
    """Let a conversation have gone on, so far as its parts tell."""
    record = {
        **record,
        "updated_at": at,
        "title": record.get("title") or (person(dice) if dice.chance(0.1) else None),
        "source": {**(record.get("source") or {}), "body": f"<p>{SENTENCES[0]}</p>"}
        if dice.chance(0.02)
        else record.get("source"),
    }
    return {**record, **(derived(record, told) if understood(record, told) else {})}


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
    teammates: tuple[Json, ...] = (
        {**admin(number), "id": ADMIN_IDS[number]},
        {"type": "team", "id": TEAM_IDS[0], "name": TEAM_NAMES[0]},
        {"type": "bot", "id": int(BOT["id"]), "name": BOT["name"]},
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


def side_conversation(dice: Dice, identity: str, at: int) -> Json:
    """Build a conversation beside a conversation."""
    count = 1 + dice.below(3)
    return {
        "side_conversation_id": identity,
        "conversation_parts": [
            remark(dice, str(int(identity) * 10 + number), at + number) for number in range(count)
        ],
        "total_count": count,
    }


def side_conversations(world: World, index: int, stub: Stub) -> list[Json]:
    """Build what was talked about beside a conversation; beside one, more than a page."""
    dice = world.dice(18, index)
    count = 60 if index == TALKATIVE else dice.below(3) if dice.chance(0.2) else 0
    first = 70_000_000_000 + 100 * index
    return [
        side_conversation(dice, str(first + number), stub.created_at + number)
        for number in range(count)
    ]
