"""What came of each stream in a run?

How much was read and at what cost, and what is known to be missing. It is told at the end, also of
a run that failed or was stopped: a line a stream for people, and the same as JSON for machines.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_BEGUN, BEGUN, ENDED = "not begun", "begun", "ended"


class Shortfall(NamedTuple):
    """How many rows were read where Intercom says that there are more."""

    read: int
    said: int


@dataclass
class Account:
    """What came of one stream: its records, its calls, and what it had to leave."""

    records: int = 0
    calls: int = 0
    retries: int = 0
    # For a permit of the rate limit, or for its window to turn after a 429. Calls wait side by
    # side, so this may be longer than the run.
    waited_seconds: float = 0.0
    # By their ids: parents that were gone when their rows were asked for, or that cannot be asked
    # about; those of which Intercom gives the newest rows only; those with fewer rows than it says.
    skipped: list[str] = field(default_factory=list)
    capped: list[str] = field(default_factory=list)
    short: dict[str, Shortfall] = field(default_factory=dict)
    left_out: str | None = None
    progress: str = NOT_BEGUN
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def called(self, waited_seconds: float) -> None:
        """Note a call, and how long it waited for its permit. Calls are made on many threads."""
        with self._lock:
            self.calls += 1
            self.waited_seconds += waited_seconds

    def retried(self, waited_seconds: float) -> None:
        """Note that a call is made again, and how long the rate limit had it wait before."""
        with self._lock:
            self.retries += 1
            self.waited_seconds += waited_seconds

    def compare(self, name: str, read: int, said: Any) -> None:
        """Note it where Intercom says that there are more rows of something than it gave."""
        if type(said) is int and said > read:
            with self._lock:
                known = self.short.get(name, Shortfall(0, 0))
                self.short[name] = Shortfall(known.read + read, known.said + said)

    @property
    def incomplete(self) -> list[str]:
        """Say what is known to be missing, and why."""
        return list(self._missing())

    def _missing(self) -> Iterator[str]:
        if self.left_out:
            yield "left out"
        elif self.progress != ENDED:
            yield f"the run ended before it did ({self.progress})"
        if self.capped:
            yield f"{_counted(len(self.capped), 'parent')} with more rows than Intercom gives"
        if self.short:
            read, said = (sum(one[side] for one in dict(self.short).values()) for side in (0, 1))
            yield f"{read:,} read where Intercom counts {said:,}"

    def __str__(self) -> str:
        """Say it in a line."""
        parts = [f"{_counted(self.records, 'record')} in {_counted(self.calls, 'call')}"]
        if self.retries:
            parts.append(f"{self.retries:,} of them again")
        if self.waited_seconds >= 1:
            parts.append(f"waited {self.waited_seconds:,.0f} s for the rate limit")
        if self.skipped:
            parts.append(f"skipped {_counted(len(self.skipped), 'parent')}")
        parts += [f"incomplete: {missing}" for missing in self.incomplete]
        return "; ".join(parts)

    @property
    def summary(self) -> dict[str, Any]:
        """Say it as JSON."""
        return {
            "records": self.records,
            "calls": self.calls,
            "retries": self.retries,
            "waited_seconds": round(self.waited_seconds, 1),
            "skipped": self.skipped,
            "capped": self.capped,
            "short": {name: one._asdict() for name, one in dict(self.short).items()},
            "left_out": self.left_out,
            "progress": self.progress,
            "incomplete": self.incomplete,
        }


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
