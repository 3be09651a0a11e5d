"""May this token call once more? Windows of ten seconds, a sixth of the calls a minute in each.

What headers say of a window is its truth, or as `live` ones have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .exchange import Refusal

if TYPE_CHECKING:
    from .exchange import Header


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of one window."""

    limit: int
    remaining: int
    reset: int

    def live(self, spent: int) -> Allowance:
        """Say it as was seen live: `Reset` late, and of four calls three not counted yet.

        The seconds are another number from 2 to 6 for each call of a window.
        """
        uncounted = int(self.remaining >= 0 and spent % 4 > 0)
        late = 2 + 7 * spent % 5
        return Allowance(self.limit, self.remaining + uncounted, self.reset + late)

    def headers(self) -> tuple[Header, ...]:
        """The three headers that come with every authenticated answer."""
        return (
            (b"x-ratelimit-limit", b"%d" % self.limit),
            (b"x-ratelimit-remaining", b"%d" % max(self.remaining, 0)),
            (b"x-ratelimit-reset", b"%d" % self.reset),
        )


class RateLimit:
    """Counts calls per token in windows of the sandbox's clock."""

    def __init__(self, per_minute: int, window: int = 10, *, live: bool = False) -> None:
        self.per_minute = per_minute
        self.live = live
        self.window = window
        self._spent: dict[str, tuple[int, int]] = {}

    def take(self, token: str, now: float, per_minute: int | None = None) -> Allowance:
        """Spend one call; the allowance is overdrawn when nothing is left."""
        limit = max(-(-(per_minute or self.per_minute) * self.window // 60), 1)
        window = int(now // self.window)
        last, spent = self._spent.get(token, (window, 0))
        spent = spent + 1 if last == window else 1
        self._spent[token] = (window, spent)
        allowance = Allowance(limit, limit - spent, (window + 1) * self.window)
        return allowance.live(spent) if self.live else allowance


def exceeded(limit: int, window: int = 10) -> Refusal:
    """Build the refusal of a call too many."""
    message = f"Exceeded rate limit of {limit} in {window}_seconds"
    return Refusal(429, "rate_limit_exceeded", message)
