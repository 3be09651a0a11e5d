"""What do articles, news, snippets, macros and the rest of the content answer?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..endpoint import (
    CURSOR,
    PAGE,
    Endpoint,
    found,
    numbered_of,
    rows_of,
    unix,
    with_fields,
)
from ..exchange import Call, Refusal, Reply
from ..paging import Followed, Numbered, flat, linked, of_table, whole
from ..search import LAST, Span
from ..versions import V2_0, V2_16, V2_17

if TYPE_CHECKING:
    from ..state import State

Json = dict[str, Any]

LOCALES = (None, "en", "de", "pt-BR")


def article(state: State, call: Call) -> Reply:
    """Answer with one article, which has statistics that the list has not."""
    row = found(state, "articles", call)
    return Reply(
        body=with_fields(row, statistics=state.holdings.statistics(call.argument)), records=1
    )


def draft(state: State, call: Call) -> Reply:
    """Answer with what an article will be, where it is to change."""
    rows = rows_of("article_drafts")(state, call)
    if not rows:
        raise Refusal(404, "not_found", "Draft not found")
    return Reply(body=rows[0], records=1)


def versions(state: State, call: Call) -> Reply:
    """Answer with a page of the versions of an article, in a locale that exists."""
    if call.query.get("locale") not in LOCALES:
        raise Refusal(400, "parameter_invalid", "Unknown locale", field="locale")
    return VERSIONS(state, call)


VERSIONS = numbered_of("article_versions", 25, 150)


def updated_since(_: State, call: Call) -> list[Span]:
    """Read since when macros are asked for: those that changed after that second."""
    since = unix(call, "updated_since")
    return [(0 if since is None else since + 1, LAST)]


def folders(state: State, call: Call) -> list[bytes]:
    """Encode the folders that are asked for: all, or those in another."""
    records = state.holdings.table("folders")
    asked = call.query.get("parent_folder_id")
    ids = [
        one
        for one in records
        if asked is None or str(records.record(one).get("parent_folder_id")) == asked
    ]
    return records.all_encoded(ids, call.version)


ENDPOINTS = (
    Endpoint(
        "GET", "/articles", "articles", Numbered("articles", "updated_at", 25, 250), V2_0, PAGE
    ),
    Endpoint("GET", "/articles/{id}", "articles article_statistics", article, V2_0),
    Endpoint(
        "GET",
        "/help_center/collections",
        "collections",
        Numbered("collections", "updated_at", 20, 150),
        V2_0,
        PAGE,
    ),
    Endpoint("GET", "/articles/{id}/draft", "article_drafts", draft, V2_16),
    Endpoint(
        "GET",
        "/articles/{id}/versions",
        "article_versions",
        versions,
        V2_16,
        PAGE | {"locale"},
    ),
    Endpoint(
        "GET",
        "/internal_articles",
        "internal_articles",
        Numbered("internal_articles", "updated_at", 25, 250),
        (2, 13),
        PAGE,
    ),
    Endpoint("GET", "/help_center/help_centers", "help_centers", whole("help_centers"), (2, 7)),
    Endpoint(
        "GET",
        "/help_center/help_centers/{id}/redirects",
        "help_center_redirects",
        numbered_of("help_center_redirects", 50, 250),
        V2_16,
        PAGE,
    ),
    Endpoint(
        "GET",
        "/news/news_items",
        "news_items",
        Numbered("news_items", "id", 10, 150, descending=False),
        (2, 7),
        PAGE,
    ),
    Endpoint(
        "GET",
        "/news/newsfeeds",
        "newsfeeds",
        Numbered("newsfeeds", "id", 10, 150, descending=False),
        (2, 7),
        PAGE,
    ),
    Endpoint(
        "GET",
        "/news/newsfeeds/{id}/items",
        "newsfeed_items",
        numbered_of("newsfeed_items", 20, 150),
        (2, 7),
        PAGE,
    ),
    Endpoint(
        "GET",
        "/ai/content_import_sources",
        "content_import_sources",
        Numbered("content_import_sources", "id", 50, 150, place=linked, descending=False),
        (2, 12),
        PAGE,
    ),
    Endpoint(
        "GET",
        "/ai/external_pages",
        "external_pages",
        Numbered("external_pages", "id", 50, 150, place=linked),
        (2, 12),
        PAGE,
    ),
    Endpoint(
        "GET",
        "/content_snippets",
        "content_snippets",
        Numbered("content_snippets", "id", 50, 50, place=flat, descending=False),
        V2_16,
        PAGE,
    ),
    Endpoint(
        "GET",
        "/audiences",
        "audiences",
        Numbered("audiences", "id", 50, 50, place=flat, descending=False),
        V2_16,
        PAGE,
    ),
    Endpoint(
        "GET",
        "/folders",
        "folders",
        Numbered("folders", "id", 50, 150, rows=folders),
        V2_17,
        PAGE | {"parent_folder_id"},
    ),
    Endpoint(
        "GET",
        "/dynamic_contents",
        "dynamic_contents",
        Numbered("dynamic_contents", "updated_at", 20, 150, place=flat),
        V2_17,
        PAGE,
    ),
    Endpoint(
        "GET",
        "/macros",
        "macros",
        Followed(of_table("macros", "updated_at"), 50, 150, spans=updated_since),
        V2_16,
        CURSOR | {"updated_since"},
    ),
)
