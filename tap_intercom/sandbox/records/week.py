"""When do people write? More of them on working days, and in the hours of an office in New York."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from .dice import DAY, HOUR

WEEK = 7 * DAY
MONDAY = 4 * DAY
"""The first Monday since 1970."""
# How many write in each hour of a day, at UTC, and on each day of a week, as compared to others.
HOURS = (3, 2, 2, 2, 2, 2, 3, 4, 5, 6, 6, 7, 9, 14, 18, 20, 19, 16, 17, 15, 12, 8, 5, 4)
DAYS = (1.15, 1.1, 1.0, 1.0, 0.85, 0.3, 0.25)
WEIGHTS = [day * hour for day in DAYS for hour in HOURS]
UNTIL = list(accumulate(WEIGHTS))


def in_busy_hours(at: int) -> int:
    """Move a moment of a week to another of it: moments at random become more in busier hours."""
    monday, second = divmod(at - MONDAY, WEEK)
    place = second / WEEK * UNTIL[-1]
    hour = bisect_right(UNTIL, place)
    share = 1 - (UNTIL[hour] - place) / WEIGHTS[hour]
    return MONDAY + monday * WEEK + hour * HOUR + int(share * HOUR)
