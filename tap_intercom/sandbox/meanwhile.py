"""What happens right after a certain answer? What somebody has asked for beforehand.

So something can be made to happen between two pages of anything, while they are being read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .exchange import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .workspace import Workspace

Json = dict[str, Any]


@dataclass
class Plan:
    """What is done after so many more answers on a path, one after the other.

    A deed names a `resource`, and either the record to `put` or the id of the one to `delete`.
    """

    path: str
    left: int
    deeds: Sequence[Json]


class Meanwhile:
    """All that is planned."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._plans: list[Plan] = []

    def plan(self, path: str, after: int, deeds: Sequence[Json]) -> None:
        """Plan deeds for after a number of answers on a path, counted from now on."""
        if type(after) is not int or after < 1 or not all(map(_is_deed, deeds)):
            message = "after must be 1 or more, and each deed name a resource, and put or delete"
            raise Refusal(400, "parameter_invalid", message)
        self._plans.append(Plan(path, after, deeds))

    def answered(self, path: str) -> None:
        """Do what is due, once a path has been answered."""
        due = []
        for plan in self._plans:
            plan.left -= plan.path == path
            if plan.left == 0:
                due.append(plan)
        self._plans = [plan for plan in self._plans if plan.left]
        for deed in (deed for plan in due for deed in plan.deeds):
            if "put" in deed:
                self._workspace.put(deed["resource"], deed["put"])
            else:
                self._workspace.delete(deed["resource"], deed["delete"])


def _is_deed(deed: object) -> bool:
    names = set(deed) if isinstance(deed, dict) else set()
    return names in ({"resource", "put"}, {"resource", "delete"})
