"""How does a page look, and where is the next? Every style Intercom uses.

Each style builds an answer for the table of endpoints: `whole` lists, pages by `cursored` query,
`numbered` pages, the `scrolled` companies, and cursors that are `followed`. Those that are searched
for are in `searching`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from .exchange import Call, Refusal, Reply
from .tables import Key
from .views import PACKED, Cursor, View, read, read_cursor

if TYPE_CHECKING:
    from collections.abc import Callable

    from .search import Condition, Span
    from .state import State
    from .views import Mark

    Answer = Callable[[State, Call], Reply]
    Decorate = Callable[[State, Call, list[str], list[bytes]], list[bytes]]

Json = dict[str, Any]

HOST = "https://api.intercom.io"
"""Next pages carry the default host, whichever was called."""
LISTED_AT_MOST = 10_000


def envelope(kind: str | None, key: str, rows: list[bytes], **rest: object) -> Reply:
    """Put encoded rows into their list."""
    start = b"{" if kind is None else b'{"type":"%s",' % kind.encode()
    end = b"]}"
    if rest:
        end = b"]," + msgspec.json.encode(rest)[1:]
    body = b"".join((start, b'"%s":[' % key.encode(), b",".join(rows), end))
    return Reply(body=body, records=len(rows))


def pages(number: int, size: int, total: int) -> Json:
    """Describe where in the pages this one is."""
    return {"type": "pages", "page": number, "per_page": size, "total_pages": -(-total // size)}


def page_size(value: object, default: int, maximum: int, *, clamped: bool = False) -> int:
    """Read per_page; more than the maximum is refused, or means the maximum."""
    if value is None:
        return default
    if isinstance(value, bool) or not str(value).isdigit() or int(str(value)) == 0:
        message = f"per_page must be a number from 1 to {maximum}"
        raise Refusal(400, "invalid_per_page", message, field="per_page")
    size = int(str(value))
    if clamped:
        return min(size, maximum)
    if size > maximum:
        message = f"Per Page is too big: {size} is more than {maximum}"
        raise Refusal(400, "parameter_invalid", message, field="per_page")
    return size


def page_number(value: str | None) -> int:
    """Read page."""
    if value is None:
        return 1
    if not value.isdigit() or int(value) == 0:
        raise Refusal(400, "parameter_invalid", "page must be a number from 1", field="page")
    return int(value)


def whole(
    table: str,
    key: str = "data",
    kind: str = "list",
    decorate: Decorate | None = None,
) -> Answer:
    """Answer with everything at once."""

    def answer(state: State, call: Call) -> Reply:
        records = state.holdings.table(table)
        ids = list(records)
        rows = records.all_encoded(ids, call.version)
        if decorate is not None:
            rows = decorate(state, call, ids, rows)
        return envelope(kind, key, rows)

    return answer


def unlinked(_: Call, number: int, size: int, total: int) -> Json:
    """Say where this page is, and nothing of the next."""
    return {"pages": pages(number, size, total)}


def linked(call: Call, number: int, size: int, total: int) -> Json:
    """Point to the next page by its URL, which carries the default host."""
    place = pages(number, size, total)
    query = {**call.query, "per_page": str(size), "page": str(number + 1)}
    more = number < place["total_pages"]
    place["next"] = f"{HOST}{call.path}?{urlencode(query)}" if more else None
    return {"pages": place}


def nulled(_: Call, number: int, size: int, total: int) -> Json:
    """Say that there is no next page, even where there is one."""
    return {"pages": {**pages(number, size, total), "next": None}}


def flat(_: Call, number: int, size: int, total: int) -> Json:
    """Say where this page is, but not inside `pages`."""
    place = pages(number, size, total)
    return {name: place[name] for name in ("page", "per_page", "total_pages")}


@dataclass(frozen=True)
class Numbered:
    """Pages by number, in `page` and `per_page`, of a table or of the rows of one parent."""

    table: str
    sort: str
    default: int
    maximum: int
    key: str = "data"
    kind: str | None = "list"
    place: Callable[[Call, int, int, int], Json] = unlinked
    descending: bool = True
    counted: bool = True
    ordered: bool = False
    at_most: int | None = None
    visible: Condition | None = None
    spans: Callable[[State, Call], list[Span]] | None = None
    rows: Callable[[State, Call], list[bytes]] | None = None

    def __call__(self, state: State, call: Call) -> Reply:
        """Answer a call with one page."""
        size = page_size(call.query.get("per_page"), self.default, self.maximum)
        number = page_number(call.query.get("page"))
        if self.at_most is not None and number * size > self.at_most:
            message = "page limit reached, please use scroll API"
            raise Refusal(400, "client_error", message)
        rows, total = self._page(state, call, number, size)
        rest = {"total_count": total} if self.counted else {}
        place = self.place(call, number, size, total)
        return envelope(self.kind, self.key, rows, **rest, **place)

    def _page(self, state: State, call: Call, number: int, size: int) -> tuple[list[bytes], int]:
        if self.rows is not None:
            rows = self.rows(state, call)
            return rows[(number - 1) * size : number * size], len(rows)
        view = self._view(state, call)
        keys = view.numbered(number, size, descending=self._descending(call))
        table = state.holdings.table(self.table)
        return table.all_encoded([key[2] for key in keys], call.version), view.total

    def _view(self, state: State, call: Call) -> View:
        table = state.holdings.table(self.table)
        keys = table.sorted_by(self.sort)
        if self.spans is not None:
            return View.within(keys, self.spans(state, call))
        if self.visible is not None:
            return state.views.filtered(table, self.sort, "visible", View(keys), self.visible)
        return View(keys)

    def _descending(self, call: Call) -> bool:
        if not self.ordered:
            return self.descending
        return descending(call)


def descending(call: Call) -> bool:
    """Read order."""
    order = call.query.get("order", "desc")
    if order not in ("asc", "desc"):
        message = f"order must be asc or desc, not {order!r}"
        raise Refusal(400, "parameter_invalid", message, field="order")
    return order == "desc"


Found = tuple[list[Key], "Callable[[list[Key]], list[bytes]]"]


def of_table(name: str, sort: str) -> Callable[[State, Call], Found]:
    """Page through a table."""

    def found(state: State, call: Call) -> Found:
        table = state.holdings.table(name)
        return table.sorted_by(sort), lambda keys: table.all_encoded(
            [key[2] for key in keys], call.version
        )

    return found


@dataclass(frozen=True)
class Followed:
    """Pages by a cursor in the query that say no more than where the next begins."""

    found: Callable[[State, Call], Found]
    default: int
    maximum: int
    mark: Mark = PACKED
    descending: bool = True
    clamped: bool = False
    spans: Callable[[State, Call], list[Span]] | None = None

    def __call__(self, state: State, call: Call) -> Reply:
        """Answer a call with one page."""
        size = page_size(
            call.query.get("per_page"), self.default, self.maximum, clamped=self.clamped
        )
        keys, encoded = self.found(state, call)
        view = View(keys) if self.spans is None else View.within(keys, self.spans(state, call))
        after = call.query.get("starting_after")
        last = None if after is None else read(self.mark.read, after)
        taken, left = view.after(last, size, descending=self.descending)
        following = {"starting_after": self.mark.write(taken[-1])} if left else None
        place = {"type": "pages", "per_page": size, "next": following}
        return envelope("list", "data", encoded(taken), pages=place)


@dataclass(frozen=True)
class Cursored:
    """Pages by cursor, in the query."""

    table: str
    sort: str
    default: int
    maximum: int
    key: str = "data"
    kind: str = "list"
    descending: bool = False
    decorate: Decorate | None = None

    def __call__(self, state: State, call: Call) -> Reply:
        """Answer a call with one page."""
        view = View(state.holdings.table(self.table).sorted_by(self.sort))
        size = page_size(call.query.get("per_page"), self.default, self.maximum)
        after = call.query.get("starting_after")
        window = Window(
            self.table, self.sort, self.descending, size, after, self.key, self.kind, self.decorate
        )
        return window.page(state, call, view)


@dataclass(frozen=True)
class Window:
    """One page by cursor, wherever the cursor travels, and what is around its rows."""

    table: str
    sort: str
    descending: bool
    size: int
    after: object
    key: str
    kind: str
    decorate: Decorate | None

    def page(self, state: State, call: Call, view: View) -> Reply:
        """Build the page, with the cursor of the next."""
        cursor = None if self.after is None else read_cursor(self.after)
        last = None if cursor is None else cursor.key(self.sort)
        keys, left = view.after(last, self.size, descending=self.descending)
        ids = [key[2] for key in keys]
        rows = state.holdings.table(self.table).all_encoded(ids, call.version)
        if self.decorate is not None:
            rows = self.decorate(state, call, ids, rows)
        number = 1 if cursor is None else cursor.page
        place = pages(number, self.size, view.total)
        if left:
            text = Cursor(keys[-1][0], keys[-1][2], number + 1).text(self.sort)
            place["next"] = {"page": number + 1, "per_page": self.size, "starting_after": text}
        return envelope(self.kind, self.key, rows, total_count=view.total, pages=place)


def scrolled(table: str) -> Answer:
    """Answer with the next hundred of the one scroll of a workspace."""

    def answer(state: State, call: Call) -> Reply:
        records = state.holdings.table(table)
        name, ids = state.scrolls.turn(
            call.query.get("scroll_param"), lambda: list(records), state.clock.now()
        )
        rows = records.all_encoded([one for one in ids if one in records], call.version)
        return envelope("list", "data", rows, pages=None, total_count=None, scroll_param=name)

    return answer
