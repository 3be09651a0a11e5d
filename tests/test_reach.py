"""From when to when is read, to the microsecond, and of what it does not count."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from intercom import DAY, STARTED, moment, quick

from tap_intercom.records import times
from tap_intercom.shapes.exports import Export
from tap_intercom.shapes.reach import Ascent, Reach
from tap_intercom.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_intercom.tap import TapIntercom

MICRO = timedelta(microseconds=1)
NOW = times.parse(STARTED)
SINCE, END = NOW - timedelta(days=9), NOW - timedelta(days=3)
LOOKBACK = timedelta(seconds=600)
REACH = Reach(SINCE, END, NOW, LOOKBACK)


@pytest.fixture
def make_tap(make_tap: Callable[..., TapIntercom]) -> Callable[..., TapIntercom]:  # noqa: ARG001
    return quick  # it is quick, and the one that it takes the place of keeps the signals


@pytest.mark.parametrize(
    ("moment", "wanted"),
    [
        (SINCE - MICRO, False),
        (SINCE, True),
        (SINCE + MICRO, True),
        (END - MICRO, True),
        (END, True),
        (END + MICRO, False),
        (None, True),
    ],
    ids=str,
)
def test_both_ends_are_wanted_and_nothing_beyond(moment: Any, *, wanted: bool) -> None:
    assert REACH.wants(moment) is wanted


def test_without_an_end_whatever_is_later_is_wanted() -> None:
    assert replace(REACH, end=None).wants(NOW + timedelta(days=1))
    assert not replace(REACH, end=None).wants(SINCE - MICRO)


def test_without_a_beginning_whatever_is_earlier_is_wanted() -> None:
    assert replace(REACH, since=None).wants(times.EPOCH)
    assert not replace(REACH, since=None).wants(END + MICRO)


def test_a_run_is_complete_up_to_its_start_or_to_the_end_that_is_wanted() -> None:
    assert REACH.until == END
    assert replace(REACH, end=None).until == NOW
    assert replace(REACH, end=NOW + MICRO).until == NOW


def test_what_is_younger_than_the_lookback_is_not_settled() -> None:
    assert REACH.settled == END
    assert replace(REACH, end=None).settled == NOW - LOOKBACK
    assert replace(REACH, end=NOW - MICRO).settled == NOW - LOOKBACK
    assert replace(REACH, end=NOW - LOOKBACK - MICRO).settled == NOW - LOOKBACK - MICRO


def test_only_what_begins_after_the_run_is_yet_to_come() -> None:
    assert not REACH.is_to_come
    assert not replace(REACH, since=None).is_to_come
    assert not replace(REACH, since=NOW).is_to_come
    assert replace(REACH, since=NOW + MICRO).is_to_come


def test_the_whole_has_no_end_but_is_of_the_same_run() -> None:
    whole = replace(REACH, is_trial=True, gap_from=SINCE).whole()
    assert (whole.since, whole.end, whole.gap_from, whole.is_bounded) == (None, None, None, False)
    assert (whole.started_at, whole.lookback, whole.is_trial) == (NOW, LOOKBACK, True)
    assert all(map(whole.wants, [times.EPOCH, SINCE - MICRO, END + MICRO, NOW + LOOKBACK]))


# What a stream makes of settings and bookmark

BOUNDS = {"start_date": "2026-05-01T00:00:00Z", "end_date": "2026-05-20T00:00:00Z"}


def test_start_and_end_date_are_for_what_has_a_bookmark(
    make_tap: Callable[..., TapIntercom],
) -> None:
    tap = make_tap(**BOUNDS)
    start, end = map(times.parse, BOUNDS.values())
    for stream in STREAMS:
        reach = tap.streams[stream.name].reach()
        # An export has an end, also where it is read whole.
        last = end if issubclass(stream, Export) else None
        bounds: tuple[Any, ...] = (None, last, False)
        if stream.replication_key:
            bounds = (start, end, True)
        assert (reach.since, reach.end, reach.is_bounded) == bounds, stream.name


@pytest.mark.parametrize(
    ("start", "bookmark", "since"),
    [
        (None, None, None),
        (9, None, 9),
        (None, 5, 5),
        (9, 5, 5),  # days ago: the later of them
        (5, 9, 5),
    ],
)
def test_it_is_read_since_the_bookmark_but_never_before_the_start_date(
    make_tap: Callable[..., TapIntercom],
    start: int | None,
    bookmark: int | None,
    since: int | None,
) -> None:
    def ago(days: int | None) -> Any:
        return None if days is None else times.canonical(STARTED - days * DAY)

    tap = make_tap(start_date=ago(start))
    if bookmark is not None:
        tap.load_state({"bookmarks": {"contacts": {"replication_key_value": ago(bookmark)}}})
    reach = tap.streams["contacts"].reach()
    assert reach.since == moment(None if since is None else STARTED - since * DAY)
    first = tap.streams["contacts"].reach(is_first=True)
    assert first.since == moment(None if start is None else STARTED - start * DAY)


def test_what_the_catalog_has_read_whole_has_no_bounds(
    make_tap: Callable[..., TapIntercom],
) -> None:
    stream = make_tap(**BOUNDS).streams["contacts"]
    stream.forced_replication_method = "FULL_TABLE"
    assert stream.reach() == stream.reach().whole()


@pytest.mark.parametrize("name", ["content_export_open", "report_call"])
def test_an_export_that_is_read_whole_has_an_end_all_the_same(
    make_tap: Callable[..., TapIntercom], name: str
) -> None:
    stream = make_tap(**BOUNDS).streams[name]
    stream.forced_replication_method = "FULL_TABLE"
    reach = stream.reach()
    assert (reach.since, reach.end) == (None, times.parse(BOUNDS["end_date"]))


def test_the_lookback_is_the_one_that_is_set(make_tap: Callable[..., TapIntercom]) -> None:
    tap = make_tap(lookback_seconds=77)
    reach = tap.streams["contacts"].reach()
    assert reach.lookback == timedelta(seconds=77)
    assert reach.started_at == tap.run.started_at
    assert not reach.is_trial
    assert reach.is_bounded


# How far an ascending search has come


def ascended(*moments: Any, reached: Any = None) -> Ascent:
    ascent = Ascent(END, reached)
    ascent.add(moments)
    return ascent


def test_an_ascent_reaches_its_newest_settled_moment() -> None:
    assert ascended() == Ascent(END, None, in_order=True)
    assert ascended(SINCE, SINCE, None, SINCE + MICRO) == Ascent(END, SINCE + MICRO)
    assert ascended(SINCE, END) == Ascent(END, END)
    assert ascended(SINCE, END + MICRO, SINCE + MICRO) == Ascent(END, SINCE + MICRO)


def test_an_ascent_that_goes_down_is_none_from_then_on() -> None:
    assert ascended(SINCE + MICRO, SINCE) == Ascent(END, SINCE + MICRO, in_order=False)
    assert ascended(END, SINCE, END) == Ascent(END, END, in_order=False)
    assert ascended(SINCE - MICRO, reached=SINCE) == Ascent(END, SINCE, in_order=False)
