"""May I send one now?

Intercom counts an app's calls in windows of ten seconds and says on each answer how many the
window holds (`X-RateLimit-Limit`), how many are left (`X-RateLimit-Remaining`) and when it turns
(`X-RateLimit-Reset`, in seconds of the server's clock). Whoever sends takes a permit first; when
none is left, it waits for the window to turn. So the tap draws no 429 by itself, and leaves the
share that the user keeps for their other apps. What those spend shows in the next answer.

Permits are given out evenly over what is left of the window, but for a few that may go at once: a
run of few calls need not wait, and a long one does not take the whole window from everybody else.
Calls that flow evenly also show when the window has turned, as more are left then than before. From
that the next turn is reckoned, as `Reset` has been seen to come seconds after it.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import requests
from typing_extensions import override

from tap_intercom.api.transfer import BoundedAdapter
from tap_intercom.records import times

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# https://developers.intercom.com/docs/references/rest-api/errors/rate-limiting
WINDOW_SECONDS = 10.0

# Live, `Reset` lies 2 to 6 seconds after the window's end. Within a window it differs by less than
# this, and from one window to the next by more.
NEXT_RESET_SECONDS = 5

# No limit is higher; a share of a number without end could not be reckoned.
MOST_CALLS = 10**9

# So many calls may go at once that an even pace would send later: some, or so much of the limit.
BURST_CALLS = 32
BURST_SHARE = 0.1

# A wait that a person would notice is worth a line in the log.
WORTH_TELLING_SECONDS = 5.0

logger = logging.getLogger("tap-intercom.pacing")


class Permit(NamedTuple):
    """That a call may go: after how long a wait, when, in which window, and what was left by then.

    `fewest` is the least that answers of the window had said was left. They have come before the
    call is sent, so it is counted after theirs, and less is left unless the window has turned.
    """

    waited: float
    sent_at: float
    window: int
    fewest: float


class RateLimit:
    """The permits of the current window, shared by all threads of a run.

    `share` is the part of the limit that may be spent, above 0 and up to 1. `clock` counts
    seconds from any start and never goes back; `sleep` takes seconds.
    """

    def __init__(
        self,
        share: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Begin without knowing a limit: the first answer tells it."""
        self._share = share
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._limit: float = math.inf
        self._counts_late = False  # whether an answer may not count its own call
        self._in_flight = 0
        self._due = -math.inf  # when the next call would go, at an even pace
        self._turn = threading.Lock()
        # Of the window: its number, what is left of it, what we have spent, when it turns at the
        # latest, by when to have spent it, and whether an answer told of it, and of its beginning.
        self._window = 0
        self._left: float = math.inf
        self._spent = 0
        self._turns_at = 0.0
        self._spend_by = 0.0
        self._is_told = self._is_seen = False
        # The least that answers have said; of the window before, until one has come of this one.
        self._fewest = math.inf
        self._reset = math.inf

    def take(self) -> Permit:
        """Wait until one more call may be sent."""
        began, told = self._clock(), False
        with self._turn:  # one waits for the moment, the others for their turn
            while (wait := self._try()) > 0:
                if wait > WORTH_TELLING_SECONDS and not told:
                    told = True
                    logger.info("The rate limit is spent; going on in %.0f seconds", wait)
                self._sleep(wait)
            with self._lock:
                now = self._clock()
                return Permit(now - began, now, self._window, self._fewest)

    def _try(self) -> float:
        """Take a permit and return 0, or return the seconds until there may be one."""
        with self._lock:
            now = self._clock()
            if now >= self._turns_at:
                # Calls on their way may be counted in the new window.
                self._begin_window(self._limit, self._in_flight)
                self._turns_at = self._spend_by = now + WINDOW_SECONDS
            # Calls on their way may or may not have been counted in what is left.
            own = max(1, self._limit * self._share)
            permits = min(own - self._spent, self._left - self._in_flight)
            if permits < 1:
                return self._turns_at - now
            if permits < math.inf:
                pace = max(0.0, self._spend_by - now) / permits
                burst = max(BURST_CALLS, BURST_SHARE * own)
                self._due = max(self._due, now - burst * pace)
                if self._due > now:
                    return self._due - now
                self._due += pace
            self._in_flight += 1
            self._spent += 1
            return 0.0

    def _begin_window(self, left: float, spent: int) -> None:
        self._window += 1
        self._left, self._spent = left, spent
        self._is_told = self._is_seen = False

    def give_back(self) -> None:
        """Note that a call has ended without an answer; it may have been counted."""
        with self._lock:
            self._in_flight -= 1
            self._left -= 1

    def learn(
        self, permit: Permit, headers: Mapping[str, str], *, is_refused: bool = False
    ) -> None:
        """Note that a call was answered, or refused, and what is said of the window."""
        with self._lock:
            self._in_flight -= 1
            try:
                limit = min(int(headers["X-RateLimit-Limit"]), MOST_CALLS)
                remaining = int(headers["X-RateLimit-Remaining"])
                reset = int(headers["X-RateLimit-Reset"])
                seconds = min(times.seconds_to_reset(headers), WINDOW_SECONDS)
            except (KeyError, ValueError):
                self._left -= 1
                return
            # A last call that is let through may say that one is left.
            self._counts_late = self._counts_late or remaining >= limit or is_refused
            left = remaining - self._counts_late
            is_old = permit.window < self._window
            has_more = remaining > permit.fewest and not is_old
            if has_more or reset > self._reset + NEXT_RESET_SECONDS:
                self._has_turned(permit, left)
                self._fewest, self._reset = remaining, reset
            elif is_old:
                self._left -= 1  # sent before this window was known of, it may be counted in it
                return
            elif self._limit == math.inf:
                self._spent = self._in_flight + 1  # of what was sent before, nothing is known
            # Never too early: `Date` has been rounded down, and the answer took its time. But both
            # may have been, and what has passed has.
            rounded = 1.0 if self._is_seen or seconds == 0 else 0.0
            self._turns_at = min(self._turns_at, self._clock() + seconds + rounded)
            if not self._is_seen:
                self._spend_by = self._turns_at
            self._is_told = True
            self._limit = max(1, limit)  # no limit at all would leave no permit for ever
            self._left = min(self._left, left)
            self._fewest = min(self._fewest, remaining)
            self._reset = min(self._reset, reset)

    def _has_turned(self, permit: Permit, left: float) -> None:
        """Note that a call was counted in a later window than those that were answered before it.

        It turned before the answer came, and turns again ten seconds later. What is spent ten
        seconds after the call was sent is spent in time.
        """
        # Where nothing has told of this window yet, it is the one whose turn was waited for.
        spent = self._in_flight + 1 if self._is_told else self._spent
        self._begin_window(left, spent)
        self._is_seen = True
        now = self._clock()
        self._turns_at = now + WINDOW_SECONDS
        self._spend_by = max(permit.sent_at, now - WINDOW_SECONDS / 2) + WINDOW_SECONDS


class Waited(threading.local):
    """How many seconds each thread has waited for permits."""

    seconds: float = 0.0


class PacedAdapter(BoundedAdapter):
    """Sends each request of a session once there is a permit for it, and so many at once."""

    def __init__(self, rate_limit: RateLimit, at_once: int, **kwargs: Any) -> None:
        """Share `rate_limit` with whoever else spends it."""
        self._rate_limit = rate_limit
        self.waited = Waited()
        self._room = threading.BoundedSemaphore(at_once)
        super().__init__(pool_maxsize=at_once, **kwargs)

    @override
    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        with self._room:
            permit = self._rate_limit.take()
            self.waited.seconds += permit.waited
            try:
                response = super().send(*args, **kwargs)
            except BaseException:
                self._rate_limit.give_back()
                raise
            is_refused = response.status_code == requests.codes.too_many_requests
            self._rate_limit.learn(permit, response.headers, is_refused=is_refused)
            return response
