"""Any time that Intercom writes is read, and written in the one form."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from comparing import says_the_same
from hypothesis import example, given
from hypothesis import strategies as st

from tap_intercom.records import times
from tap_intercom.records.times import UTC

INSTANT = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
INSTANTS = st.datetimes(
    min_value=datetime(1, 1, 3),  # noqa: DTZ001  hypothesis adds the zone
    max_value=datetime(9999, 12, 29),  # noqa: DTZ001
    timezones=st.just(UTC),
)
OFFSETS = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(
    lambda offset: timezone(timedelta(minutes=offset // timedelta(minutes=1)))
)


def named(value: Any) -> str:
    """Name a case, the very long ones by their length."""
    written = repr(value) if not isinstance(value, int) or abs(value) < 10**20 else hex(value)
    return written if len(written) < 40 else f"{written[:8]}... {len(written)} characters"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1780315200, "2026-06-01T12:00:00+00:00"),
        (1780315200.0, "2026-06-01T12:00:00+00:00"),
        (1780315200.25, "2026-06-01T12:00:00.250000+00:00"),
        (1780315200123, "2026-06-01T12:00:00.123000+00:00"),
        (1780315200123456, "2026-06-01T12:00:00.123456+00:00"),
        ("1780315200", "2026-06-01T12:00:00+00:00"),
        ("1780315200.5", "2026-06-01T12:00:00.500000+00:00"),
        ("1780315200123", "2026-06-01T12:00:00.123000+00:00"),
        (" 1780315200 ", "2026-06-01T12:00:00+00:00"),
        (0, "1970-01-01T00:00:00+00:00"),
        ("0", "1970-01-01T00:00:00+00:00"),
        (-1, "1969-12-31T23:59:59+00:00"),
        (-86400000, "1967-04-07T00:00:00+00:00"),
        ("-1", "1969-12-31T23:59:59+00:00"),
        (10**10, "2286-11-20T17:46:40+00:00"),
        (10**11, "5138-11-16T09:46:40+00:00"),
        (253402214400, "9999-12-31T00:00:00+00:00"),
        (253402214400.0, "9999-12-31T00:00:00+00:00"),
        ("253402214400", "9999-12-31T00:00:00+00:00"),
        ("253402214400.0", "9999-12-31T00:00:00+00:00"),
        (253402300799, "9999-12-31T23:59:59+00:00"),
        (253402300799.5, "9999-12-31T23:59:59.500000+00:00"),
        (253402300800, "1978-01-11T21:31:40.800000+00:00"),
        ("253402300800", "1978-01-11T21:31:40.800000+00:00"),
        (253402214400000, "9999-12-31T00:00:00+00:00"),
        (253402300800000, "1978-01-11T21:31:40.800000+00:00"),
        (-62135596800, "0001-01-01T00:00:00+00:00"),
        ("-62135596800", "0001-01-01T00:00:00+00:00"),
        (-62135596801, "1968-01-12T20:06:43.199000+00:00"),
        (-315619200000, "1960-01-01T00:00:00+00:00"),
        (-62135596800000, "0001-01-01T00:00:00+00:00"),
        ("2026-06-01T12:00:00Z", "2026-06-01T12:00:00+00:00"),
        ("2026-06-01T12:00:00z", "2026-06-01T12:00:00+00:00"),
        ("2026-06-01T12:00:00+00:00", "2026-06-01T12:00:00+00:00"),
        ("2026-06-01T14:00:00+02:00", "2026-06-01T12:00:00+00:00"),
        ("2026-06-01T06:30:00-05:30", "2026-06-01T12:00:00+00:00"),
        ("2026-06-01T12:00:00.1Z", "2026-06-01T12:00:00.100000+00:00"),
        ("2026-06-01T12:00:00.123456789Z", "2026-06-01T12:00:00.123456+00:00"),
        ("2026-06-01T12:00:00.000Z", "2026-06-01T12:00:00+00:00"),
        ("2026-06-01T12:00:00", "2026-06-01T12:00:00+00:00"),
        ("2026-06-01 12:00:00 UTC", "2026-06-01T12:00:00+00:00"),
        ("2026-06-01 12:00:00.5 UTC", "2026-06-01T12:00:00.500000+00:00"),
        ("2026-06-01", "2026-06-01T00:00:00+00:00"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00"),
    ],
    ids=repr,
)
def test_any_form_becomes_the_canonical_one(value: Any, expected: str) -> None:
    assert times.canonical(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        "",
        " ",
        "never",
        "2026-13-01",
        "2026-06-31",
        "2026-06-01T25:00:00Z",
        "12 June 2026",
        "Z",
        "+",
        "1e9",
        "NaN",
        float("nan"),
        float("inf"),
        float("-inf"),
        10**18,
        -(10**18),
        10**400,
        "9" * 400,
        "9" * 5000,
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        [],
        {},
        [1780315200],
        b"1780315200",
    ],
    ids=named,
)
def test_what_is_not_a_time_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whichever: it is the promised type
        times.parse(value)


@given(
    st.one_of(
        st.text(),
        st.floats(),
        st.floats().map(str),
        st.integers(),
        st.integers().map(str),
        st.from_regex(r"[\d:.TZ+-]{1,30}"),
        st.from_regex(r"\A\s?[+-]?[0-9]{1,16}(\.[0-9]{1,8})?\s?\Z"),
        st.from_regex(
            r"\A20[0-9]{2}-[01][1-9]-[0-2][1-9][T ][01][0-9]:[0-5][0-9](:[0-5][0-9]"
            r"(\.[0-9]{1,9})?)?(Z|z| UTC|[+-][01][0-9]:?[0-5][0-9])?\Z"
        ),
    )
)
@example("0.0")
@example(" 1777896000.25\n")
@example("1777896000123456.7")
def test_anything_is_read_or_refused(value: Any) -> None:
    """And what is read is what the comparer of other tests reads, who was written by itself."""
    try:
        moment = times.parse(value)
    except ValueError:
        return
    assert moment.utcoffset() == timedelta(0)
    assert says_the_same(value, times.text(moment))


@given(INSTANTS)
def test_what_is_written_is_read_back(moment: datetime) -> None:
    assert times.parse(times.text(moment)) == moment


@given(INSTANTS, OFFSETS)
def test_the_offset_changes_nothing(moment: datetime, zone: timezone) -> None:
    assert times.text(moment.astimezone(zone)) == times.text(moment)
    assert times.canonical(moment.astimezone(zone).isoformat()) == times.text(moment)


@given(INSTANTS)
def test_the_canonical_form_is_its_own(moment: datetime) -> None:
    assert times.canonical(times.text(moment)) == times.text(moment)


@given(INSTANTS, INSTANTS)
def test_texts_sort_as_the_instants_do(one: datetime, other: datetime) -> None:
    assert (times.text(one) < times.text(other)) == (one < other)


@given(st.integers(0, 10**6 - 1), st.integers(0, 10**6 - 1))
def test_texts_of_one_second_sort_as_the_instants_do(one: int, other: int) -> None:
    first, second = (INSTANT + timedelta(microseconds=count) for count in (one, other))
    assert (times.text(first) < times.text(second)) == (one < other)


@given(st.integers(-62135596800, 253402300799))
def test_seconds_are_counted_back(seconds: int) -> None:
    assert times.epoch(times.parse(seconds)) == seconds


@given(st.integers(253402300800, 253402300799999) | st.integers(-62135596800000, -62135596801))
def test_milliseconds_lose_nothing(milliseconds: int) -> None:
    since_epoch = times.parse(milliseconds) - times.EPOCH
    assert since_epoch == timedelta(milliseconds=milliseconds)


@given(st.integers(253402300800000, 2 * 10**15))
def test_microseconds_lose_nothing(microseconds: int) -> None:
    assert times.parse(microseconds) - times.EPOCH == timedelta(microseconds=microseconds)


@pytest.mark.parametrize(("fraction", "second"), [("+00:00", 0), (".999999+00:00", 0)])
def test_filters_are_written_in_whole_seconds_downwards(fraction: str, second: int) -> None:
    assert times.epoch(times.parse(f"1970-01-01T00:00:00{fraction}")) == second
    assert times.epoch(times.parse(f"1969-12-31T23:59:59{fraction}")) == second - 1


def test_a_calendar_date_stays_what_it_is() -> None:
    assert times.canonical_date("2026-06-01") == "2026-06-01"


@pytest.mark.parametrize("value", ["2026-06-31", "2026-06-01T00:00:00Z", "", "today"])
def test_what_is_not_a_calendar_date_is_refused(value: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        times.canonical_date(value)


def test_the_date_of_an_answer_is_the_servers_clock() -> None:
    assert times.http_date("Mon, 01 Jun 2026 12:00:00 GMT") == INSTANT


@pytest.mark.parametrize("skew", [timedelta(0), timedelta(minutes=-7), timedelta(days=400)])
def test_the_reset_is_counted_by_the_servers_clock(skew: timedelta) -> None:
    server = INSTANT + skew
    headers = {
        "Date": server.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        "X-RateLimit-Reset": str(times.epoch(server) + 7),
    }
    assert times.seconds_to_reset(headers) == 7


def test_a_reset_that_is_over_is_now() -> None:
    headers = {"Date": "Mon, 01 Jun 2026 12:00:00 GMT", "X-RateLimit-Reset": "1780315199"}
    assert times.seconds_to_reset(headers) == 0


def test_hours_and_seconds_make_the_canonical_form() -> None:
    for second in (0, 1, 3_599, 3_600, 86_399, 1_780_315_200, times.SECONDS_BEFORE - 1):
        written = times.HOURS[second // 3_600] + times.SECONDS[second % 3_600]
        assert written == times.canonical(second)


def test_hours_are_not_kept_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times, "MOST_HOURS", 10)
    for hour in range(100):
        assert times.HOURS[hour] == times.canonical(hour * 3_600)[:14]
    assert len(times.HOURS) <= 10
