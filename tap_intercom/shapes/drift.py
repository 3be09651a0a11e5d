"""Did a list move while it was read?

Pages that are asked for by number shift when a record before them goes, or comes to the front: one
that was still to be read slides onto a page that was read before. So it is counted: a reading has
missed nothing if it brought as many records as there were when it began. Those that came later do
not count, nor those that do not say since when they are there, until a reading after it brings them
again. What cannot be counted is believed when two readings bring the same. Cursors keep their
place: nothing of that is for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_intercom.api.bodies import at
from tap_intercom.api.paginators import Request, next_request
from tap_intercom.records import times
from tap_intercom.run import FRESH_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tap_intercom.api.bodies import Body, Record
    from tap_intercom.shapes.shape import Shape

    Fetch = Callable[[Request], Body]
    Walk = Callable[[Request, Fetch], Iterator[Body]]

# So often a list is read until nothing can be missing.
READINGS = 5
RESTLESS = f"each of the {READINGS} times that it was read, so something may be missing"

# A first page may have been asked for beforehand, and clocks are compared by whole seconds.
MARGIN = timedelta(seconds=FRESH_SECONDS + 1)


@dataclass
class Reading:
    """What one reading has brought so far.

    `began` is a moment before which everything was made that was there when it began. `counts` are
    what Intercom says of how many there are, page by page. `maybe_new` of the different `records`
    came with a later page than the first, and may have been made since; `has_others` if one of them
    was not among the `before` of the reading before.
    """

    number: int
    began: datetime
    before: int = 0
    is_numbered: bool = False
    ended_early: bool = False
    counts: list[int | None] = field(default_factory=list)
    records: int = 0
    maybe_new: int = 0
    has_others: bool = False

    @property
    def is_same(self) -> bool:
        """Say whether it brought what the one before brought, and nothing else."""
        return self.number > 1 and not self.has_others and self.records == self.before

    @property
    def has_shrunk(self) -> bool:
        """Say whether something went while it was read, or may have, as it is not counted."""
        counted = [one for one in self.counts if one is not None]
        return len(counted) < len(self.counts) or counted != sorted(counted)


class Pages:
    """The pages of one list, read again if it moved, with what was not handed out before.

    `walk` yields the pages that `fetch` gives. With `back_to`, the list is newest first, and read
    no further than the page that has something older: there a record only slides onto an earlier
    page when one before it goes. After the last page, `is_whole` says whether nothing can be
    missing, `count` how many records were read, and `said` how many Intercom says there are, where
    that may be more.
    """

    def __init__(
        self,
        stream: Shape,
        request: Request,
        walk: Walk,
        fetch: Fetch,
        back_to: datetime | None = None,
    ) -> None:
        """Take whose list it is, how it is asked for, and how far it is read."""
        self.is_whole = False
        self.count = 0
        self.said: int | None = None
        self._stream = stream
        self._request = request
        self._walk = walk
        self._fetch = fetch
        self._back_to = back_to
        # By the hashes of records' keys, the number of the reading that brought them last.
        self._read: dict[int, int] = {}
        # Of these, those that may have been made since the first reading began.
        self._maybe_new = 0
        self._first = Reading(1, self._now())

    def __iter__(self) -> Iterator[list[Record]]:
        """Yield the records of each page."""
        reading = self._first
        yield from self._pages(reading, self._fetch)
        while not self._has_all(reading) and reading.number < READINGS:
            reading = Reading(reading.number + 1, self._now(), before=reading.records)
            yield from self._pages(reading, self._stream.ask)  # not what was asked beforehand

    def _pages(self, reading: Reading, fetch: Fetch) -> Iterator[list[Record]]:
        for body in self._walk(self._request, fetch):
            records = self._stream.dig(body)
            reading.counts.append(self._stream.said(body))
            if len(reading.counts) == 1:
                reading.is_numbered = is_numbered(self._request, body)
            is_enough = self._is_enough(records)  # before they are made to fit, in place
            if reading.is_numbered:
                yield [record for record in records if self._is_wanted(record, reading)]
            else:
                reading.records += len(records)
                yield records
            if is_enough:
                reading.ended_early = True
                return

    def _is_enough(self, records: list[Record]) -> bool:
        moments = (moment for one in records if (moment := self._stream.moment(one)))
        return self._back_to is not None and min(moments, default=self._back_to) < self._back_to

    def _is_wanted(self, record: Record, reading: Reading) -> bool:
        """Note a record; say whether it was not handed out before as it is now."""
        key = self._key(record)
        last = self._read.get(key)
        if last != reading.number:
            self._read[key] = reading.number
            reading.records += 1
            reading.has_others |= last != reading.number - 1
        if last is None:
            made = moment_at(self._stream.made_at, record)
            is_later = len(reading.counts) > 1
            reading.maybe_new += is_later and (made is None or made >= reading.began)
            is_later |= reading is not self._first
            self._maybe_new += is_later and (made is None or made >= self._first.began)
        if last is None or reading is self._first:
            return True
        changed = moment_at("updated_at", record)
        return changed is not None and changed >= self._first.began

    def _key(self, record: Record) -> int:
        """Name a record by its key, or by all that is in it if it has none."""
        names = type(self._stream).primary_keys
        key = [record[name] for name in names if name in record]
        return hash(repr(record if not key or None in key else key))

    def _has_all(self, reading: Reading) -> bool:
        """Say whether nothing can be missing that was there when a reading began."""
        self.count, self.said = reading.records, None
        # What one reading misses another may bring.
        together = len(self._read) - self._maybe_new
        if not reading.is_numbered:
            self.is_whole = True
            self.said = None if reading.ended_early else reading.counts[-1]
        elif reading.ended_early:
            self.is_whole = not reading.has_shrunk or reading.is_same
        elif (reading.records - reading.maybe_new) == reading.counts[0] or (
            together == self._first.counts[0]
        ):
            self.is_whole = True
        else:
            self.is_whole = reading.is_same
            self.said = reading.counts[-1]
        return self.is_whole

    def _now(self) -> datetime:
        return self._stream.run.now - MARGIN


def is_numbered(request: Request, body: Body) -> bool:
    """Say whether the page after a first one is asked for by its number."""
    following = next_request(request, body)
    if following is None or "starting_after" in following.params:
        return False
    return following.params.get("page") != request.params.get("page")


def moment_at(path: str, record: Record) -> datetime | None:
    """Read a moment in a record; None if it is not there."""
    return times.known(at(path, record)) if path else None
