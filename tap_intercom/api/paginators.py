"""Given this page, where is the next?

Intercom has seven ways to say it, and the same endpoint may change from one to another between
API versions (the description calls an object what arrives as a URL). So one rule reads them all:

    {"pages": {"next": {"starting_after": "WzE3…"}}}              a cursor: in the query, in a
                                                                  search in the body
    {"pages": {"next": "https://api.intercom.io/x?page=2"}}       a URL
    {"pages": {"next": {"page": 2}}}                              page numbers
    {"pages": {"next": null, "page": 1, "total_pages": 3}}        page numbers
    {"page": 1, "total_pages": 3}                                 page numbers, at the top
    {"next_cursor": "abc", "has_more": true}                      a bare cursor
    {"pages": {"next": null, …}} or no "pages" at all             the last page

(The seventh, the companies scroll, repeats one parameter until a page is empty: `Scroll`.)

What is said in other words is read as what it means: numbers that are written as text, a cursor
alone where a URL or an object should be, or beside it. A page that names itself as the next one, or
says that there is more and not where, contradicts itself. No such page is the last one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl

from tap_intercom.api.bodies import Body, answered, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import requests


@dataclass(frozen=True)
class Request:
    """What is asked of Intercom: a path below the base URL, a query, and a body if it is a POST.

    It speaks the API version of the client, unless it needs one of its own.
    """

    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    # How many records the pages before it held.
    before: int = field(default=0, compare=False)
    # The API version that it is meant for, where that is not the one that is set.
    version: str | None = field(default=None, kw_only=True)

    # What it says of itself that others do not, and whether its answer is read as it comes, and not
    # held in memory.
    headers: ClassVar[Mapping[str, str]] = {}
    is_streamed: ClassVar[bool] = False

    def read(self, response: requests.Response) -> Any:
        """Read what was asked for from its answer.

        Raises:
            Garbled: It is not there.
            Refused: It is an error instead.
        """
        return answered(response)

    @property
    def method(self) -> str:
        """The HTTP method."""
        return "GET" if self.body is None else "POST"

    @cached_property
    def key(self) -> str:
        """What tells a request from others: two that ask for the same have the same."""
        params = {name: str(value) for name, value in self.params.items()}
        asked = [self.path, params, self.body, self.version]
        return json.dumps(asked, sort_keys=True, default=str)

    @property
    def is_search(self) -> bool:
        """Say whether it reads where to go on from its body."""
        return self.body is not None and "page" not in self.params

    def starting_after(self, cursor: str) -> Request:
        """Ask for what follows a cursor.

        A search reads it from the body only: in the query it is ignored, and page 1 comes again.
        """
        if self.body is None:
            return self.with_params({"starting_after": cursor})
        return self._with_pagination(starting_after=cursor)

    def with_page_size(self, size: int) -> Request:
        """Ask a search for pages of another size; a cursor goes on where it was."""
        return self._with_pagination(per_page=size)

    def _with_pagination(self, **pagination: Any) -> Request:
        body = self.body or {}
        return replace(
            self, body={**body, "pagination": {**body.get("pagination", {}), **pagination}}
        )

    def with_params(self, params: Mapping[str, Any]) -> Request:
        """Ask the same with other query parameters."""
        return replace(self, params={**self.params, **params})


class RepeatedPage(Exception):
    """Intercom pointed back to a page that was already read (seen as cursors A, B, A, B, …)."""


# Pages without a record that may follow one another, each of which names a next one.
EMPTY_PAGES = 100


@dataclass
class Trail:
    """What was asked on the way from page to page, and what pages held.

    A page that holds what the one before it held leads nowhere. With `is_unique`, so does one that
    holds what any page before it held: of records that move from page to page, a page may well be
    the same as an earlier one.
    """

    is_unique: bool = False
    asked: set[str] = field(default_factory=set)
    held: set[tuple[Any, ...]] = field(default_factory=set)
    empty: int = 0
    count: int = 0  # of records

    def ask(self, request: Request) -> None:
        """Note what is asked next.

        Raises:
            RepeatedPage: It was asked before.
        """
        if request.key in self.asked:
            raise RepeatedPage
        self.asked.add(request.key)

    def add(self, body: Body) -> None:
        """Note what a page held.

        Raises:
            RepeatedPage: It held what one before held, or is one empty page too many.
        """
        records = _records(body)
        self.count += len(records or ())
        ids = _ids(records)
        self.empty = self.empty + 1 if ids == () else 0
        if self.empty > EMPTY_PAGES or (ids and ids in self.held):
            raise RepeatedPage
        if not self.is_unique:
            self.held.clear()
        if ids:
            self.held.add(ids)


def _records(body: Body) -> list[Any] | None:
    """Find the first list in a page."""
    lists = (body,) if isinstance(body, list) else body.values() if isinstance(body, dict) else ()
    return next((one for one in lists if isinstance(one, list)), None)


def _ids(records: list[Any] | None) -> tuple[Any, ...] | None:
    """Name what a page holds, by the ids of its records; None if it has none."""
    if records is None:
        return None
    ids = tuple(str(one.get("id")) for one in records if isinstance(one, dict) and "id" in one)
    return ids if len(ids) == len(records) else None


def walk(
    request: Request, fetch: Callable[[Request], Body], trail: Trail | None = None
) -> Iterator[Body]:
    """Yield the page that answers the request, and all that follow it.

    `trail` tells of the pages before, if this goes on from them; it grows.

    Raises:
        RepeatedPage: The pages go round in circles, or on without a record.
    """
    trail = trail or Trail()
    following: Request | None = request
    while following is not None:
        trail.ask(following)
        body = fetch(replace(following, before=trail.count))
        trail.add(body)
        yield body
        following = next_request(following, body)


def next_request(request: Request, body: Body) -> Request | None:
    """Read from a page's body how to ask for the next one; None after the last.

    Of a page that contradicts itself, and whose number does not help, it is one that was asked for.
    """
    if not isinstance(body, dict):
        return None
    named = _named(request, body)
    if named is not None and not _leads_back(request, named, body):
        return named
    return _next_number(request, body) or named or (request if _has_more(body) else None)


def contradiction(request: Request, body: Body) -> str | None:
    """Say what is wrong with what a page says of the next one; None if nothing is."""
    if not isinstance(body, dict):
        return None
    following = _named(request, body) or _next_number(request, body)
    if following is not None:
        return "names itself as the next one" if _leads_back(request, following, body) else None
    if _has_more(body):
        return "says that there are more, and not where"
    asked, total = number(request.params.get("page")), number(_pages(body).get("total_pages"))
    is_beyond = total is not None and asked is not None and asked > 1 and total < asked
    return "is beyond the last one" if is_beyond and _records(body) else None


def _pages(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Find what a page says of its place."""
    pages = body.get("pages")
    return pages if isinstance(pages, dict) else body


def _named(request: Request, body: Mapping[str, Any]) -> Request | None:
    """Read which page is named as the next one, in whatever words."""
    pages = _pages(body)
    following = pages.get("next")
    if isinstance(following, str) and following:
        return _by_text(request, following, pages)
    places = following if isinstance(following, dict) else {}
    for name in CURSORS:
        if cursor := _text(places.get(name)):
            return _after(request, name, cursor)
    page = number(places.get("page") if places else following)
    if page and not request.is_search:
        return request.with_params({"page": page})
    if cursor := _text(pages.get("starting_after")):
        return request.starting_after(cursor)
    cursor = _text(body.get("next_cursor") or pages.get("next_cursor"))
    is_over = body.get("has_more", pages.get("has_more")) is False
    return _after(request, "cursor", cursor) if cursor and not is_over else None


# What a cursor is called, and so what begins elsewhere in a query.
CURSORS = ("starting_after", "cursor")
PLACES = frozenset({*CURSORS, "page", "per_page"})


def _by_text(request: Request, text: str, pages: Mapping[str, Any]) -> Request:
    """Read the next page from a URL, or what may be there instead: a query, number or cursor.

    Only the query is taken: the URL may name another host, and the token must not go there.
    """
    start, mark, query = text.partition("#")[0].partition("?")
    if not mark and PLACES & dict(parse_qsl(start)).keys():
        mark, query = "?", start
    if mark or "://" in text or text.startswith("/"):
        params = dict(parse_qsl(query))
        cursor = next((params.pop(one) for one in CURSORS if one in params), None)
        if cursor and request.is_search:
            return request.starting_after(cursor)
        return request.with_params(dict(parse_qsl(query)))
    page = number(text)
    if page and "page" in pages and not request.is_search:
        return request.with_params({"page": page})
    return _after(request, "cursor" if "cursor" in request.params else "starting_after", text)


def _after(request: Request, name: str, cursor: str) -> Request:
    """Ask for what follows a cursor: in the query under its name, in a search in the body."""
    in_body = request.body is not None
    return request.starting_after(cursor) if in_body else request.with_params({name: cursor})


def _text(cursor: Any) -> str:
    """Write a cursor as text; none if it is not one."""
    is_one = isinstance(cursor, (str, int, float)) and not isinstance(cursor, bool)
    return str(cursor) if is_one else ""


def _leads_back(request: Request, named: Request, body: Mapping[str, Any]) -> bool:
    """Say whether the page that is named as the next is the one it stands on, or one before."""
    page = number(named.params.get("page"))
    if named.key == request.key or page is None:
        return named.key == request.key
    goes_on = any(named.params.get(one) != request.params.get(one) for one in CURSORS)
    stands_on = number(request.params.get("page")) or number(_pages(body).get("page")) or 1
    return not goes_on and page <= stands_on


def _has_more(body: Mapping[str, Any]) -> bool:
    """Say whether a page says that there is another."""
    pages = _pages(body)
    following = pages.get("next")
    if isinstance(following, dict):
        following = any(one for name, one in following.items() if name not in {"type", "per_page"})
    return bool(following) or True in (body.get("has_more"), pages.get("has_more"))


def _next_number(request: Request, body: Mapping[str, Any]) -> Request | None:
    if "starting_after" in request.params or request.is_search:
        # A series of cursors ends where there is no next one. It counts its pages as well, but
        # roughly, and asked for by number it would begin again.
        return None
    pages = _pages(body)
    page, total = number(pages.get("page")), number(pages.get("total_pages"))
    if page is None or total is None or page >= total:
        return None
    return request.with_params({"page": page + 1})
