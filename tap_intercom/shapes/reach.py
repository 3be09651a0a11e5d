"""From when to when does a stream read in a run, and how far has it come?

A `Reach` is made from the settings, the bookmark and the start of the run, and handed to whatever
reads. A bookmark only moves as far as `settled`, and a STATE is true by that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tap_intercom.records import times

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Self

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)

# Nothing in Intercom is older than Intercom.
INTERCOM_BEGAN = datetime(2011, 1, 1, tzinfo=times.UTC)


@dataclass(frozen=True)
class Reach:
    """From when to when is read.

    `since` is None where everything is wanted from the beginning on. `end` is the moment after
    which the user wants nothing, if there is one. What is not `is_bounded` has no end at all, not
    even the start of the run: what changes meanwhile is wanted, too. A trial wants a record or two.
    `gap_from` is the bookmark, where it is older than what is wanted: it stays.
    """

    since: datetime | None
    end: datetime | None
    started_at: datetime
    lookback: timedelta
    is_bounded: bool = True
    is_trial: bool = False
    gap_from: datetime | None = None

    @property
    def until(self) -> datetime:
        """The moment up to which a run can be complete: its start, or `end`."""
        return min(filter(None, [self.end, self.started_at]))

    @property
    def settled(self) -> datetime:
        """The moment up to which Intercom's answers can be trusted to be complete.

        What was written shortly before a run may take minutes to show in a search.
        """
        return min(self.until, self.started_at - self.lookback)

    @property
    def is_to_come(self) -> bool:
        """Say whether nothing is wanted yet."""
        return self.since is not None and self.since > self.started_at

    def whole(self) -> Self:
        """Want everything, also what changes meanwhile."""
        return replace(self, since=None, end=None, is_bounded=False, gap_from=None)

    def wants(self, moment: datetime | None) -> bool:
        """Say whether what changed at a moment is wanted; both ends are, and what does not say."""
        return moment is None or (
            (self.since is None or moment >= self.since)
            and (self.end is None or moment <= self.end)
        )


@dataclass
class Ascent:
    """How far an ascending search has come, while what changed lately is still moving.

    Until `settled` all that the search will ever show is in place, so the newest of those moments
    has been reached, if they came in order. Later ones say nothing: a record that was changed after
    it was indexed comes at its old place with its new time.
    """

    settled: datetime
    reached: datetime | None
    in_order: bool = True
    is_over: bool = False

    def end(self, before: datetime) -> None:
        """Go no further: what changed from a moment on is not all there."""
        self.is_over = True
        self.reached = self.reached and min(self.reached, before)

    def add(self, moments: Iterable[datetime | None]) -> None:
        """Take in the moments of a page's records."""
        for moment in () if self.is_over else moments:
            if moment is None or moment > self.settled:
                continue
            if self.reached is not None and moment < self.reached:
                self.in_order = False
            else:
                self.reached = moment
