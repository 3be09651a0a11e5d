"""What happens in a workspace between two calls, when people are at work in it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .exchange import Call, Reply
    from .failures import Proceed
    from .records.dice import Dice
    from .state import State
    from .workspace import Workspace

    Deed = Callable[[Workspace, str, Dice, int], object]

DICE = 15
FEW = 5
# At most so many seconds pass with a call, so that not everything happens in one.
LONGEST = 2


def restless(state: State, call: Call, proceed: Proceed) -> Reply:
    """Let a little time pass after every call, and two things happen: one to what is listed."""
    try:
        return proceed()
    finally:
        dice = state.holdings.world.dice(DICE, call.total)
        state.clock.jump(dice.below(LONGEST + 1))
        for deeds in (DEEDS, DEEDS_IN_LISTS):
            deed, table = deeds[call.total % len(deeds)]
            deed(state.workspace, table, dice, int(state.clock.now()))


def _changed(workspace: Workspace, table: str, dice: Dice, at: int) -> None:
    workspace.touch(table, dice.pick(list(workspace.holdings.table(table))), dice, at)


def _born(workspace: Workspace, table: str, _: Dice, at: int) -> None:
    workspace.bear(table, at)


def _gone(workspace: Workspace, table: str, dice: Dice, at: int) -> None:
    living = list(workspace.holdings.table(table))
    if len(living) > FEW:
        workspace.delete(table, dice.pick(living), at)


def _merged(workspace: Workspace, table: str, dice: Dice, at: int) -> None:
    living = list(workspace.holdings.table(table))
    target = workspace.target(living, dice)
    if len(living) > FEW and target is not None:
        living.remove(target)
        workspace.merge(dice.pick(living), target, dice, at)


DEEDS: tuple[tuple[Deed, str], ...] = (
    (_changed, "contacts"),
    (_changed, "conversations"),
    (_born, "contacts"),
    (_gone, "conversations"),
    (_changed, "tickets"),
    (_merged, "contacts"),
    (_born, "conversations"),
    (_changed, "companies"),
    (_gone, "contacts"),
    (_born, "tickets"),
    (_changed, "conversations"),
    (_gone, "companies"),
    (_born, "companies"),
    (_gone, "tickets"),
)

LISTED = (
    "articles",
    "calls",
    "collections",
    "news_items",
    "content_snippets",
    "dynamic_contents",
    "external_pages",
    "folders",
    "internal_articles",
    "macros",
    "newsfeeds",
    "audiences",
    "data_connectors",
)
DEEDS_IN_LISTS: tuple[tuple[Deed, str], ...] = tuple(
    (deed, table) for deed in (_changed, _gone, _born, _changed) for table in LISTED
)
