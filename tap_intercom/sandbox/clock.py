"""What time is it in the sandbox? A fixed start, the real seconds since then, and every jump."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Clock:
    """Starts at a given instant, ticks with the real world, and jumps when told."""

    start: int
    ticks: Callable[[], float] = time.monotonic
    jumped: int = 0
    began: float = field(init=False)
    _second: int = field(init=False, default=-1)
    _date: bytes = field(init=False, default=b"")

    def __post_init__(self) -> None:
        """Remember when the ticking began."""
        self.began = self.ticks()

    def now(self) -> float:
        """Unix seconds in the sandbox."""
        return self.start + self.jumped + self.ticks() - self.began

    def jump(self, seconds: int) -> None:
        """Let this much time have passed."""
        self.jumped += seconds

    def date(self) -> bytes:
        """The Date header."""
        second = int(self.now())
        if second != self._second:
            self._second = second
            self._date = formatdate(second, usegmt=True).encode()
        return self._date
