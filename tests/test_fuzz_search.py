"""A search gives all that changed since, in whatever grain, zone and size of page, and no more."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_intercom.records import times
from tap_intercom.run import Run
from tap_intercom.shapes import search
from tap_intercom.streams.people import Contacts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_intercom.api.client import Rules
    from tap_intercom.api.paginators import Request
    from tap_intercom.shapes.reach import Reach
    from tap_intercom.tap import TapIntercom

DAY = 86_400
STARTED = 1_780_315_200  # noon, so that each zone has days that begin before and after
LOOKBACK = 600


@dataclass
class Intercom:
    """Searches records in memory: by second, or by day where there is a zone.

    What is asked of it moves its clock on, and may change a record, which the search then shows
    with its new content, but some answers long still at its old place.
    """

    records: dict[str, int]
    size: int
    zone: tzinfo | None = None
    miscounted: int = 0
    changes: deque[tuple[str, int] | None] = field(default_factory=deque)
    now: int = STARTED

    def __post_init__(self) -> None:
        self.places = dict(self.records)
        self.late: list[tuple[int, str]] = []

    def __call__(self, request: Request) -> Any:
        assert request.body is not None
        self._go_on()
        held = sorted(
            (second, name)
            for name, second in self.places.items()
            if self._holds(request.body["query"], second)
        )
        cursor = request.body.get("pagination", {}).get("starting_after")
        rest = [one for one in held if cursor is None or one > tuple(json.loads(cursor))]
        page = rest[: self.size]
        pages = {"next": {"starting_after": json.dumps(page[-1])}} if len(rest) > len(page) else {}
        rows = [{"id": name, "updated_at": self.records[name]} for _, name in page]
        return {"data": rows, "pages": pages, "total_count": len(held) + self.miscounted}

    def _go_on(self) -> None:
        change = self.changes.popleft() if self.changes else None
        if change is not None:
            name, lag = change
            self.records[name] = self.now
            self.late.append((lag, name))
        for _, name in (one for one in self.late if one[0] <= 0):
            self.places[name] = self.records[name]
        self.late = [(lag - 1, name) for lag, name in self.late if lag > 0]
        self.now += 1

    def settle(self) -> None:
        """Let time pass, until every record is in its place and nothing changes any more."""
        self.changes.clear()
        self.places, self.late = dict(self.records), []
        self.now += DAY

    def _holds(self, query: dict[str, Any], second: int) -> bool:
        if "field" not in query:
            every = all if query["operator"] == "AND" else any
            return every(self._holds(one, second) for one in query["value"])
        first, last = self._span(query["value"])
        return {">": second > last, "=": first <= second <= last, "<": second < first}[
            query["operator"]
        ]

    def _span(self, second: int) -> tuple[int, int]:
        if self.zone is None:
            return second, second
        day = datetime.fromtimestamp(second, self.zone).date()
        first, after = (
            datetime(one.year, one.month, one.day, tzinfo=self.zone).timestamp()
            for one in (day, day + timedelta(days=1))
        )
        return int(first), int(after) - 1


class Searched(Contacts):
    """The contacts, asked of an Intercom in memory."""

    name = "contacts"
    intercom: Intercom

    @property
    def largest_size(self) -> int:
        return self.intercom.size

    def fetch(self, request: Request, rules: Rules | None = None) -> Any:  # noqa: ARG002
        return self.intercom(request)

    def since(self, since: int | None, until: int | None = None) -> Reach:
        """Reach from one second to another."""
        return replace(self.reach(), since=moment(since), end=moment(until))


def searched(tap: TapIntercom, intercom: Intercom, at_once: int = 3) -> Searched:
    """Make the stream of a run that starts now."""
    run = Run({**tap.config, "api_version": "2.17" if intercom.zone is None else "2.16"})
    run.started_at = times.parse(intercom.now)
    Searched.intercom = intercom
    stream = Searched(tap, run)
    stream._config = {**stream.config, "max_concurrency": at_once}  # noqa: SLF001
    return stream


OFFSETS = st.integers(-12 * 4, 14 * 4).map(lambda one: timezone(timedelta(minutes=15 * one)))
PLACES = st.sampled_from(["America/Los_Angeles", "Australia/Lord_Howe", "Pacific/Kiritimati"])
ZONES = st.none() | OFFSETS | PLACES.map(ZoneInfo)
AGO = st.one_of(
    st.sampled_from([0, 1, LOOKBACK, LOOKBACK + 1, DAY // 2, DAY, DAY + 1, 2 * DAY, 30 * DAY]),
    st.integers(-10, 2 * LOOKBACK),
    st.integers(0, 3 * DAY),
    st.integers(-DAY, 90 * DAY),
)
MOMENTS = AGO.map(lambda ago: STARTED - ago)


@st.composite
def contacts(draw: st.DrawFn) -> dict[str, int]:
    """Make records, many of them of one second, whose ids say nothing of their order."""
    clusters = draw(st.lists(st.tuples(MOMENTS, st.integers(1, 9)), max_size=14))
    moments = [moment for moment, count in clusters for _ in range(count)]
    order = draw(st.randoms(use_true_random=False))
    names = [str(number) for number in range(len(moments))]
    order.shuffle(names)
    return dict(zip(names, moments, strict=True))


def moment(second: int | None) -> datetime | None:
    return None if second is None else times.parse(second)


@given(
    records=contacts(),
    size=st.integers(1, 10),
    zone=ZONES,
    miscounted=st.sampled_from([0, 0, 0, -5, 5, 1_000]),
    since=st.none() | MOMENTS,
    until=st.none() | MOMENTS,
)
def test_all_that_changed_comes_and_nothing_else(
    discovered: TapIntercom,
    records: dict[str, int],
    size: int,
    zone: tzinfo | None,
    miscounted: int,
    since: int | None,
    until: int | None,
) -> None:
    stream = searched(discovered, Intercom(records, size, zone, miscounted))
    reach = stream.since(since, until)
    last = STARTED if until is None else min(until, STARTED)
    expected = {
        name: second
        for name, second in records.items()
        if (since is None or second >= since) and second <= last
    }

    found: list[str] = []
    for page in stream.pages(reach):
        found += [record["id"] for record in page.records]
        if page.up_to is not None:  # what is handed out by then, is it all?
            reached = min(page.up_to, reach.settled)
            assert not [
                name
                for name, second in expected.items()
                if times.parse(second) < reached and name not in found
            ]
    assert set(found) == set(expected)
    # What changed lately may come again, as its place in a search is not to be trusted.
    settled = [name for name in found if times.parse(records[name]) <= reach.settled]
    assert len(settled) == len(set(settled))


CHANGES = st.lists(
    st.none() | st.tuples(st.integers(0, 60).map(str), st.integers(0, 4)), max_size=40
)


@given(records=contacts(), size=st.integers(1, 10), zone=ZONES, changes=CHANGES)
def test_what_changes_meanwhile_comes_with_the_next_run(
    discovered: TapIntercom,
    records: dict[str, int],
    size: int,
    zone: tzinfo | None,
    changes: list[tuple[str, int] | None],
) -> None:
    records = {name: min(second, STARTED) for name, second in records.items()}
    intercom = Intercom(records, size, zone, changes=deque(changes))
    found: set[tuple[str, int]] = set()
    bookmark: datetime | None = None
    for _ in range(2):
        stream = searched(discovered, intercom, at_once=1)
        reach = replace(stream.reach(), since=bookmark)
        reached = bookmark
        for page in stream.pages(reach):
            found |= {(record["id"], record["updated_at"]) for record in page.records}
            if page.up_to is not None:
                reached = max(filter(None, [reached, min(page.up_to, reach.settled)]))
        bookmark = reached
        intercom.settle()
    assert found >= set(intercom.records.items())


# Far enough apart to be read in parts, of which the first is the last to be read.
SPREAD = {str(number): STARTED - (60 - 2 * number) * DAY for number in range(30)}


def backwards(read: Any, first: Any, *_: Any, **__: Any) -> Iterator[Any]:
    """Give results in their order, though the last is read first, as may happen among many."""
    result, brought = read(first)
    later = [list(backwards(read, one)) for one in reversed(brought)]
    yield result
    for results in reversed(later):
        yield from results


@given(records=contacts(), size=st.integers(1, 10), zone=ZONES, changes=CHANGES)
@example(records=SPREAD, size=2, zone=None, changes=[*[None] * 5, ("2", 0)])
@example(records=SPREAD, size=2, zone=timezone.utc, changes=[*[None] * 5, ("2", 0)])
def test_parents_that_are_read_whole_are_all_there_though_they_change(
    discovered: TapIntercom,
    records: dict[str, int],
    size: int,
    zone: tzinfo | None,
    changes: list[tuple[str, int] | None],
) -> None:
    records = {name: min(second, STARTED) for name, second in records.items()}
    known = set(records)
    changes = [one and (one[0], 0) for one in changes if one is None or one[0] in known]
    intercom = Intercom(records, size, zone, changes=deque(changes))
    stream = searched(discovered, intercom)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(search, "ordered_growth", backwards)
        pages = stream.pages(stream.reach().whole())
        found = {record["id"] for page in pages for record in page.records}
    assert found == known
