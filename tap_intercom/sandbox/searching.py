"""How is a search answered? With pages of what a query asks for; the cursor travels in the body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from .exchange import Refusal
from .paging import Window, page_size
from .search import Days, Group, Seconds, compiled, spans_of
from .views import View

if TYPE_CHECKING:
    from collections.abc import Callable

    from .exchange import Call, Reply
    from .paging import Decorate
    from .search import Condition, Grammar, Granularity
    from .state import State
    from .versions import Version

Json = dict[str, Any]


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
        after = place.get("starting_after")
        window = Window(
            self.table, field, descending, size, after, self.key, self.kind, self.decorate
        )
        return window.page(state, call, view)

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
        table = state.holdings.table(self.table)
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
        return state.views.filtered(table, field, asked, candidates, condition)


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
