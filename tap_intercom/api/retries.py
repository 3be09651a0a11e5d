"""When is a request sent again?

After as long as the server asks for, else longer each time, and for as long as a `Patience` says.
"""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

import backoff

from tap_intercom.records import times

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from tap_intercom.api.errors import Failure

    Sent = TypeVar("Sent")

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 32.0
FEW_TRIES = 3

# What limits calls counts them by the second or the minute, and may ask for some of these. Who asks
# for more has another clock, or means harm, and is asked again after the longest wait of our own.
LONGEST_ASKED_SECONDS = 300.0


@dataclass(frozen=True)
class Patience:
    """How long a request that fails is sent again.

    While other calls work, so many times, and for so many seconds. While nothing comes from
    Intercom at all, for `outage_seconds`; with none, it is not asked whether other calls work.
    """

    tries: int = 10
    seconds: float = 120.0
    outage_seconds: float = 15 * 60.0

    @property
    def short(self) -> Patience:
        """As patient with an outage, but no more than a few tries with what fails alone."""
        return replace(self, tries=min(self.tries, FEW_TRIES))


PATIENT = Patience()
# For what a person waits for, and for what a run begins with.
BRIEF = Patience(tries=FEW_TRIES, outage_seconds=0.0)


class Passing(Exception):
    """A request that failed in a way that may pass."""

    def __init__(
        self, failure: Failure, number: int, advice: str = "", tries: int | None = None
    ) -> None:
        """Take the failure, how many there were, what a person should know, and how many may be."""
        super().__init__(f"{failure} {advice}".rstrip())
        self.failure = failure
        self.number = number
        self.tries = tries


def again(
    send: Callable[[], Sent],
    is_over: Callable[[Passing], bool],
    told: Callable[[Passing, float, int], None],
) -> Sent:
    """Send, and once more after each failure that may pass, until that is over.

    `told` is called before each wait with the failure, the seconds to wait, and the number of the
    try that follows.

    Raises:
        Passing: So it failed the last time, too.
    """
    return backoff.on_exception(
        _waits,
        Passing,
        giveup=cast("Callable[[Exception], bool]", is_over),
        on_backoff=lambda details: told(
            details["exception"], details["wait"], details["exception"].number + 1
        ),
        jitter=None,
        logger=None,
    )(send)()


def _waits() -> Generator[float, Any, None]:
    error = yield 0.0
    while True:
        error = yield wait_seconds(error.failure, error.number - 1)


def wait_seconds(failure: Failure, tries: int) -> float:
    """Say how long to wait before the next try: what the server asks for, else longer each time.

    Intercom documents no `Retry-After`; a proxy before it may send one.
    """
    exponential: float = (
        min(FIRST_WAIT_SECONDS * 2.0 ** min(tries, 9), LONGEST_WAIT_SECONDS) * _jitter()
    )
    with suppress(KeyError, ValueError):
        asked = times.seconds_to_retry(failure.headers)
        if asked > LONGEST_ASKED_SECONDS:
            return LONGEST_WAIT_SECONDS
        if asked > 0:
            return max(asked, FIRST_WAIT_SECONDS * _jitter())
    if failure.is_refused:
        try:
            reset = times.seconds_to_reset(failure.headers) + FIRST_WAIT_SECONDS * _jitter()
        except (KeyError, ValueError):
            return exponential
        return min(max(reset, exponential), LONGEST_WAIT_SECONDS)
    return exponential


def _jitter() -> float:
    """Spread out those that wait for the same thing."""
    return random.uniform(0.5, 1)  # noqa: S311
