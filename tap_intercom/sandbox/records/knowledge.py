"""What do articles, their drafts and versions, and collections look like?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .dice import SENTENCES, Dice
from .world import ADMIN_IDS, HELP_CENTER_ID, WORKSPACE_ID

if TYPE_CHECKING:
    from ..tables import Stub
    from .world import World

Json = dict[str, Any]

ARTICLES = 60
COLLECTIONS = 12
EDITED = 1


def _translation(dice: Dice, stub: Stub, title: str) -> Json:
    return {
        "type": "article_content",
        "title": title,
        "description": None,
        "body": f"<p>{dice.pick(SENTENCES)}</p>",
        "body_markdown": None,
        "author_id": ADMIN_IDS[0],
        "state": "published",
        "created_at": stub.created_at,
        "updated_at": stub.updated_at,
        "has_unpublished_changes": False,
        "draft_updated_at": None,
        "url": f"https://help.example.com/de/articles/{stub.id}",
        "audience_ids": None,
        "ai_chatbot_availability": True,
        "ai_copilot_availability": True,
        "ai_sales_agent_availability": False,
        "created_by_id": ADMIN_IDS[0],
        "updated_by_id": None,
    }


def article(world: World, index: int, stub: Stub) -> Json:
    """Build an article as lists show it."""
    dice = world.dice(7, index)
    draft = dice.chance(0.2)
    unpublished = draft or dice.chance(0.2)
    title = f"How to … №{index}"
    first = dice.below(COLLECTIONS)
    several = dice.pick((0, 1, 1, 1, 1, 1, 1, 1, 1, 2))
    places = (first, (first + 5) % COLLECTIONS)[:several]
    parents = [int(world.collection_id(number)) for number in places]
    translated = {
        "type": "article_translated_content",
        "de": _translation(dice, stub, f"Anleitung {index}"),
        "pt-BR": None,
    }
    return {
        "type": "article",
        "id": stub.id,
        "content_id": str(11_000_000 + int(stub.id)),
        "workspace_id": WORKSPACE_ID,
        "title": title,
        "description": dice.pick((None, "", "Was man wissen muß")),
        "body": None if draft else f"<h1>{title}</h1><p>{dice.pick(SENTENCES)}</p>",
        "body_markdown": None,
        "author_id": dice.pick(ADMIN_IDS),
        "state": "draft" if draft else "published",
        "created_at": stub.created_at,
        "updated_at": stub.updated_at,
        "has_unpublished_changes": unpublished,
        "draft_updated_at": stub.updated_at if unpublished else None,
        "url": None if draft else f"https://help.example.com/en/articles/{stub.id}",
        "parent_ids": parents,
        "ai_chatbot_availability": True,
        "ai_copilot_availability": True,
        "ai_sales_agent_availability": dice.chance(0.5),
        "created_by_id": dice.pick((None, *ADMIN_IDS)),
        "updated_by_id": dice.pick((None, *ADMIN_IDS)),
        "exclude_from_article_suggestions": False,
        "help_center_audience": dice.pick(("everyone", "restricted", None)),
        "scheduled_publish_at": None,
        "scheduled_unpublish_at": None,
        "default_locale": "en",
        "translated_content": translated if dice.chance(0.3) else None,
        "tags": {"type": "tag.list", "tags": []},
    }


def article_statistics(world: World, index: int, hours: int) -> Json | None:
    """Build what only the article itself tells, not the list; it grows, unlike `updated_at`."""
    dice = world.dice(8, index)
    if dice.chance(0.1):
        return None
    views = int(9_000 * dice.random() ** 2) + hours
    reactions = int(views * dice.random() / 20)
    happy = int(reactions * (1 + dice.random()) / 2)
    sad = int((reactions - happy) * dice.random())
    involved = int(views * dice.random() / 30)
    resolved = int(involved * (1 + dice.random()) / 2)

    def per_cent(part: int, whole: int) -> float:
        return round(100 * part / whole, 1) if whole else 0.0

    return {
        "type": "article_statistics",
        "views": views,
        "conversations": int(views * dice.random() / 50),
        "reactions": reactions,
        "happy_reaction_percentage": per_cent(happy, reactions),
        "neutral_reaction_percentage": per_cent(reactions - happy - sad, reactions),
        "sad_reaction_percentage": per_cent(sad, reactions),
        "fin_involvements": involved,
        "fin_resolutions": resolved,
        "fin_resolution_rate": per_cent(resolved, involved),
    }


def changed_article(record: Json, dice: Dice, at: int) -> Json:
    """Let an article be edited."""
    return {**record, "updated_at": at, "body": f"<p>{dice.pick(SENTENCES)} (edited)</p>"}


def draft(record: Json) -> Json:
    """Build what an article will be when its changes are published."""
    return {
        **record,
        "title": f"{record.get('title')} (changed)",
        "body": "<p>Not yet for everybody</p>",
        "state": "draft",
    }


def version(identity: str, article_id: str, at: int, before: str | None) -> Json:
    """Build one version of an article; the first has none before it."""
    number = int(identity)
    return {
        "type": "article_version",
        "id": identity,
        "article_id": article_id,
        "title": f"How to … v{number}",
        "description": "" if number % 2 else None,
        "author_id": str(ADMIN_IDS[number % len(ADMIN_IDS)]),
        "created_by_id": str(ADMIN_IDS[0]) if number % 3 else None,
        "created_via": ("web", "api")[number % 2],
        "from_version_id": before,
        "state": "published" if before else "draft",
        "created_at": at,
    }


def versions(index: int, stub: Stub) -> list[Json]:
    """Build the versions of an article, newest first; one has more than a page of them."""
    count = 60 if index == EDITED else 1 + index % 4
    spent = stub.updated_at - stub.created_at
    first = 300_000 + 1_000 * index
    return [
        version(
            str(first + number),
            stub.id,
            stub.created_at + spent * number // count,
            str(first + number - 1) if number else None,
        )
        for number in reversed(range(count))
    ]


def collection(world: World, index: int, stub: Stub) -> Json:
    """Build a collection; every third lies in another one."""
    nested = index % 3 > 1
    translated = {
        "type": "group_translated_content",
        "de": {"type": "group_content", "name": f"Sammlung {index}", "description": None},
    }
    return {
        "id": stub.id,
        "workspace_id": WORKSPACE_ID,
        "name": f"Collection {index} 📚",
        "description": None if nested else "Alles über …",
        "created_at": stub.created_at,
        "updated_at": stub.updated_at,
        "url": f"https://help.example.com/en/collections/{stub.id}",
        "icon": None if nested else "book-bookmark",
        "order": index,
        "default_locale": "en",
        "translated_content": translated if index % 2 else None,
        "parent_id": world.collection_id(index - 1) if nested else None,
        "help_center_id": None if nested else HELP_CENTER_ID,
    }


def changed_collection(record: Json, _: Dice, at: int) -> Json:
    """Let a collection be edited."""
    return {**record, "updated_at": at}
