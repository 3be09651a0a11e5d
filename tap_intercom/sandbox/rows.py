"""How are the rows computed that hang on a record, and how does the record show them?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from zlib import crc32

from .records import history, knowledge, people, phone, settings

if TYPE_CHECKING:
    from .holdings import Holdings
    from .records.world import World
    from .tables import Stub

Json = dict[str, Any]
Rows = Callable[["Holdings", str], list[Json]]


def inside(table: str, *path: str) -> Rows:
    """Take rows out of the parent itself, which has them all."""

    def rows(holdings: Holdings, parent: str) -> list[Json]:
        found: object = holdings.table(table).record(parent)
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []

    return rows


def made(table: str, build: Callable[[World, int, Stub], list[Json]]) -> Rows:
    """Compute rows from what their parent was computed from; what was put there has none."""

    def rows(holdings: Holdings, parent: str) -> list[Json]:
        origin = holdings.table(table).made(parent)
        return [] if origin is None else build(holdings.world, *origin)

    return rows


def tags(holdings: Holdings, contact: str) -> list[Json]:
    """The tags of a contact, each with the time when it was applied."""
    at = holdings.world.start
    return [
        people.applied_tag(holdings.referred("tags", one), at - 3_600 * number)
        for number, one in enumerate(holdings.linked(contact, "tags"))
    ]


def companies(holdings: Holdings, contact: str) -> list[Json]:
    """The companies of a contact."""
    return [holdings.company(one) for one in holdings.linked(contact, "companies")]


def notes(holdings: Holdings, contact: str) -> list[Json]:
    """The notes about a contact."""
    about = {"contact": {"type": "contact", "id": contact}}
    first = holdings.world.start - 300 * 86_400
    return [
        people.note(one, first + crc32(contact.encode()) % 10**7 - 60 * number, about)
        for number, one in enumerate(holdings.linked(contact, "notes"))
    ]


def subscriptions(holdings: Holdings, contact: str) -> list[Json]:
    """What a contact has opted out of, and then into."""
    chosen = [
        *holdings.linked(contact, "opted_out_subscription_types"),
        *holdings.linked(contact, "opted_in_subscription_types"),
    ]
    return [holdings.referred("subscription_types", one) for one in chosen]


def shown_as(name: str) -> Callable[[str, list[Json]], Json]:
    """Show the ids of rows in a list of their contact."""

    def shown(contact: str, rows: list[Json]) -> Json:
        return {name: people.inline(name, contact, [str(row["id"]) for row in rows])}

    return shown


def subscriptions_shown(contact: str, rows: list[Json]) -> Json:
    """Show the ids of subscriptions in one of two lists of their contact."""
    return {
        name: people.inline(
            name, contact, [str(row["id"]) for row in rows if row.get("consent_type") == consent]
        )
        for name, consent in (
            ("opted_out_subscription_types", "opt_out"),
            ("opted_in_subscription_types", "opt_in"),
        )
    }


def company_notes_shown(company: str, rows: list[Json]) -> Json:
    """Show the ids of notes in their company."""
    return {"notes": people.company_notes_inline(company, rows)}


def members(holdings: Holdings, company: str) -> list[Json]:
    """The contacts of a company."""
    contacts = holdings.table("contacts")
    return [contacts.record(one) for one in holdings.members(company)]


def events(holdings: Holdings, contact: str) -> list[Json]:
    """What a contact has done; who was put there has done nothing."""
    contacts = holdings.table("contacts")
    made = contacts.made(contact)
    happened = [] if made is None else history.happened(holdings.world, made[0])
    person = contacts.record(contact) if happened else {}
    return [history.event(person, time, kind) for time, kind in happened]


def statistics(holdings: Holdings, article: str) -> list[Json]:
    """The statistics of an article, if it has any."""
    statistics = holdings.statistics(article)
    return [] if statistics is None else [statistics]


def draft(holdings: Holdings, article: str) -> list[Json]:
    """What an article will be, where it is to change."""
    record = holdings.table("articles").record(article)
    if not record.get("has_unpublished_changes"):
        return []
    return [{**knowledge.draft(record), "statistics": holdings.statistics(article)}]


def news(holdings: Holdings, feed: str) -> list[Json]:
    """The news in a feed that are live."""
    items = holdings.table("news_items")
    rows = [items.record(one) for one in items]
    return [
        row
        for row in rows
        if row.get("state") == "live"
        and feed in [str(one["newsfeed_id"]) for one in row.get("newsfeed_assignments") or []]
    ]


def transcript(holdings: Holdings, call: str) -> list[Json]:
    """A call with what was said in it, if it belongs to a conversation."""
    record = holdings.table("calls").record(call)
    if record.get("conversation_id") is None:
        return []
    return [{**record, **phone.transcript(record)}]


def metrics(holdings: Holdings, team: str) -> list[Json]:
    """What the members of a team have to do."""
    return settings.team_metrics(holdings.table("teams").record(team), settings.IDLE)
