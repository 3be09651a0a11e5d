"""Who is scrolling? One scroll per workspace, gone when it has been idle for a minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from .exchange import Refusal
from .records.dice import mixed

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 100


@dataclass
class Scroll:
    """An open scroll: what is left of the snapshot taken when it was opened."""

    name: str
    ids: list[str]
    used: float


class Scrolls:
    """The one scroll a workspace may have open."""

    def __init__(self, expiry: float) -> None:
        self.expiry = expiry
        self.opened = 0
        self._open: Scroll | None = None

    def drop(self) -> None:
        """Lose the scroll, so that only a new one can be begun."""
        self._open = None

    def turn(
        self, name: str | None, ids: Callable[[], list[str]], now: float
    ) -> tuple[str, list[str]]:
        """Hand out the next ids of a scroll, or the first of a new one."""
        if self._open is not None and now - self._open.used > self.expiry:
            self.drop()
        scroll = self._begin(ids, now) if name is None else self._found(name)
        scroll.used = now
        page, scroll.ids = scroll.ids[:ROWS], scroll.ids[ROWS:]
        if not page:
            self.drop()
        return scroll.name, page

    def _begin(self, ids: Callable[[], list[str]], now: float) -> Scroll:
        if self._open is not None:
            raise exists()
        self.opened += 1
        digits = mixed(self.opened, 5) << 64 | mixed(self.opened, 6)
        self._open = Scroll(str(UUID(int=digits, version=4)), ids(), now)
        return self._open

    def _found(self, name: str) -> Scroll:
        if self._open is None or self._open.name != name:
            raise expired()
        return self._open


def exists(status: int = 400) -> Refusal:
    """Build the refusal of a second scroll."""
    return Refusal(status, "scroll_exists", "scroll already exists for this workspace")


def expired() -> Refusal:
    """Build the refusal of a scroll that is not, or no longer, open."""
    return Refusal(404, "not_found", "scroll parameter not found")
