"""Which tables are there, and what makes their records? Families are computed, the rest is fixed.

A family knows how many records a world has at first, and builds each from its index when it is
asked for. Of small tables all records are there from the start. How a record changes is here, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .records import (
    content,
    conversations,
    departures,
    knowledge,
    people,
    phone,
    segments,
    settings,
    tickets,
    workspace,
)
from .records.dice import YEAR
from .records.world import (
    ADMINS,
    OBJECT_TYPES,
    SEGMENTS,
    SUBSCRIPTION_IDS,
    TAGS,
    TEAMS,
    TICKET_TYPES,
)
from .tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .records.dice import Dice
    from .records.world import World
    from .tables import Stub

Json = dict[str, Any]


@dataclass(frozen=True)
class Family:
    """A table whose records are computed: its dice, its names, its records."""

    kind: int
    count: Callable[[World], int]
    name: Callable[[World, int], str]
    build: Callable[[World, int, Stub], Json]
    span: int = 2 * YEAR
    asked: bool = False
    """Whether these are things that people ask for."""

    def stubs(self, world: World) -> Iterator[Stub]:
        """Say what is known of the records of a world before they are built."""
        count = self.count(world)
        return world.stubs(
            self.kind, count, lambda index: self.name(world, index), self.span, asked=self.asked
        )

    def table(self, name: str, world: World) -> Table:
        """Make the table of a world."""
        return Table(name, self.stubs(world), lambda index, stub: self.build(world, index, stub))


def _counted(kind: int, name: str, count: int, build: Callable[[World, int, Stub], Json]) -> Family:
    """Make the family of a table that numbers its records."""
    return Family(kind, lambda _: count, lambda world, index: world.number(name, index), build)


FAMILIES = {
    "contacts": Family(1, lambda w: w.size, lambda w, i: w.contact_id(i), people.contact),
    "companies": Family(2, lambda w: w.companies, lambda w, i: w.company_id(i), people.company),
    "conversations": Family(
        3,
        lambda w: w.conversations,
        lambda w, i: w.conversation_id(i),
        conversations.conversation,
        asked=True,
    ),
    "tickets": Family(
        6, lambda w: w.tickets, lambda w, i: w.ticket_id(i), tickets.ticket, asked=True
    ),
    "articles": Family(
        7, lambda _: knowledge.ARTICLES, lambda w, i: w.article_id(i), knowledge.article
    ),
    "activity_logs": Family(
        9, lambda w: w.activity_logs, lambda w, i: w.activity_log_id(i), workspace.activity_log
    ),
    "collections": Family(
        10, lambda _: knowledge.COLLECTIONS, lambda w, i: w.collection_id(i), knowledge.collection
    ),
    "deleted_conversations": Family(
        11,
        lambda w: w.deleted_conversations,
        lambda w, i: w.conversation_id(-1 - i),
        conversations.deleted_conversation,
    ),
    "deleted_contacts": Family(
        12,
        lambda w: max(w.size // 20, 5),
        lambda w, i: w.contact_id(departures.FIRST + i),
        departures.departed_before,
    ),
    "calls": Family(40, lambda w: w.calls, lambda w, i: w.number("calls", i), phone.call),
    **{
        name: _counted(41 + number, name, count, build)
        for number, (name, count, build) in enumerate(
            (
                ("internal_articles", content.INTERNAL_ARTICLES, content.internal_article),
                ("news_items", content.NEWS_ITEMS, content.news_item),
                ("newsfeeds", content.NEWSFEEDS, content.newsfeed),
                ("content_import_sources", content.IMPORT_SOURCES, content.content_import_source),
                ("external_pages", content.EXTERNAL_PAGES, content.external_page),
                ("content_snippets", content.SNIPPETS, content.content_snippet),
                ("audiences", content.AUDIENCES, content.audience),
                ("folders", content.FOLDERS, content.folder),
                ("dynamic_contents", content.DYNAMIC_CONTENTS, content.dynamic_content),
                ("macros", content.MACROS, content.macro),
                ("help_centers", settings.HELP_CENTERS, settings.help_center),
                ("office_hours_schedules", settings.SCHEDULES, settings.schedule),
                ("data_connectors", settings.CONNECTORS, settings.connector),
            )
        )
    },
}

# Until 2.15, attributes of conversations were data attributes like all others. Those that are
# built in, no newer version lists.
BUILT_IN = "conversation_data_attributes"

FIXED: dict[str, Callable[[World], list[Json]]] = {
    "workspace": lambda world: [workspace.me(world)],
    "admins": lambda _: [workspace.admin(index) for index in range(ADMINS)],
    "teams": lambda _: [workspace.team(index) for index in range(TEAMS)],
    "tags": lambda _: [people.tag(index) for index in range(TAGS)],
    "segments": lambda world: [
        *(segments.segment(world, index) for index in range(SEGMENTS)),
        *(segments.company_segment(world, index) for index in range(segments.OF_COMPANIES)),
    ],
    "segments_of_companies": lambda world: [
        segments.company_segment(world, index) for index in range(segments.OF_COMPANIES)
    ],
    "ticket_types": lambda world: [
        tickets.ticket_type(world.start, index) for index in range(TICKET_TYPES)
    ],
    "ticket_states": lambda world: [
        settings.detailed_state(world, index) for index in range(settings.TICKET_STATES)
    ],
    "contact_attributes": lambda world: workspace.data_attributes(world, "contact"),
    "company_attributes": lambda world: workspace.data_attributes(world, "company"),
    "conversation_attributes": settings.conversation_attributes,
    BUILT_IN: lambda _: workspace.built_in("conversation"),
    "subscription_types": lambda _: [
        people.subscription_type(index) for index in range(len(SUBSCRIPTION_IDS))
    ],
    "brands": lambda world: [settings.brand(world, index) for index in range(settings.BRANDS)],
    "emails": lambda world: [settings.email(world, index) for index in range(settings.EMAILS)],
    "away_status_reasons": lambda world: [
        settings.away_status_reason(world, index) for index in range(settings.AWAY_REASONS)
    ],
    "activity_log_event_types": lambda _: [{"event_type": one} for one in settings.EVENT_TYPES],
    "ip_allowlist": lambda _: [settings.ip_allowlist()],
    "custom_object_types": lambda _: [{"id": one} for one in OBJECT_TYPES],
}
KEYS = {
    "contact_attributes": "full_name",
    "company_attributes": "full_name",
    BUILT_IN: "full_name",
    "activity_log_event_types": "event_type",
    "ip_allowlist": "type",
}

DEPARTED = "deleted_contacts"
ACTIVITIES = "contact_activities"
"""The table that is neither: it is told in `feed`."""

NAMES = (*FAMILIES, *FIXED, ACTIVITIES)

CHANGES: dict[str, Callable[[Json, Dice, int], Json]] = {
    "contacts": people.changed_contact,
    "companies": people.changed_company,
    "tickets": tickets.changed_ticket,
    "articles": knowledge.changed_article,
    "collections": knowledge.changed_collection,
    "calls": phone.changed_call,
    "macros": content.changed_text,
    "data_connectors": content.changed_stamp,
}
