"""What becomes of parents whose rows could not be read?

The others' rows come, in order. Such a parent is named with the reason, kept in the stream's
bookmark, and asked about again first in the next run, once a run, until it is read or gone: so the
bookmark may pass it. One that fails in a way that may pass is put off, so that it holds up nothing,
and asked about with all patience while other streams are read. When many fail in the same way, one
after the other, it is not the parents: the stream ends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tap_intercom.api.errors import (
    NO_PERMISSION,
    NO_PLAN,
    IntercomError,
    NotAvailable,
    StillFailing,
)
from tap_intercom.shapes.shape import Page, Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_intercom.api.bodies import Record

# So many failures that are the same, with none between that worked, are no accident.
IN_A_ROW = 20

# So many parents are kept in a bookmark; it stays before the first that is not.
MOST_KEPT = 1_000


@dataclass(frozen=True)
class Loss:
    """A parent whose rows could not be read: what it takes to ask again, and why."""

    parent: Record
    error: IntercomError

    @property
    def name(self) -> str:
        """The parent's id."""
        return named(self.parent)

    @property
    def may_pass(self) -> bool:
        """Say whether it may be answered later."""
        return isinstance(self.error, StillFailing)

    @property
    def is_refusal(self) -> bool:
        """Say whether it is the permission or the plan."""
        return self.error.why in {NO_PERMISSION, NO_PLAN}

    def is_like(self, other: Loss) -> bool:
        """Say whether another parent failed in the same way."""
        one, two = self.error.failure, other.error.failure
        if one is None or two is None:
            return self.error.problem == other.error.problem
        return (one.kind, one.status, one.codes) == (two.kind, two.status, two.codes)


@dataclass(frozen=True)
class Portion(Page):
    """Parents to ask about, or their rows, with what became of whom.

    `answered` has the ids of those that were answered or are gone. A portion is of parents that are
    asked about again, or of those that are listed.
    """

    answered: Sequence[str] = ()
    losses: Sequence[Loss] = ()
    is_again: bool = False


def named(parent: Record) -> str:
    """Name a parent."""
    return str(parent.get("id"))


class Losses:
    """The parents of one stream that failed, in the order in which they are handed out.

    `changed` is the field that says when a parent changed, if its rows change with it.
    """

    def __init__(self, stream: Shape, changed: str | None) -> None:
        """Begin with those that runs before have kept."""
        self._stream = stream
        self._changed = changed
        self._kept = {named(parent): parent for parent in stream.remembered}
        # When those had changed that were asked about again; and whom to ask about at the end.
        self._again: dict[str, Any] = {}
        self._put_off: dict[str, Record] = {}
        self._is_full = False
        self._alike: list[Loss] = []
        self._any_worked = False

    @property
    def are_no_accident(self) -> bool:
        """Say whether it is not the parents."""
        return len(self._alike) >= IN_A_ROW

    @property
    def last(self) -> Loss:
        """The last one."""
        return self._alike[-1]

    def again(self) -> Iterator[Portion]:
        """Yield the parents that runs before have kept, unless there is no use in it."""
        for parent in list(self._kept.values()):
            if not self.are_no_accident:
                self._again[named(parent)] = self._moment(parent)
                yield Portion([parent], is_again=True)

    def others(self, portions: Iterable[Portion]) -> Iterator[Portion]:
        """Yield the parents that are listed, but for those that were asked about again just now."""
        self._alike, self._any_worked = [], False
        for one in portions:
            parents = [parent for parent in one.records if not self._is_done(parent)]
            yield replace(one, records=parents)

    def put_off(self) -> Iterator[Portion]:
        """Yield the listed parents that may be answered later; how many fail is counted anew."""
        self._alike = []
        for parent in self._put_off.values():
            yield Portion([parent], is_again=True)

    def _moment(self, parent: Record) -> Any:
        return self._changed and parent.get(self._changed)

    def _is_done(self, parent: Record) -> bool:
        """Say whether a parent has been asked about again, and would be in vain or for the same."""
        name = named(parent)
        if name not in self._again:
            return False
        if name in self._kept and self._changed:
            self._kept[name] = {**self._kept[name], self._changed: self._moment(parent)}
            self._remember()
        return name in self._kept or self._again[name] == self._moment(parent)

    def handed_out(self, portion: Portion) -> Iterator[Portion]:
        """Yield a portion, noting who failed before, and whose rows are out after it is."""
        yield self.noted(portion)
        self.settled(portion)

    def noted(self, portion: Portion) -> Portion:
        """Note who failed, before rows are handed out; give the portion as it may be."""
        if portion.answered:
            self._alike, self._any_worked = [], True
        for loss in portion.losses:
            is_alike = self._alike and loss.is_like(self.last)
            self._alike = [*self._alike, loss] if is_alike else [loss]
            self._stream.account.lost[loss.name] = loss.error.problem
            if loss.name in self._kept or len(self._kept) < MOST_KEPT:
                self._kept.setdefault(loss.name, loss.parent)
            else:
                self._is_full = True
            if loss.may_pass and not portion.is_again:
                self._put_off[loss.name] = loss.parent
        if portion.losses:
            self._remember()
        return replace(portion, up_to=None) if self._is_full else portion

    def settled(self, portion: Portion) -> None:
        """Note whose rows have been handed out."""
        for name in portion.answered:
            self._put_off.pop(name, None)
            self._stream.account.lost.pop(name, None)
            if self._kept.pop(name, None) is not None:
                self._remember()

    def _remember(self) -> None:
        self._stream.remember(list(self._kept.values()))

    def end(self) -> None:
        """See whether what failed is the parents' fault, once all have been asked about.

        Raises:
            NotAvailable: None may be read.
        """
        if self._alike and self.last.is_refusal and not self._any_worked:
            raise self.hopeless()

    def hopeless(self) -> IntercomError:
        """Say that it is not the parents."""
        error, name = self.last.error, self._stream.name
        if self.last.is_refusal:
            return NotAvailable(name, error.problem, error.failure, error.why)
        of = self._stream.of
        parents = of.name.replace("_", " ") if of else "parents"
        problem = f"{len(self._alike)} {parents} in a row failed alike: {error.problem}"
        return IntercomError(name, problem, error.failure)
