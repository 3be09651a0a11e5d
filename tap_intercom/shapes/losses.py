"""What becomes of parents whose rows could not be read?

The others' rows come, in order. Such a parent is named with the reason, kept in the stream's
bookmark, and asked again first in the next run, once a run, until it is read or gone: so the
bookmark may pass it. When many fail in the same way, one after the other, it is not the parents:
the stream ends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_intercom.api.errors import NO_PERMISSION, NO_PLAN, IntercomError, NotAvailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_intercom.api.bodies import Record
    from tap_intercom.shapes.shape import Page, Shape

# So many failures that are the same, with none between that worked, are no accident.
IN_A_ROW = 20

# So many parents are kept in a bookmark; it stays before the first that is not.
MOST_KEPT = 1_000


@dataclass(frozen=True)
class Loss:
    """A parent whose rows could not be read: what is needed to ask again, and why."""

    parent: Record
    error: IntercomError

    @property
    def name(self) -> str:
        """The parent's id."""
        return str(self.parent.get("id"))

    @property
    def kind(self) -> tuple[int | None, frozenset[str], str]:
        """What makes two losses the same."""
        failure = self.error.failure
        if failure is None:
            return None, frozenset(), self.error.problem
        return failure.status, frozenset(failure.codes), failure.kind


class Losses:
    """The parents of one stream that failed, in the order in which they are handed out."""

    def __init__(self, stream: Shape) -> None:
        """Begin with those that runs before have kept."""
        self._stream = stream
        self._kept: dict[str, Record] = {
            str(parent.get("id")): parent for parent in stream.remembered
        }
        self._again = list(self._kept.values())
        self._in_a_row = 0
        self._last: Loss | None = None
        self._any_worked = False
        self._is_full = False

    def again(self) -> Iterator[Record]:
        """Yield the parents that are to be asked again, unless there is no use in it."""
        for parent in self._again:
            if self._in_a_row >= IN_A_ROW:
                return
            yield parent

    def noted(self, page: Page) -> Page:
        """Note what became of the parents of a page, and give the page as it may be handed out.

        Raises:
            NotAvailable, IntercomError: Too many have failed in a row.
        """
        for name in page.answered:
            self._in_a_row, self._any_worked = 0, True
            self._kept.pop(name, None)
        for loss in page.losses:
            self._lose(loss)
            if self._in_a_row >= IN_A_ROW and not page.is_again:
                raise self._hopeless(loss)
        if page.answered or page.losses:
            self._stream.remember(list(self._kept.values()))
        return replace(page, up_to=None) if self._is_full else page

    def end(self) -> None:
        """See whether what failed is the parents' fault, once all have been asked.

        Raises:
            NotAvailable: None may be read.
        """
        is_refused = self._last is not None and self._last.error.why in {NO_PERMISSION, NO_PLAN}
        if self._last is not None and is_refused and not self._any_worked:
            raise self._hopeless(self._last)

    def _lose(self, loss: Loss) -> None:
        is_same = self._last is not None and loss.kind == self._last.kind
        self._in_a_row = self._in_a_row + 1 if is_same else 1
        self._last = loss
        self._stream.account.lost[loss.name] = loss.error.problem
        if loss.name in self._kept:
            return
        if len(self._kept) < MOST_KEPT:
            self._kept[loss.name] = loss.parent
        else:
            self._is_full = True

    def _hopeless(self, loss: Loss) -> IntercomError:
        """Say that it is not the parents."""
        error, name = loss.error, self._stream.name
        if error.why in {NO_PERMISSION, NO_PLAN}:
            return NotAvailable(name, error.problem, error.failure, error.why)
        of = self._stream.of
        parents = of.name.replace("_", " ") if of else "parents"
        return IntercomError(
            name, f"{IN_A_ROW} {parents} in a row failed alike: {error.problem}", error.failure
        )
