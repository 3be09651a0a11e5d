"""What happens while time passes? To each table at its own pace, as the dice fall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .hanging import CHILDREN
from .records.dice import DAY, Dice

if TYPE_CHECKING:
    from .workspace import Workspace

# What is done at once after a jump was asked for must not lie before what a tap has just read.
QUIET = 600
FEW = 3


@dataclass(frozen=True)
class Pace:
    """How much of a table changes, is added and goes in a day."""

    table: str
    changed: float = 0.0
    born: float = 0.0
    gone: float = 0.0
    merged: float = 0.0


PACES = (
    Pace("contacts", changed=0.03, born=0.005, gone=0.001, merged=0.001),
    Pace("companies", changed=0.02, born=0.004, gone=0.001),
    Pace("conversations", changed=0.04, born=0.02, gone=0.004),
    Pace("tickets", changed=0.03, born=0.01, gone=0.001),
    Pace("articles", changed=0.03, born=0.01, gone=0.005),
    Pace("collections", changed=0.05),
    Pace("activity_logs", born=0.01),
    Pace("calls", changed=0.02, born=0.02),
    Pace("macros", changed=0.02, born=0.01, gone=0.005),
    Pace("internal_articles", changed=0.03, born=0.01, gone=0.005),
    Pace("news_items", changed=0.03, born=0.02),
    Pace("external_pages", changed=0.02, born=0.01),
    *(
        Pace(name, changed=0.03)
        for name in (
            "content_import_sources", "content_snippets", "audiences", "folders",
            "dynamic_contents", "data_connectors", "brands", "emails", "away_status_reasons",
            "conversation_attributes",
        )
    ),
)  # fmt: skip


def advance(workspace: Workspace, seconds: int) -> None:
    """Let time pass, and what happens in it."""
    clock = workspace.holdings.clock
    dice = Dice((workspace.holdings.world.seed << 120) ^ (clock.jumped << 60) ^ seconds)
    for pace in PACES:
        _Passage(workspace, pace, dice, seconds).pass_by()
    for name, child in CHILDREN.items():
        if child.daily:
            _Passage(workspace, Pace(child.parent), dice, seconds).have(name, child.daily)
    clock.jump(seconds)


class _Passage:
    """What happens to one table while some time passes."""

    def __init__(self, workspace: Workspace, pace: Pace, dice: Dice, seconds: int) -> None:
        self.workspace = workspace
        self.pace = pace
        self.dice = dice
        self.days = seconds / DAY
        self.first = workspace.holdings.today() + min(seconds // 2, QUIET)
        self.last = workspace.holdings.today() + seconds - 1
        self.table = workspace.holdings.table(pace.table)
        self.living = list(self.table)

    def pass_by(self) -> None:
        """Change, bear, merge and delete, in this order."""
        for at in self._times(self.pace.changed):
            identity = self.dice.pick(self.living)
            self.workspace.touch(self.pace.table, identity, self.dice, at)
        for at in self._times(self.pace.born):
            self.workspace.bear(self.pace.table, at, self.last)
        for at in self._times(self.pace.merged):
            target = self.workspace.target(self.living, self.dice)
            source = self._victim(target)
            if target is not None and source is not None:
                self.workspace.merge(source, target, self.dice, at)
        for at in self._times(self.pace.gone):
            victim = self._victim()
            if victim is not None:
                self.workspace.delete(self.pace.table, victim, at)

    def have(self, child: str, share: float) -> None:
        """Let rows be born that their parents do not tell of."""
        for at in self._times(share, fewest=0):
            self.workspace.children.grow(child, self.dice.pick(self.living), self.dice, at)

    def _times(self, share: float, fewest: int = FEW) -> list[int]:
        """Choose the times of what happens, in order; most of a table outlives any jump."""
        most = 0.2 if share in (self.pace.gone, self.pace.merged) else 3.0
        expected = min(share * self.days, most) * len(self.living)
        count = _occasions(self.dice, expected, surely=self.days >= 1)
        if len(self.living) <= fewest:
            return []
        return sorted(self.dice.between(self.first, self.last) for _ in range(count))

    def _victim(self, spared: str | None = None) -> str | None:
        """Take a living record out of the living; never the first, which is the longest."""
        position = 1 + self.dice.below(len(self.living) - 1)
        return None if self.living[position] == spared else self.living.pop(position)


def _occasions(dice: Dice, expected: float, *, surely: bool) -> int:
    """Turn an expected number into a whole one; a whole day brings at least one of each kind."""
    count = int(expected + dice.random())
    return max(count, 1) if surely and expected else count
