"""What does the content beside articles look like? News, snippets, macros, folders and more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .dice import HOUR, SENTENCES, Dice, paragraph
from .history import iso
from .world import ADMIN_IDS, TEAM_IDS, WORKSPACE_ID

if TYPE_CHECKING:
    from ..tables import Stub
    from .world import World

Json = dict[str, Any]

INTERNAL_ARTICLES, NEWS_ITEMS, NEWSFEEDS = 40, 50, 12
IMPORT_SOURCES, EXTERNAL_PAGES = 6, 130
SNIPPETS, AUDIENCES, FOLDERS, DYNAMIC_CONTENTS, MACROS = 70, 55, 30, 45, 170
HUGE = 400


def _for_fin(dice: Dice) -> Json:
    return {
        "ai_chatbot_availability": dice.chance(0.8),
        "ai_copilot_availability": True,
        "ai_sales_agent_availability": dice.chance(0.3),
    }


def _for_whom(dice: Dice) -> list[int] | None:
    return dice.pick((None, [], [audience_number(0), audience_number(3)]))


def internal_article(world: World, index: int, stub: Stub) -> Json:
    """Build an article that only teammates read."""
    dice = world.dice(20, index)
    body = None if dice.chance(0.1) else paragraph(dice)
    return {
        "type": "internal_article",
        "id": stub.id,
        "title": f"Runbook №{index} 🛠",
        "body": body,
        "body_markdown": body and f"{SENTENCES[0]}\n",
        "owner_id": dice.pick(ADMIN_IDS),
        "author_id": dice.pick(ADMIN_IDS),
        "created_at": stub.created_at,
        "updated_at": stub.updated_at,
        "locale": dice.pick(("en", "de")),
        "audience_ids": _for_whom(dice),
        **_for_fin(dice),
    }


def newsfeed_number(index: int) -> int:
    """Name a newsfeed, as news items do: a number."""
    return 198_300 + index


def newsfeed(_: World, index: int, stub: Stub) -> Json:
    """Build a newsfeed."""
    return {
        "id": stub.id,
        "type": "newsfeed",
        "name": f"Neuigkeiten {index} 📣",
        "created_at": stub.created_at,
        "updated_at": stub.updated_at,
    }


def news_item(world: World, index: int, stub: Stub) -> Json:
    """Build a piece of news; drafts are in no feed."""
    dice = world.dice(21, index)
    live = dice.chance(0.8)
    feeds = {0, dice.below(NEWSFEEDS)} if dice.chance(0.8) else {dice.below(NEWSFEEDS)}
    return {
        "type": "news-item",
        "id": stub.id,
        "workspace_id": WORKSPACE_ID,
        "title": f"What is new in № {index}",
        "body": paragraph(dice),
        "sender_id": dice.pick(ADMIN_IDS),
        "state": "live" if live else "draft",
        "newsfeed_assignments": [
            {"newsfeed_id": newsfeed_number(feed), "published_at": stub.created_at + 60}
            for feed in sorted(feeds)
        ]
        if live
        else [],
        "labels": dice.pick(([], ["Product Update", "Größer"], [None])),
        "cover_image_url": dice.pick((None, "https://images.example.com/cover.jpg")),
        "reactions": [None, None, "👍", "😆"] if dice.chance(0.5) else [],
        "deliver_silently": dice.chance(0.5),
        "created_at": stub.created_at,
        "updated_at": stub.updated_at,
    }


def content_import_source(world: World, index: int, stub: Stub) -> Json:
    """Build a source of pages, whose id is a number."""
    dice = world.dice(22, index)
    return {
        "type": "content_import_source",
        "id": int(stub.id),
        "last_synced_at": stub.updated_at,
        "sync_behavior": ("api", "automatic", "manual")[index % 3],
        "status": "deactivated" if index == IMPORT_SOURCES - 1 else "active",
        "url": f"https://docs.example.com/{index}?l=de&x=1",
        "created_at": stub.created_at,
        "updated_at": stub.updated_at,
        "audience_ids": _for_whom(dice),
    }


def external_page(world: World, index: int, stub: Stub) -> Json:
    """Build a page for Fin to read; some are huge."""
    dice = world.dice(23, index)
    line = paragraph(dice)
    for_fin = dice.chance(0.9)
    return {
        "type": "external_page",
        "id": stub.id,
        "title": f"Seite {index}",
        "html": line * HUGE if index % 40 == 0 else line,
        "url": dice.pick((None, f"https://docs.example.com/pages/{index}")),
        "ai_agent_availability": for_fin,
        "ai_copilot_availability": True,
        "ai_sales_agent_availability": False,
        "fin_availability": for_fin,
        "locale": "en",
        "source_id": 1_200 + index % IMPORT_SOURCES,
        "external_id": dice.pick((None, str(index))),
        "created_at": stub.created_at,
        "updated_at": stub.updated_at,
        "last_ingested_at": stub.updated_at,
    }


def content_snippet(world: World, index: int, stub: Stub) -> Json:
    """Build a snippet, whose blocks may be anything."""
    dice = world.dice(24, index)
    return {
        "type": "content_snippet",
        "id": stub.id,
        "title": f"Schnipsel {index}" if dice.chance(0.8) else None,
        "locale": dice.pick(("en", "de")),
        "json_blocks": [
            {"type": "paragraph", "text": dice.pick(SENTENCES)},
            {"type": "orderedList", "items": ["one", "zwei"], "depth": {"of": [1, None]}},
        ],
        "body_markdown": dice.pick((None, "# Größe\n\nText.\n")),
        "chatbot_availability": dice.below(2),
        "copilot_availability": 1,
        **_for_fin(dice),
        "created_at": stub.created_at,
        "updated_at": stub.updated_at,
        "audience_ids": _for_whom(dice),
    }


def audience_number(index: int) -> int:
    """Name an audience, as other content does: a number."""
    return 700 + index


def audience(world: World, index: int, stub: Stub) -> Json:
    """Build an audience, with conditions inside conditions."""
    dice = world.dice(25, index)
    simple: Json = {
        "attribute": "company.name",
        "type": "string",
        "comparison": "contains",
        "value": "Größe",
    }
    nested: Json = {"type": "or", "predicates": [simple, {**simple, "value": dice.below(9)}]}
    role = {"attribute": "role", "type": "role", "comparison": "eq", "value": "user"}
    return {
        "type": "audience",
        "id": stub.id,
        "name": f"Zielgruppe {index}",
        "predicates": dice.pick(([], [simple], [nested, simple])),
        "role_predicates": [role],
        "created_at": stub.created_at,
        "updated_at": stub.updated_at,
    }


def folder(world: World, index: int, stub: Stub) -> Json:
    """Build a folder, whose id is a number; every third lies in another one."""
    return {
        "id": int(stub.id),
        "name": f"Ordner {index}",
        "description": "Was alle wissen müssen" if index % 2 else None,
        "emoji": "📚" if index % 4 else None,
        "parent_folder_id": int(world.number("folders", index - 1)) if index % 3 > 1 else None,
        "content_count": index,
        "created_at": stub.created_at,
        "updated_at": stub.updated_at,
    }


def dynamic_content(_: World, index: int, stub: Stub) -> Json:
    """Build content that articles refer to; its name comes escaped, as Intercom sends it."""
    inline = index % 2 == 0
    times = {"created_at": stub.created_at, "updated_at": stub.updated_at}
    variations = [
        {
            "type": "dynamic_content_variation",
            "id": str(int(stub.id) * 10 + number),
            "locale": locale,
            "brand_id": brand,
            "text_content": f"+1-555-{index:04d}" if inline else None,
            "json_blocks": None if inline else [{"type": "paragraph", "text": SENTENCES[3]}],
            "intentionally_empty": False,
            **times,
        }
        for number, (locale, brand) in enumerate((("en", None), ("de", None), ("en", "3")))
    ]
    return {
        "type": "dynamic_content",
        "id": stub.id,
        "name": f"Hours &amp; phone {index}",
        "key": f"hours-phone-{index}",
        "content_type": "inline" if inline else "block",
        "default_locale": "en",
        "variations": variations[: 1 + index % 3],
        **times,
    }


def macro(world: World, index: int, stub: Stub) -> Json:
    """Build a macro, whose times are text."""
    dice = world.dice(26, index)
    named = dice.chance(0.9)
    some = dice.chance(0.3)
    return {
        "type": "macro",
        "id": stub.id,
        "name": f"Antwort {index} ✍️",
        "body": '<p>Hi <attribute key="user.name" default="there"/></p>' if named else None,
        "body_text": 'Hi {{user.name|fallback:"there"}}' if named else None,
        "created_at": iso(stub.created_at),
        "updated_at": iso(stub.updated_at),
        "visible_to": "specific_teams" if some else "everyone",
        "visible_to_team_ids": [str(TEAM_IDS[0])] if some else [],
        "available_on": dice.pick((["inbox"], ["inbox", "messenger"], [])),
    }


def redirect(identity: str, help_center: str, at: int) -> Json:
    """Build a redirect of a help center."""
    number = int(identity)
    to_collection = number % 5 == 0
    return {
        "id": identity,
        "type": "help_center_redirect",
        "from_url": f"https://old.example.com/{number}?ü=1",
        "locale": ("en", "de")[number % 2],
        "help_center_id": help_center,
        "target_type": "collection" if to_collection else "article",
        "target_id": "159000" if to_collection else "6871119",
        "created_at": at,
        "updated_at": at,
    }


def redirects(index: int, stub: Stub) -> list[Json]:
    """Build the redirects of a help center, newest first; one has more than a page of them."""
    count = 60 if index == 0 else 3
    return [
        redirect(str(2_600 + 100 * index + number), stub.id, stub.created_at + number * HOUR)
        for number in reversed(range(count))
    ]


def changed(record: Json, _: Dice, at: int) -> Json:
    """Let anything be edited whose time of change is a number."""
    return {**record, "updated_at": at}


def changed_text(record: Json, _: Dice, at: int) -> Json:
    """Let anything be edited whose time of change is text."""
    return {**record, "updated_at": iso(at)}


def changed_stamp(record: Json, _: Dice, at: int) -> Json:
    """Let anything be edited whose time of change is text without milliseconds."""
    return {**record, "updated_at": iso(at, milliseconds=False)}
