"""Until when is it certain that time has passed, at Intercom?

What a run is complete up to is said by Intercom's clock, which the first answer tells. One that
runs ahead would have a bookmark pass what is yet to happen. So it is held against this machine's,
and against that of every later answer: a bookmark goes no further than the earliest of them.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tap_intercom.records import times

if TYPE_CHECKING:
    from collections.abc import Mapping

# Servers are told the time every few minutes, and an answer may be a while on its way.
TOLERANCE = timedelta(seconds=60)

# What shows an earlier one is no clock: Intercom is younger.
FIRST_YEAR = 2011

logger = logging.getLogger("tap-intercom.clock")


def here() -> datetime:
    """Tell the time by this machine's clock."""
    return datetime.now(times.UTC)


class Clock:
    """The moment at which a run began, by all clocks that have told the time since."""

    def __init__(self) -> None:
        """Take this machine's clock for true, until Intercom has told the time."""
        self.started_at = here()
        self.earliest = self.started_at
        self._begun: float | None = None
        self._lock = threading.Lock()

    @property
    def passed(self) -> timedelta:
        """How much time has passed since the run began; none before Intercom has told the time."""
        begun = time.monotonic() if self._begun is None else self._begun
        return timedelta(seconds=time.monotonic() - begun)

    def begin(self, headers: Mapping[str, str]) -> datetime | None:
        """Take the time that the first answer tells for the start of the run, and give it."""
        self._begun = time.monotonic()
        told = _told(headers)
        if told:
            own = here()
            self.started_at = self.earliest = told
            self._hold_against(own, "this machine")
            if own - told > TOLERANCE:
                logger.info(
                    "It is %s by this machine's clock, and %s by Intercom's, which holds.",
                    times.text(own),
                    times.text(told),
                )
        return told

    def learn(self, headers: Mapping[str, str], sent_at: float) -> None:
        """Take in the time that an answer tells; it was asked for at a moment of a steady clock."""
        if self._begun is not None and (told := _told(headers)):
            began = told - timedelta(seconds=sent_at - self._begun)
            self._hold_against(began, "a later answer")

    def _hold_against(self, other: datetime, whose: str) -> None:
        """Go no further than another clock; say so the first time that one differs."""
        with self._lock:
            if self.earliest - other <= TOLERANCE:
                return
            is_first = self.earliest == self.started_at
            self.earliest = other
        if is_first:
            logger.warning(
                "Intercom's clock is ahead of that of %s by %s: the run began at %s by the one, at"
                " %s by the other. Bookmarks go no further than the earlier one; set the clock"
                " that is wrong.",
                whose,
                self.started_at - other,
                times.text(self.started_at),
                times.text(other),
            )


def _told(headers: Mapping[str, str]) -> datetime | None:
    with suppress(KeyError, TypeError, ValueError):
        told = times.http_date(headers["Date"])
        return told if told.year >= FIRST_YEAR else None
    return None
