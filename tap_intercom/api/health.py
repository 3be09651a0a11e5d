"""Is it this call that fails, or is it everything?

Whatever Intercom answers by itself is a sign of life; what a load balancer says for it, a refusal
for the rate limit, and silence are none.
"""

from __future__ import annotations

import threading
import time

# How often, at the most, it is asked whether anything works where nobody else is asking.
SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_BETWEEN_LINES = 60.0


class Health:
    """When Intercom last gave a sign of life, in seconds of a steady clock."""

    def __init__(self) -> None:
        """Take the time that has passed so far for no silence."""
        self.has_lived = False
        self._alive_at = time.monotonic()
        self._looked_at = self._told_at = float("-inf")
        self._lock = threading.Lock()

    def is_alive(self) -> None:
        """Note a sign of life."""
        self.has_lived = True
        self._alive_at = time.monotonic()

    def has_lived_since(self, moment: float) -> bool:
        """Say whether there has been a sign of life since a moment."""
        return self._alive_at > moment

    @property
    def silent_seconds(self) -> float:
        """For how long there has been none."""
        return time.monotonic() - self._alive_at

    def may_look(self) -> bool:
        """Say, to one thread now and then, that it is time to look whether anything works."""
        with self._lock:
            is_due = time.monotonic() - self._looked_at >= SECONDS_BETWEEN_LOOKS
            self._looked_at = time.monotonic() if is_due else self._looked_at
            return is_due

    def may_tell(self) -> bool:
        """Say, to one thread a minute, that people should hear that there is no sign of life."""
        with self._lock:
            is_due = time.monotonic() - self._told_at >= SECONDS_BETWEEN_LINES
            self._told_at = time.monotonic() if is_due else self._told_at
            return is_due
