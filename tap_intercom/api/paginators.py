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
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl

from tap_intercom.api.bodies import Body, decode

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
        """
        return decode(response)

    @property
    def method(self) -> str:
        """The HTTP method."""
        return "GET" if self.body is None else "POST"

    @cached_property
    def key(self) -> str:
        """What tells a request from others: two that ask for the same have the same."""
        asked = [self.path, self.params, self.body, self.version]
        return json.dumps(asked, sort_keys=True, default=str)

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
        ids = _ids(body)
        self.empty = self.empty + 1 if ids == () else 0
        if self.empty > EMPTY_PAGES or (ids and ids in self.held):
            raise RepeatedPage
        if not self.is_unique:
            self.held.clear()
        if ids:
            self.held.add(ids)


def _ids(body: Body) -> tuple[Any, ...] | None:
    """Name what a page holds, by the ids of the records in its first list; None if it has none."""
    lists = (body,) if isinstance(body, list) else body.values() if isinstance(body, dict) else ()
    records = next((one for one in lists if isinstance(one, list)), None)
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
        body = fetch(following)
        trail.add(body)
        yield body
        following = next_request(following, body)


def next_request(request: Request, body: Body) -> Request | None:
    """Read from a page's body how to ask for the next one; None after the last."""
    if not isinstance(body, dict):
        return None
    pages = body.get("pages")
    if not isinstance(pages, dict):
        pages = body
    following = pages.get("next")
    if isinstance(following, str) and following:
        # Only the query is taken: the URL may name another host, and the token must not go there.
        query = following.partition("#")[0].partition("?")[2]
        return request.with_params(dict(parse_qsl(query)))
    if isinstance(following, dict) and following.get("starting_after"):
        return request.starting_after(following["starting_after"])
    if isinstance(following, dict) and following.get("page") and request.body is None:
        return request.with_params({"page": following["page"]})
    if body.get("has_more") and body.get("next_cursor"):
        return request.with_params({"cursor": body["next_cursor"]})
    return _next_number(request, pages)


def _next_number(request: Request, pages: Mapping[str, Any]) -> Request | None:
    if "starting_after" in request.params or (
        request.body is not None and "page" not in request.params
    ):
        # A series of cursors ends where there is no next one. It counts its pages as well, but
        # roughly, and asked for by number it would begin again.
        return None
    page, total = pages.get("page"), pages.get("total_pages")
    if isinstance(page, int) and isinstance(total, int) and page < total:
        return request.with_params({"page": page + 1})
    return None
