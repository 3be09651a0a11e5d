"""What happens to rows that hang on a record? They are written, deleted and grown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .births import Birth
from .exchange import Refusal
from .hanging import CHILDREN, rows_on

if TYPE_CHECKING:
    from .hanging import Child
    from .holdings import Holdings
    from .records.dice import Dice

Json = dict[str, Any]

FIRST_BORN = 600_000_000_000


class Children:
    """Changes rows, and with them what their parents show."""

    def __init__(self, holdings: Holdings) -> None:
        self.holdings = holdings
        self._born = 0

    def put(self, name: str, given: Json) -> Json:
        """Write fields of a row as they are given; make it when it is not there."""
        child = CHILDREN[name]
        parent = self._parent(child, given)
        _check_writable(name)
        if given.get(child.key) is None:
            raise Refusal(400, "parameter_not_found", f"{child.key} is needed", field=child.key)
        fresh = {field: value for field, value in given.items() if field != child.owner}
        rows = rows_on(self.holdings, name, parent)
        old = [row for row in rows if str(row[child.key]) == str(given[child.key])]
        row = {**(old[0] if old else {}), **fresh}
        if old:
            rows = [row if one is old[0] else one for one in rows]
        self._keep(name, parent, rows if old else _joined(child, rows, row))
        return child.with_owner(parent, row)

    def _parent(self, child: Child, given: Json) -> str:
        parent = str(given.get(child.owner))
        if parent not in self.holdings.table(child.parent):
            message = f"{child.owner} must name one of the {child.parent}"
            raise Refusal(400, "parameter_not_found", message, field=child.owner)
        return parent

    def delete(self, name: str, identity: str) -> bool:
        """Delete the row at PARENT/ID; tell whether it was there."""
        _check_writable(name)
        child = CHILDREN[name]
        parent, _, key = identity.partition("/")
        if parent not in self.holdings.table(child.parent):
            return False
        rows = rows_on(self.holdings, name, parent)
        left = [row for row in rows if str(row[child.key]) != key]
        if len(left) < len(rows):
            self._keep(name, parent, left)
        return len(left) < len(rows)

    def parent_put(self, table: str, parent: str, given: Json) -> None:
        """Forget rows that are shown in a field that was just written."""
        for name, child in _hanging_on(table):
            if child.shown is not None and {*child.shown(parent, [])} & {*given}:
                self.holdings.forget(name, parent)

    def parent_gone(self, table: str, parent: str) -> None:
        """Forget the rows of a parent that is deleted."""
        for name, _ in _hanging_on(table):
            self.holdings.forget(name, parent)

    def parent_changed(self, table: str, parent: str, dice: Dice, at: int) -> None:
        """Let rows come with a change of their parent."""
        for name, child in _hanging_on(table):
            if child.often and dice.chance(child.often):
                self.grow(name, parent, dice, at)

    def grow(self, name: str, parent: str, dice: Dice, at: int) -> None:
        """Let a row be born."""
        child = CHILDREN[name]
        if child.born is None:
            return
        self._born += 1
        rows = rows_on(self.holdings, name, parent)
        record = self.holdings.table(child.parent).record(parent)
        identity = str(FIRST_BORN + self._born)
        row = child.born(Birth(self.holdings, parent, record, rows, identity, dice, at))
        if row is not None:
            self._keep(name, parent, _joined(child, rows, row))

    def _keep(self, name: str, parent: str, rows: list[Json]) -> None:
        """Keep rows, and let their parent show them."""
        self.holdings.keep(name, parent, rows)
        child = CHILDREN[name]
        if child.shown is not None:
            table = self.holdings.table(child.parent)
            table.put({**table.record(parent), **child.shown(parent, rows)})


def _hanging_on(table: str) -> list[tuple[str, Child]]:
    return [(name, child) for name, child in CHILDREN.items() if child.parent == table]


def _joined(child: Child, rows: list[Json], row: Json) -> list[Json]:
    return [*rows, row] if child.oldest_first else [row, *rows]


def _check_writable(name: str) -> None:
    if CHILDREN[name].derived:
        message = f"{name} are part of something else; write that"
        raise Refusal(400, "parameter_invalid", message)
