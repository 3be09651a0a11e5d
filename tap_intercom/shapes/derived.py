"""What need not be said of a stream, as it follows from its name or its parent?

A class attribute that is `derived` is what its rule makes of the class, unless a class below says
otherwise.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class _Derived:
    def __init__(self, rule: Callable[[Any], Any]) -> None:
        self.rule = rule

    def __get__(self, _: object, owner: type) -> Any:
        return self.rule(owner)


def derived(rule: Callable[[Any], Any]) -> Any:
    """Make a class attribute that is what a rule makes of the class."""
    return _Derived(rule)


def snake_case(name: str) -> str:
    """Write `TicketParts` as `ticket_parts`."""
    return WORD.sub("_", name).lower()


def singular(name: str) -> str:
    """Write `ticket_parts` as `ticket_part`, and `companies` as `company`."""
    if name.endswith("ies"):
        return name[:-3] + "y"
    return name.removesuffix("s")
