"""Does a row say what Intercom sent, all of it, and nothing else?

Written without the tap's own conversions: it looks at what went in and what came out. It takes rows
from PostgreSQL, where times are times, and rows from RECORD messages, where they are text.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Row = dict[str, Any]

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# Microseconds in what a number may count, the coarsest first.
UNITS = (10**6, 10**3, 1)
FIRST, LAST = (
    (datetime(*day, tzinfo=timezone.utc) - EPOCH) // timedelta(microseconds=1)
    for day in ((1, 1, 1), (9999, 12, 31, 23, 59, 59, 999_999))
)
ROUNDED = timedelta(microseconds=1)
RESCUED = "_rescued_data"
NUMBERS = (int, float, Decimal)


def differences(sent: Row, row: Row) -> list[str]:
    """Tell where a row differs; what is in `_rescued_data` must be there as it was sent."""
    own = {name: value for name, value in row.items() if not name.startswith("_sdc_")}
    rescued = own.pop(RESCUED, None) or {}
    found = list(_differing(cleaned(sent), own, rescued, ""))
    unsent = [path for path in rescued if not _is_at(path, cleaned(sent))]
    return [*found, *(f"{path}: rescued, and never sent" for path in unsent)]


def cleaned(value: Any) -> Any:
    """What is left of a value when NULs are gone and halves of surrogate pairs are replaced."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    if isinstance(value, dict):
        return {cleaned(name): cleaned(item) for name, item in value.items()}
    return value


def _differing(sent: Any, found: Any, rescued: Row, path: str) -> Iterator[str]:
    if path in rescued:
        if rescued[path] != sent or found is not None:
            yield f"{path}: {sent!r} was rescued as {rescued[path]!r}, beside {found!r}"
    elif isinstance(sent, dict) and isinstance(found, dict):
        for name in sorted({*sent, *found}):
            below = f"{path}.{name}" if path else name
            yield from _differing(sent.get(name), found.get(name), rescued, below)
    elif isinstance(sent, list) and isinstance(found, list) and len(sent) == len(found):
        for index, (one, other) in enumerate(zip(sent, found, strict=True)):
            yield from _differing(one, other, rescued, f"{path}.{index}")
    elif not says_the_same(sent, found):
        yield f"{path}: {sent!r} became {found!r}"


def _is_at(path: str, value: Any) -> bool:
    """Tell whether a path leads somewhere; names may have dots in them."""
    if not path:
        return True
    if isinstance(value, list):
        value = {str(index): item for index, item in enumerate(value)}
    if not isinstance(value, dict):
        return False
    return any(
        _is_at(path[len(name) + 1 :], item)
        for name, item in value.items()
        if path == name or path.startswith(f"{name}.")
    )


def says_the_same(sent: Any, found: Any) -> bool:
    """Tell whether one value is the other, if need be as another type that loses nothing."""
    if sent is None or found is None or isinstance(sent, (dict, list)):
        return sent == found
    if isinstance(sent, str) and isinstance(found, dict):  # an object that the text stands for
        return list(found.values()) == [sent]
    same = next((same for kind, same in AS_TYPE if isinstance(found, kind)), None)
    return same is not None and same(sent, found)


def _number(value: Any) -> Decimal | None:
    try:
        return None if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        return None


def _same_number(sent: Any, found: Any) -> bool:
    """Tell whether the digits are the same, or what they stand for in a floating-point number."""
    return _number(sent) == _number(found) or (isinstance(sent, float) and sent == found)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _same_moment(sent: Any, found: Any) -> bool:
    when, then = moment(sent), moment(found)
    return when is not None and then is not None and abs(when - then) <= ROUNDED


def moment(value: Any) -> datetime | None:
    """Read a time in any form in which Intercom may write one; None if it is none.

    A number, or the text of one, counts seconds, or else milliseconds, or else microseconds,
    whichever is a date of four digits; any other text is ISO 8601, in UTC where it does not say.
    """
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    try:
        if isinstance(value, (int, float)):
            return None if isinstance(value, bool) else _counted(Fraction(value))
        text = str(value).strip()
        if re.fullmatch(r"[+-]?\d+", text):
            return _counted(Fraction(int(text)))
        if re.fullmatch(r"[+-]?\d+\.\d+", text):
            return _counted(Fraction(float(text)))
        return moment(datetime.fromisoformat(_plain(text)))
    except (ValueError, OverflowError):
        return None


def _counted(number: Fraction) -> datetime:
    found = (round(number * unit) for unit in UNITS)
    first = next((one for one in found if FIRST <= one <= LAST), LAST + 1)
    return EPOCH + timedelta(microseconds=first)  # which refuses the last of these


def _plain(text: str) -> str:
    """Write ISO 8601 as every Python reads it: with an offset in digits, and six of a fraction."""
    text = re.sub(r"[Zz]$| UTC", "+00:00", text)
    return re.sub(r"(?<=\.)\d+", lambda fraction: f"{fraction[0]:0<6}"[:6], text)


def _same_boolean(sent: Any, found: bool) -> bool:  # noqa: FBT001  it is the value to look at
    if isinstance(sent, NUMBERS):
        return sent == found
    return str(sent).lower() in ({"true", "1"} if found else {"false", "0"})


# By the type of what was found, how to compare; a boolean is an integer, and a datetime is a date.
AS_TYPE: tuple[tuple[Any, Callable[[Any, Any], bool]], ...] = (
    (datetime, _same_moment),
    (date, lambda sent, found: str(sent) == found.isoformat()),
    (bool, _same_boolean),
    (NUMBERS, _same_number),
    (str, lambda sent, found: _as_text(sent) == found or _same_moment(sent, found)),
)
