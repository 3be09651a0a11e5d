"""How does a page look, and where is the next? Every style Intercom uses.

Each style builds an answer for the table of endpoints: `whole` lists, pages by `cursored` query,
`numbered` pages, `searched` pages, the `scrolled` companies, and cursors that are `followed`.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from .exchange import Call, Refusal, Reply
from .search import Days, Grammar, Group, Seconds, Span, Valued, compiled, spans_of
from .tables import MISSING, Key

if TYPE_CHECKING:
    from collections.abc import Callable

    from .search import Condition, Granularity
    from .state import State
    from .versions import Version

    Answer = Callable[[State, Call], Reply]
    Decorate = Callable[[State, Call, list[str], list[bytes]], list[bytes]]

Json = dict[str, Any]

HOST = "https://api.intercom.io"
"""Next pages carry the default host, whichever was called."""
LISTED_AT_MOST = 10_000
CURSOR_FIELDS = 3


@dataclass(frozen=True)
class Cursor:
    """Where a page ended: the last key, and the number of the page after it."""

    value: float
    id: str
    page: int

    def text(self, field: str) -> str:
        """Write the cursor as Intercom does: base64 of [milliseconds, id, page]."""
        stamp: float | None = -1 if field == "id" else self.value * 1_000
        if self.value == MISSING:
            stamp = None
        elif isinstance(stamp, float) and stamp.is_integer():
            stamp = int(stamp)
        return b64encode(msgspec.json.encode([stamp, self.id, self.page])).decode()

    def key(self, field: str) -> Key:
        """The key after which the next page begins."""
        return (0 if field == "id" else self.value, len(self.id), self.id)


def read_cursor(text: object) -> Cursor:
    """Read a cursor, or refuse it."""
    try:
        stamp, identity, page = msgspec.json.decode(b64decode(str(text), validate=True))
        value = MISSING if stamp is None else stamp / 1_000
        return Cursor(value, str(identity), int(page))
    except (binascii.Error, msgspec.DecodeError, ValueError, TypeError):
        raise invalid_cursor() from None


def invalid_cursor() -> Refusal:
    """Build the refusal of a cursor that nobody has handed out."""
    message = "Invalid starting_after param. Please provide a valid starting_after param."
    return Refusal(400, "client_error", message)


class View:
    """Some ranges of sorted keys, to be paged through in either direction."""

    def __init__(self, keys: list[Key], ranges: list[Span] | None = None) -> None:
        self.keys = keys
        self.ranges = [(0, len(keys))] if ranges is None else ranges
        self.total = sum(high - low for low, high in self.ranges)

    @classmethod
    def within(cls, keys: list[Key], spans: list[Span]) -> View:
        """Keep the keys whose sort value lies in some spans."""
        ranges = [
            (bisect_left(keys, (low,)), bisect_left(keys, (high + 1,))) for low, high in spans
        ]
        return cls(keys, ranges)

    def after(self, last: Key | None, count: int, *, descending: bool) -> tuple[list[Key], int]:
        """Take the keys after one, and count those that are left then."""
        return self._down(last, count) if descending else self._up(last, count)

    def _up(self, last: Key | None, count: int) -> tuple[list[Key], int]:
        position = 0 if last is None else bisect_right(self.keys, last)
        taken: list[Key] = []
        left = 0
        for low, high in self.ranges:
            first = max(low, position)
            stop = min(high, first + count - len(taken))
            taken += self.keys[first:stop]
            left += max(high - max(first, stop), 0)
        return taken, left

    def _down(self, last: Key | None, count: int) -> tuple[list[Key], int]:
        position = len(self.keys) if last is None else bisect_left(self.keys, last)
        taken: list[Key] = []
        left = 0
        for low, high in reversed(self.ranges):
            stop = min(high, position)
            first = max(low, stop - (count - len(taken)))
            if first < stop:
                taken += reversed(self.keys[first:stop])
            left += max(min(first, stop) - low, 0)
        return taken, left

    def numbered(self, page: int, count: int, *, descending: bool) -> list[Key]:
        """Take one page by its number."""
        taken, _ = self.after(None, page * count, descending=descending)
        return taken[(page - 1) * count :]


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
        records = state.workspace.table(table)
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
        table = state.workspace.table(self.table)
        return table.all_encoded([key[2] for key in keys], call.version), view.total

    def _view(self, state: State, call: Call) -> View:
        keys = state.workspace.table(self.table).sorted_by(self.sort)
        if self.spans is not None:
            return View.within(keys, self.spans(state, call))
        if self.visible is not None:
            return state.filtered(self.table, self.sort, "visible", View(keys), self.visible)
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


@dataclass(frozen=True)
class Mark:
    """How a cursor of few words is written, and read back to the key where its page ended."""

    write: Callable[[Key], str]
    read: Callable[[str], Key]


def _packed(key: Key) -> str:
    return b64encode(msgspec.json.encode([key[0], key[2]])).decode()


def _unpacked(text: str) -> Key:
    stamp, identity = msgspec.json.decode(b64decode(text, validate=True))
    return (float(stamp), len(identity), identity)


def _unnamed(text: str) -> Key:
    stamp, dot, _ = text.partition(".")
    if not dot:
        raise ValueError(text)
    return (int(stamp) // 1_000, len(text), text)


PACKED = Mark(_packed, _unpacked)
"""Base64 of [seconds, id]."""
NAMED = Mark(lambda key: key[2], _unnamed)
"""The id of the last record, which begins with its time in milliseconds."""

Found = tuple[list[Key], "Callable[[list[Key]], list[bytes]]"]


def of_table(name: str, sort: str) -> Callable[[State, Call], Found]:
    """Page through a table."""

    def found(state: State, call: Call) -> Found:
        table = state.workspace.table(name)
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
        last = self._last(call.query.get("starting_after"))
        taken, left = view.after(last, size, descending=self.descending)
        following = {"starting_after": self.mark.write(taken[-1])} if left else None
        place = {"type": "pages", "per_page": size, "next": following}
        return envelope("list", "data", encoded(taken), pages=place)

    def _last(self, after: str | None) -> Key | None:
        if after is None:
            return None
        try:
            return self.mark.read(after)
        except (binascii.Error, msgspec.DecodeError, ValueError, TypeError):
            raise invalid_cursor() from None


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
        view = View(state.workspace.table(self.table).sorted_by(self.sort))
        size = page_size(call.query.get("per_page"), self.default, self.maximum)
        after = call.query.get("starting_after")
        window = _Window(self.table, self.sort, self.descending, size, after)
        return window.page(state, call, view, self)


@dataclass(frozen=True)
class _Window:
    """One page by cursor, wherever the cursor travels."""

    table: str
    sort: str
    descending: bool
    size: int
    after: object

    def page(self, state: State, call: Call, view: View, shape: Cursored | Searched) -> Reply:
        """Build the page, with the cursor of the next."""
        cursor = None if self.after is None else read_cursor(self.after)
        last = None if cursor is None else cursor.key(self.sort)
        keys, left = view.after(last, self.size, descending=self.descending)
        ids = [key[2] for key in keys]
        rows = state.workspace.table(self.table).all_encoded(ids, call.version)
        if shape.decorate is not None:
            rows = shape.decorate(state, call, ids, rows)
        number = 1 if cursor is None else cursor.page
        place = pages(number, self.size, view.total)
        if left:
            text = Cursor(keys[-1][0], keys[-1][2], number + 1).text(self.sort)
            place["next"] = {"page": number + 1, "per_page": self.size, "starting_after": text}
        return envelope(shape.kind, shape.key, rows, total_count=view.total, pages=place)


def seconds(_: State, __: Call) -> Granularity:
    """Compare exact seconds."""
    return Seconds()


def days_until(version: Version) -> Callable[[State, Call], Granularity]:
    """Compare days of the workspace before a version, and seconds from then on."""

    def granularity(state: State, call: Call) -> Granularity:
        return Days(state.zone) if call.version < version else Seconds()

    return granularity


def days(state: State, _: Call) -> Granularity:
    """Compare days: companies are documented to search by "date", and to know these operators."""
    return Days(state.zone, ("=", "!=", ">", "<"))


@dataclass(frozen=True)
class Searched:
    """Pages that a query asks for, with the cursor in the body."""

    table: str
    grammar: Grammar
    default: int
    maximum: int
    key: str = "data"
    kind: str = "list"
    sort: str = "updated_at"
    granularity: Callable[[State, Call], Granularity] = seconds
    orders_since: Version | None = None
    visible: Condition | None = None
    decorate: Decorate | None = None

    def __call__(self, state: State, call: Call) -> Reply:
        """Answer a call with one page."""
        body = call.body()
        _only(body, "query", "pagination", "sort")
        if body.get("query") is None:
            raise Refusal(400, "parameter_not_found", "query is missing", field="query")
        field, descending = self._sort(call, body.get("sort"))
        place = _object(body.get("pagination"), "pagination")
        _only(place, "per_page", "starting_after")
        size = page_size(place.get("per_page"), self.default, self.maximum)
        view = self._view(state, call, body["query"], field)
        window = _Window(self.table, field, descending, size, place.get("starting_after"))
        return window.page(state, call, view, self)

    def _sort(self, call: Call, given: object) -> tuple[str, bool]:
        sort = _object(given, "sort")
        _only(sort, "field", "order")
        field = sort.get("field") or self.sort
        if not isinstance(field, str) or not self.grammar.knows(field):
            message = f"{field} is not a valid sort field"
            raise Refusal(400, "invalid_field", message, field="sort.field")
        order = sort.get("order") or "descending"
        known = order in ("ascending", "descending")
        if not known and self.orders_since is not None and call.version >= self.orders_since:
            message = f"Invalid sort order '{order}'. Must be one of: ascending, descending"
            raise Refusal(400, "invalid_sort_order", message)
        return field, order != "ascending"

    def _view(self, state: State, call: Call, query: object, field: str) -> View:
        granularity = self.granularity(state, call)
        condition = compiled(query, self.grammar, granularity)
        table = state.workspace.table(self.table)
        keys = table.found_by(field)
        spans = spans_of(condition, field)
        candidates = View(keys) if spans is None else View.within(keys, spans)
        if spans is not None and self.visible is None:
            return candidates
        if self.visible is not None:
            # A record in its old place is found by its old time, which it no longer has.
            members = (self.visible,) if spans is not None else (condition, self.visible)
            condition = Group(every=True, members=members)
        # While there are records that a search does not see yet, the next may see another of them.
        lagging = state.clock.now() if table.unseen() else None
        asked = (msgspec.json.encode(query), type(granularity), lagging)
        return state.filtered(self.table, field, asked, candidates, condition)


def _object(value: object, name: str) -> Json:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refusal(400, "parameter_invalid", f"{name} must be an object", field=name)
    return value


def _only(body: Json, *names: str) -> None:
    for name in body:
        if name not in names:
            message = f"{name} is not a parameter of this request"
            raise Refusal(400, "parameter_invalid", message, field=name)


def scrolled(table: str) -> Answer:
    """Answer with the next hundred of the one scroll of a workspace."""

    def answer(state: State, call: Call) -> Reply:
        records = state.workspace.table(table)
        name, ids = state.scrolls.turn(
            call.query.get("scroll_param"), lambda: list(records), state.clock.now()
        )
        rows = records.all_encoded([one for one in ids if one in records], call.version)
        return envelope("list", "data", rows, pages=None, total_count=None, scroll_param=name)

    return answer


HAS_USERS = Valued("user_count", lambda found: found != [0])
"""Companies without users are hidden from lists and searches, not from the scroll."""
