"""Whose word is a name: Intercom's, or a user's?

Names in open objects are users': of custom attributes, of what an event tells. They are never
written, but stand as `*`. Intercom's are those that the schemas know, and what may be a new field:
one that is spelled as all of Intercom's are, in an object whose fields Intercom makes.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from tap_intercom.records import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_intercom.records.corrections import Fact

ANY = "*"

# As Intercom spells its fields and codes. Ids, digests and numbers are not spelled so, as no word
# of theirs is that long or ends with so many digits.
_SPELLED = re.compile(r"[a-z]{1,20}[0-9]{0,2}(_[a-z]{1,20}[0-9]{0,2}){0,7}")
_LONGEST = 64

# What stands around records, and in what is told of reports.
AROUND = frozenset((
    "attributes", "data", "default_time_attribute_id", "has_more", "next", "page", "pages",
    "per_page", "prev", "qualified_id", "starting_after", "total_count", "total_pages", "type",
    "url",
))  # fmt: skip

# What `type` says of things that have no schema of their own, or another one's name.
_TYPES = frozenset((
    "avatar", "bot", "conversation", "conversation.list", "error.list", "event", "event.list",
    "event.summary", "lead", "list", "location", "operator", "pages", "plan", "upload", "user",
    "visitor",
))  # fmt: skip


def is_spelled_like_intercoms(name: str) -> bool:
    """Say whether a field or a code of Intercom's might be called so."""
    return len(name) <= _LONGEST and _SPELLED.fullmatch(name) is not None


def _named(fact: Fact) -> Iterator[tuple[str, Fact]]:
    """Yield all fields of a fact, at every depth."""
    if isinstance(fact, list):
        yield from _named(fact[0])
    if isinstance(fact, dict):
        for name, inner in fact.items():
            yield name, inner
            yield from _named(inner)


@cache
def _all() -> list[tuple[str, Fact]]:
    components = {**schema.facts()}
    del components["report_row"]  # it is the tap that makes it
    return [field for fact in components.values() for field in _named(fact)]


@cache
def known() -> frozenset[str]:
    """Give all names that fields have anywhere, and what stands around records."""
    return AROUND.union(name for name, _ in _all())


@cache
def open_ones() -> frozenset[str]:
    """Give the names of fields that hold an open object anywhere: names in there are users'.

    But for what stands around records, as `data` does.
    """
    facts = schema.facts()

    def is_open(fact: Fact) -> bool:
        while isinstance(fact, list) or (isinstance(fact, str) and fact.startswith("@")):
            fact = fact[0] if isinstance(fact, list) else facts[fact[1:]]
        return bool(fact == "object")

    return frozenset(name for name, fact in _all() if is_open(fact)) - AROUND


def kind(value: Any) -> str | None:
    """Give what `type` says of an object, if it is a word of Intercom's."""
    if not isinstance(value, str):
        return None
    components = schema.facts()
    is_known = value in _TYPES or value.removesuffix(".list") in components
    return value if is_known else None
