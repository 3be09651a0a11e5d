"""What form has a value, without saying which it is?

One of a fixed list, each of which a great many values have.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

NULL, OBJECT, ARRAY, STRING = "null", "object", "array", "string"
_TYPES = {bool: "boolean", int: "integer", float: "number", str: STRING, list: ARRAY, dict: OBJECT}

# How many digits an id or a time has: seconds have ten today, milliseconds thirteen.
_DIGITS = ((4, "1 to 4"), (9, "5 to 9"), (10, "10"), (12, "11 or 12"), (13, "13"), (19, "14 to 19"))
_LONGEST_SPELLED = 2_000
_LENGTHS = ((20, "up to 20"), (200, "up to 200"), (2_000, "up to 2,000"))
# A moment of these years is a number of ten, thirteen or sixteen digits.
_NUMBERS = (
    (0, "0"), (1, "1"), (10**6, "up to a million"), (10**9, "up to a billion"),
    (10**10, "like seconds"), (10**12, "11 or 12 digits"), (10**13, "like milliseconds"),
    (10**15, "14 or 15 digits"), (10**16, "like microseconds"),
)  # fmt: skip

_SPELLED = [
    (name, re.compile(pattern, re.ASCII))
    for name, pattern in {
        "24 hexadecimal digits": r"(?=.*[a-f])[0-9a-f]{24}",
        "UUID": r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
        "date": r"\d{4}-\d\d-\d\d",
        "time with offset": r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)? ?(Z|UTC|[+-]\d\d:?\d\d)",
        "time without offset": r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?",
        "number": r"-?\d+\.\d+|-\d+",
        "boolean": r"true|false",
        "URL": r"[a-z]+://\S+",
        "path": r"/\S*",
        "email": r"[^\s@]+@[^\s@]+\.[^\s@]+",
    }.items()
]


def json_type(value: Any) -> str:
    """Name the JSON type of a value."""
    return _TYPES.get(type(value), NULL)


def form(value: Any) -> str | None:
    """Name the form of a text or a number; None of anything else."""
    if isinstance(value, str):
        return _of_text(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return "negative" if value < 0 else _within(value, _NUMBERS, "17 digits or more")
    if isinstance(value, float):
        return "whole" if value.is_integer() else "fraction"
    return None


def _of_text(text: str) -> str:
    if not text:
        return "empty"
    if text.isascii() and text.isdigit():
        return f"{_within(len(text), _DIGITS, '20 or more')} digits"
    if text.lstrip().startswith("<"):
        return "HTML"
    if len(text) <= _LONGEST_SPELLED:
        for name, pattern in _SPELLED:
            if pattern.fullmatch(text):
                return name
    return f"{_within(len(text), _LENGTHS, 'more than 2,000')} characters"


def _within(number: int, classes: Sequence[tuple[int, str]], beyond: str) -> str:
    return next((name for most, name in classes if number <= most), beyond)
