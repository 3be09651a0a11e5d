"""Which records are in view, in which order, and where did a page of them end?

A view is some ranges of sorted keys. Where a page ended is written as a cursor, in one of three
ways, and read back.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import msgspec

from .exchange import Refusal
from .tables import MISSING, Key

if TYPE_CHECKING:
    from collections.abc import Callable

    from .search import Condition, Span
    from .tables import Table

T = TypeVar("T")

VIEWS_KEPT = 16


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


class Views:
    """Views of those records for which a condition holds; remembered until they change."""

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], View] = {}

    def filtered(
        self, table: Table, field: str, asked: object, candidates: View, condition: Condition
    ) -> View:
        """Keep the records of a view for which a condition holds."""
        name = (table.name, field, asked, table.version)
        view = self._kept.get(name)
        if view is None:
            keys = candidates.keys
            view = View(
                [
                    key
                    for low, high in candidates.ranges
                    for key in keys[low:high]
                    if condition.holds(table.record(key[2]))
                ]
            )
            while len(self._kept) >= VIEWS_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[name] = view
        return view


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
    return read(_cursor, str(text))


def _cursor(text: str) -> Cursor:
    stamp, identity, page = msgspec.json.decode(b64decode(text, validate=True))
    value = MISSING if stamp is None else stamp / 1_000
    return Cursor(value, str(identity), int(page))


def read(reader: Callable[[str], T], text: str) -> T:
    """Read where a page ended, in some way; refuse what cannot be read."""
    try:
        return reader(text)
    except (binascii.Error, msgspec.DecodeError, ValueError, TypeError):
        raise _invalid_cursor() from None


def _invalid_cursor() -> Refusal:
    """Build the refusal of a cursor that nobody has handed out."""
    message = "Invalid starting_after param. Please provide a valid starting_after param."
    return Refusal(400, "client_error", message)


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
