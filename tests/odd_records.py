"""Records as Intercom might send them on a bad day: unknown, wrong, empty, odd, at every depth."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# What the sandbox can be made to serve in any shape, and the rows that lie inside it.
RESOURCES = (
    "activity_logs",
    "admins",
    "articles",
    "audiences",
    "away_status_reasons",
    "brands",
    "calls",
    "collections",
    "companies",
    "company_attributes",
    "contact_activities",
    "contact_attributes",
    "contacts",
    "content_import_sources",
    "content_snippets",
    "conversation_attributes",
    "conversations",
    "custom_object_instances",
    "data_connectors",
    "deleted_conversations",
    "dynamic_contents",
    "emails",
    "external_pages",
    "folders",
    "help_centers",
    "internal_articles",
    "macros",
    "news_items",
    "newsfeeds",
    "office_hours_schedules",
    "segments",
    "subscription_types",
    "tags",
    "teams",
    "ticket_states",
    "ticket_types",
    "tickets",
)
INSIDE = {"conversations": "conversation_parts", "tickets": "ticket_parts"}

# Without these, at the root, there would be no telling which record it is, or when it changed.
KEPT = {"id", "full_name", "created_at", "updated_at", "deleted_at", "type"}

WRONG = (12.5, "wrong", ["wrong"], {"wrong": 1}, True, 2**70)
TEXTS = (
    "NUL \0 here",
    "emoji 🧵 and العربية and \u2028",
    "quotes \" ' \\ ; -- $$",
    "line\r\nbreaks\tand tabs",
    "x" * 70_000,
    "",
)
TIMES = (
    0,
    -86_400,
    10**10,
    1_700_000_000_123,
    "2026-05-04T03:02:01.5+02:00",
    "2026-05-04 03:02:01 UTC",
    "1700000000",
    "yesterday",
    "",
    10**19,
    None,
)

Place = tuple[str | int, ...]


def unknown_fields(record: dict[str, Any]) -> dict[str, Any]:
    """Add fields that nobody described, in every object."""

    def add(value: Any) -> Any:
        if isinstance(value, list):
            return [add(item) for item in value]
        if isinstance(value, dict):
            known = {name: add(item) for name, item in value.items()}
            return {**known, "brand_new": 7, "brand_new_object": {"deep": ["er", None, {"x": 1.5}]}}
        return value

    return add(record)  # type: ignore[no-any-return]


def _replaced(record: dict[str, Any], other: Callable[[Place, Any], Any]) -> dict[str, Any]:
    """Replace values, leaf by leaf, and now and then a whole object or list."""
    count = 0

    def walk(place: Place, value: Any) -> Any:
        nonlocal count
        count += 1
        whole = len(place) > 1 and count % 5 == 0
        if isinstance(value, dict) and value and not whole:
            return {name: walk((*place, name), item) for name, item in value.items()}
        if isinstance(value, list) and value and not whole:
            return [walk((*place, index), item) for index, item in enumerate(value)]
        return other((*place, count), value)

    return {name: value if name in KEPT else walk((name,), value) for name, value in record.items()}


def wrong_types(record: dict[str, Any]) -> dict[str, Any]:
    """Put a value of another type everywhere."""
    return _replaced(record, lambda place, _: WRONG[int(place[-1]) % len(WRONG)])


def convertible(record: dict[str, Any]) -> dict[str, Any]:
    """Write numbers as text and text as numbers."""

    def other(place: Place, value: Any) -> Any:
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, int):
            return str(value) if int(place[-1]) % 2 else float(value)
        return int(place[-1]) if isinstance(value, str) else value

    return _replaced(record, other)


def nulls(record: dict[str, Any]) -> dict[str, Any]:
    """Leave nothing but nulls."""
    return _replaced(record, lambda _, __: None)


def odd_texts(record: dict[str, Any]) -> dict[str, Any]:
    """Write texts that databases stumble over."""

    def other(place: Place, value: Any) -> Any:
        return TEXTS[int(place[-1]) % len(TEXTS)] if isinstance(value, str) else value

    return _replaced(record, other)


def odd_times(record: dict[str, Any]) -> dict[str, Any]:
    """Write times in every way they have been seen, and in some that are none."""

    def other(place: Place, value: Any) -> Any:
        is_time = any(str(name).endswith("_at") for name in place[-2:-1])
        return TIMES[int(place[-1]) % len(TIMES)] if is_time else value

    return _replaced(record, other)


ODD: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "convertible": convertible,
    "nulls": nulls,
    "odd texts": odd_texts,
    "odd times": odd_times,
    "unknown fields": unknown_fields,
    "wrong types": wrong_types,
}


def odd_record(resource: str, record: dict[str, Any], kind: str) -> dict[str, Any]:
    """Make a record odd, the rows inside it as well, so that it can still be told which it is."""
    record = copy.deepcopy(record)
    inside = INSIDE.get(resource)
    wrapper = record.pop(inside) if inside else None
    odd = ODD[kind](record)
    if inside and wrapper is not None:
        rows = [ODD[kind](row) for row in wrapper[inside]]
        odd[inside] = {**wrapper, inside: rows}
    return odd
