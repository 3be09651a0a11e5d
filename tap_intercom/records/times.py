"""What time is that?

Intercom answers in epoch seconds, epoch milliseconds and ISO 8601 text; it is all read here, and
written here, in the one form that leaves the tap: RFC 3339 in UTC, `2026-06-01T12:00:00+00:00`.
As text, these sort like the instants they name, which the SDK and some targets rely on.
"""

from __future__ import annotations

import math
import re
import time
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

UTC = timezone.utc
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# What a number counts: the first of these in which it is a date of the years 1 to 9999. So the last
# day of 9999, which many write for "never", is one in seconds: 253402214400. What Intercom writes
# by itself is younger than Intercom, which in milliseconds has 13 digits, and in seconds would be
# after the year 40000. Milliseconds of 1970 to 1978 are taken for seconds: only somebody's own
# attribute could be such, and of these Intercom wants seconds.
# https://www.intercom.com/help/en/articles/3605703-how-dates-work-in-intercom
COUNTED = (timedelta(seconds=1), timedelta(milliseconds=1), timedelta(microseconds=1))
SECONDS_BEFORE = (datetime.max.replace(tzinfo=UTC) - EPOCH) // COUNTED[0] + 1

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_SECONDS = re.compile(r"\d+(\.\d+)?", re.ASCII)
_FRACTION = re.compile(r"\.(\d+)")


def parse(value: Any) -> datetime:
    """Read epoch seconds, milliseconds or microseconds, or ISO text, as an aware UTC datetime.

    Text without an offset is taken as UTC.

    Raises:
        ValueError: The value is not a time, or not one between the years 1 and 9999.
    """
    if isinstance(value, str):
        return _parse_text(value.strip())
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _parse_number(value)
    msg = f"not a time: {type(value).__name__}"
    raise ValueError(msg)


def known(value: Any) -> datetime | None:
    """Read what `parse` reads; None where there is no time."""
    try:
        return parse(value)
    except ValueError:
        return None


def text(value: datetime) -> str:
    """Write a datetime in the canonical form: UTC, offset `+00:00`, microseconds where any."""
    return value.astimezone(UTC).isoformat()


def canonical(value: Any) -> str:
    """Rewrite any time that `parse` reads in the canonical form."""
    return text(parse(value))


class _Hours(dict[int, str]):
    """The text of each hour since 1970 that has been asked for, as far as the minutes."""

    def __missing__(self, hour: int) -> str:
        if len(self) >= MOST_HOURS:
            self.clear()
        text = self[hour] = (EPOCH + timedelta(hours=hour)).isoformat()[:14]
        return text


# Times of seconds since 1970 are put together from what was written before, as there are many:
# `HOURS[value // 3600] + SECONDS[value % 3600]` is `canonical(value)`, in a third of the time.
MOST_HOURS = 2**17
HOURS = _Hours()
SECONDS = tuple(f"{second // 60:02}:{second % 60:02}+00:00" for second in range(3600))


def canonical_date(value: Any) -> str:
    """Check a calendar date, `2026-06-01`, and give it back.

    Raises:
        ValueError: The value is not such a date.
    """
    return date.fromisoformat(value).isoformat()


def epoch(value: datetime) -> int:
    """Count the whole seconds since 1970 that Intercom's filters are written in."""
    return math.floor((value - EPOCH).total_seconds())


def clock_in(seconds: float) -> str:
    """Say what a clock on the wall here shows in so many seconds: `12:30:00`."""
    return (datetime.now().astimezone() + timedelta(seconds=seconds)).strftime("%H:%M:%S")


def http_date(value: str) -> datetime:
    """Read a date of a header, such as `Date`: the server's clock, to the second.

    One without a zone is in UTC, too: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7

    Raises:
        ValueError: It is not such a date.
    """
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:
        msg = "a year or an offset that there cannot be"
        raise ValueError(msg) from error


def seconds_to_reset(headers: Mapping[str, str]) -> float:
    """Count the seconds until `X-RateLimit-Reset`, by the clock of the server that sent it.

    Raises:
        KeyError: There is no such header.
        ValueError: It is not a number.
    """
    reset = float(headers["X-RateLimit-Reset"])
    return max(0.0, reset - _now(headers))


def seconds_to_retry(headers: Mapping[str, str]) -> float:
    """Count the seconds that `Retry-After` asks for, be it in seconds or until a date.

    Raises:
        KeyError: There is no such header.
        ValueError: It is neither.
    """
    asked = headers["Retry-After"].strip()
    if _SECONDS.fullmatch(asked):
        return float(asked)
    return max(0.0, http_date(asked).timestamp() - _now(headers))


def _now(headers: Mapping[str, str]) -> float:
    """Read the clock of the server that sent an answer, or our own where it tells none."""
    return http_date(headers["Date"]).timestamp() if "Date" in headers else time.time()


def _parse_number(value: float) -> datetime:
    for one in COUNTED:
        with suppress(OverflowError):
            return EPOCH + value * one
    msg = "a time before the year 1 or after 9999"
    raise ValueError(msg)


def _parse_text(value: str) -> datetime:
    if _NUMBER.fullmatch(value):
        return _parse_number(float(value) if "." in value else int(value))
    if value.endswith(("Z", "z")):
        value = value[:-1] + "+00:00"
    value = value.replace(" UTC", "+00:00")
    # Python 3.10 reads fractions of three or six digits only.
    value = _FRACTION.sub(lambda match: "." + match[1][:6].ljust(6, "0"), value)
    moment = datetime.fromisoformat(value)
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError as error:
        msg = "a time before the year 1 or after 9999"
        raise ValueError(msg) from error
