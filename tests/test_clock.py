"""Of several clocks the earliest holds, and one that differs is named once."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from answering import answer
from intercom import DATE, STARTED, Intercom, answered, quick
from requests import codes

from tap_intercom.api import clock as clock_module
from tap_intercom.api.clock import TOLERANCE, Clock
from tap_intercom.records import times

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

NOW = times.parse(STARTED)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def dated(moment: datetime) -> Mapping[str, str]:
    return {"Date": format_datetime(moment, usegmt=True)}


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A steady clock, that goes on when a test says so."""
    now = [1_000.0]
    monkeypatch.setattr("tap_intercom.api.clock.time.monotonic", lambda: now[0])
    return now


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """This machine's clock."""
    now = [NOW]
    monkeypatch.setattr(clock_module, "here", lambda: now[0])
    return now


@pytest.fixture
def clock(steady: list[float], here: list[datetime]) -> Clock:  # noqa: ARG001
    return Clock()


def test_intercoms_clock_is_taken_where_all_agree(
    clock: Clock, steady: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert clock.begin(dated(NOW)) == NOW
    for seconds in (0, 5, 3_600):
        clock.learn(dated(NOW + timedelta(seconds=seconds)), steady[0] + seconds)
    clock.learn(dated(NOW - TOLERANCE), steady[0])
    assert clock.started_at == clock.earliest == NOW
    assert caplog.text == ""


@pytest.mark.parametrize("off", [TOLERANCE + SECOND, DAY, 400 * DAY])
def test_one_that_is_ahead_of_this_machine_is_not_believed(
    clock: Clock, off: timedelta, caplog: pytest.LogCaptureFixture
) -> None:
    assert clock.begin(dated(NOW + off)) == NOW + off
    assert (clock.started_at, clock.earliest) == (NOW + off, NOW)
    assert f"ahead of that of this machine by {off}" in caplog.text


@pytest.mark.parametrize("off", [TOLERANCE + SECOND, DAY])
def test_this_machine_may_be_ahead(
    clock: Clock, off: timedelta, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    clock.begin(dated(NOW - off))
    assert clock.started_at == clock.earliest == NOW - off
    [said] = caplog.records
    assert (said.levelname, "Intercom's, which holds" in said.getMessage()) == ("INFO", True)


def test_the_first_answer_is_held_against_later_ones_less_the_time_that_passed(
    clock: Clock, steady: list[float], here: list[datetime], caplog: pytest.LogCaptureFixture
) -> None:
    here[0] = NOW + DAY
    clock.begin(dated(NOW + DAY))
    clock.learn(dated(NOW + timedelta(seconds=9)), steady[0] + 9)
    clock.learn(dated(NOW + timedelta(seconds=19)), steady[0] + 9)
    clock.learn(dated(NOW + 9 * DAY), steady[0] + 9)
    assert clock.earliest == NOW
    clock.learn(dated(NOW - DAY), steady[0])
    assert clock.earliest == NOW - DAY
    assert caplog.text.count("ahead of that of a later answer by 1 day, 0:00:00") == 1


def test_an_answer_that_was_long_on_its_way_is_no_other_clock(
    clock: Clock, steady: list[float]
) -> None:
    clock.begin(dated(NOW))
    sent = steady[0]
    steady[0] += 3_600
    clock.learn(dated(NOW), sent)
    assert clock.earliest == NOW


@pytest.mark.parametrize("headers", [{}, {"Date": ""}, {"Date": "soon"}])
def test_what_does_not_tell_the_time_says_nothing(
    clock: Clock, steady: list[float], headers: Mapping[str, str]
) -> None:
    assert clock.begin(headers) is None
    clock.learn(headers, steady[0])
    assert clock.started_at == clock.earliest == NOW
    clock.learn(dated(NOW - DAY), steady[0])
    assert clock.earliest == NOW - DAY


def test_before_the_run_begins_nothing_is_held_against_anything(
    clock: Clock, steady: list[float]
) -> None:
    clock.learn(dated(NOW - DAY), steady[0])
    assert clock.earliest == NOW


@pytest.mark.parametrize("date", ["Mon, 01 Jan 0001 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_what_shows_a_time_before_there_was_an_intercom_is_no_clock(
    clock: Clock, steady: list[float], date: str
) -> None:
    assert clock.begin({"Date": date}) is None
    clock.learn({"Date": date}, steady[0] + 9)
    assert clock.earliest == NOW


@pytest.mark.parametrize("status", [200, 422])
def test_only_an_answer_that_was_asked_for_tells_the_time(status: int) -> None:
    """What goes wrong may come from something before Intercom, which has a clock of its own."""
    tap = quick()
    earlier = dict(dated(NOW - DAY))
    intercom = Intercom().before(tap).put("/me", answered({}, DATE))
    intercom.put("/tags", answer(status, {"data": []}, earlier))
    tap.run.introduce()
    list(tap.streams["tags"].get_records())
    assert (tap.run.certain < tap.run.started_at) is (status == codes.ok)
