"""May I send one now?

Intercom counts an app's calls in windows of ten seconds and says on each answer how many the
window holds (`X-RateLimit-Limit`), how many are left (`X-RateLimit-Remaining`) and when it turns
(`X-RateLimit-Reset`, in seconds of the server's clock). Whoever sends takes a permit first; when
none is left, it waits for the window to turn. So the tap draws no 429 by itself, and leaves the
share that the user keeps for their other apps. What those spend shows in the next answer.

Permits are given out evenly over what is left of the window, but for a few that may go at once: a
run of few calls need not wait, and a long one does not take the whole window from everybody else.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_intercom.api.transfer import BoundedAdapter
from tap_intercom.records import times

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

# https://developers.intercom.com/docs/references/rest-api/errors/rate-limiting
WINDOW_SECONDS = 10.0

# No limit is higher; a share of a number without end could not be reckoned.
MOST_CALLS = 10**9

# So many calls may go at once that an even pace would send later: some, or so much of the limit.
BURST_CALLS = 32
BURST_SHARE = 0.1

# A wait that a person would notice is worth a line in the log.
WORTH_TELLING_SECONDS = 5.0

logger = logging.getLogger("tap-intercom.pacing")


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
        self._left: float = math.inf  # the fewest that an answer of this window said were left
        self._spent = 0  # by us, in this window
        self._turns_at = 0.0
        self._reset = 0
        self._in_flight = 0
        self._due = -math.inf  # when the next call would go, at an even pace
        self._turn = threading.Lock()

    def take(self) -> float:
        """Wait until one more call may be sent, and tell for how many seconds."""
        began, told = self._clock(), False
        with self._turn:  # one waits for the moment, the others for their turn
            while (wait := self._try()) > 0:
                if wait > WORTH_TELLING_SECONDS and not told:
                    told = True
                    logger.info("The rate limit is spent; going on in %.0f seconds", wait)
                self._sleep(wait)
        return self._clock() - began

    def _try(self) -> float:
        """Take a permit and return 0, or return the seconds until there may be one."""
        with self._lock:
            now = self._clock()
            if now >= self._turns_at:
                self._begin_window(self._limit, now + WINDOW_SECONDS)
            # Calls on their way may or may not have been counted in what is left.
            own = max(1, self._limit * self._share)
            permits = min(own - self._spent, self._left - self._in_flight)
            if permits < 1:
                return self._turns_at - now
            if permits < math.inf:
                pace = (self._turns_at - now) / permits
                burst = max(BURST_CALLS, BURST_SHARE * own)
                self._due = max(self._due, now - burst * pace)
                if self._due > now:
                    return self._due - now
                self._due += pace
            self._in_flight += 1
            self._spent += 1
            return 0.0

    def _begin_window(self, left: float, turns_at: float) -> None:
        self._left, self._turns_at = left, turns_at
        self._spent = self._in_flight  # they may be counted in the new window

    def give_back(self) -> None:
        """Note that a call has ended without an answer; it may have been counted."""
        with self._lock:
            self._in_flight -= 1
            self._left -= 1

    def learn(self, headers: Mapping[str, str]) -> None:
        """Note that a call was answered, and what the answer says of the window."""
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
            if reset < self._reset:
                return  # a late answer, of a window that is over
            # Never too early: `Date` has been rounded down, and the answer took its time to arrive.
            turns_at = self._clock() + seconds
            if reset > self._reset:
                self._reset = reset
                self._begin_window(remaining, turns_at)
                self._spent += 1  # the call that was answered
            self._limit = max(1, limit)  # no limit at all would leave no permit for ever
            self._left = min(self._left, remaining)
            self._turns_at = min(self._turns_at, turns_at)


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
            self.waited.seconds += self._rate_limit.take()
            try:
                response = super().send(*args, **kwargs)
            except BaseException:
                self._rate_limit.give_back()
                raise
            self._rate_limit.learn(response.headers)
            return response
