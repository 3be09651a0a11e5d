"""No call is sent that the rate limit has no room for, and none waits that has room."""

from __future__ import annotations

import heapq
import itertools
import math
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import requests
from anything import HEADERS
from hypothesis import example, given
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter

from tap_intercom.api.pacing import BURST_CALLS, BURST_SHARE, PacedAdapter, Permit, RateLimit
from tap_intercom.records import times

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW = 10
NOON = times.epoch(times.parse("2026-06-01T12:00:00Z"))


def headers(limit: int, remaining: int, reset: int, now: float | None = None) -> dict[str, str]:
    written = {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": str(reset),
    }
    if now is not None:
        written["Date"] = times.parse(math.floor(now)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    return written


class Clock:
    """Time that passes when it is slept away."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert 0 < seconds < math.inf
        self.now += seconds
        assert self.now < 1_000_000, "waits for ever"


@pytest.fixture
def clock() -> Clock:
    return Clock()


def paced(clock: Clock, share: float = 1.0) -> RateLimit:
    return RateLimit(share, clock, clock.sleep)


def spend(limit: RateLimit, calls: int, clock: Clock, until: float) -> int:
    """Take permits, without answers, and count those that came before a moment."""
    count = 0
    for _ in range(calls):
        limit.take()
        count += clock.now < until
    return count


# One window


def test_without_a_known_limit_nothing_waits(clock: Clock) -> None:
    limit = paced(clock)
    for _ in range(5000):
        limit.learn(limit.take(), {})
    assert clock.now == 0


@pytest.mark.parametrize("missing", ["Limit", "Remaining", "Reset"])
@pytest.mark.parametrize("odd", [None, "", "many", "1.5"])
def test_headers_that_say_nothing_are_passed_over(
    clock: Clock, missing: str, odd: str | None
) -> None:
    limit = paced(clock)
    told = headers(5, 0, NOON + 9, NOON)
    del told[f"X-RateLimit-{missing}"]
    if odd is not None:
        told[f"X-RateLimit-{missing}"] = odd
    limit.learn(limit.take(), told)
    limit.take()
    assert clock.now == 0


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Jun 2026 12:00:00 GMT"])
def test_an_odd_date_stops_nothing(clock: Clock, date: str) -> None:
    limit = paced(clock)
    limit.learn(limit.take(), {**headers(5, 3, NOON + 9), "Date": date})
    for _ in range(10):
        limit.take()
    assert clock.now <= 2 * WINDOW


@pytest.mark.parametrize("limit_told", [0, -1, -1_000_000])
@pytest.mark.parametrize("reset", [9, 10**9])
def test_a_limit_of_nothing_does_not_stop_a_run_for_ever(
    clock: Clock, limit_told: int, reset: int
) -> None:
    limit = paced(clock)
    for call in range(20):
        limit.learn(limit.take(), headers(limit_told, 0, NOON + reset + call, NOON))
        assert clock.now <= (call + 1) * WINDOW


def test_how_long_was_waited_is_told(clock: Clock) -> None:
    limit = paced(clock)
    permit = limit.take()
    assert permit.waited == 0
    limit.learn(permit, headers(2, 0, NOON + 4, NOON))
    assert limit.take().waited == 4


def test_b06_what_is_left_is_spent_and_then_the_window_is_waited_for(clock: Clock) -> None:
    """One call more would be refused."""
    limit = paced(clock)
    limit.learn(limit.take(), headers(10, 9, NOON + 4, NOON))
    assert spend(limit, 10, clock, until=4) == 9
    assert clock.now == 4


@pytest.mark.parametrize("skew", [-300, -61, -1, 1, 61, 300, 86400])
def test_the_clock_of_the_server_may_be_minutes_off(clock: Clock, skew: int) -> None:
    limit = paced(clock)
    limit.learn(limit.take(), headers(2, 0, NOON + skew + 4, NOON + skew))
    limit.take()
    assert clock.now == 4


@pytest.mark.parametrize("skew", [-300, 0, 300])
def test_without_a_date_no_wait_is_longer_than_a_window(
    clock: Clock, skew: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times.time, "time", lambda: float(NOON + skew))
    limit = paced(clock)
    limit.learn(limit.take(), headers(2, 0, NOON + 4))
    limit.take()
    assert clock.now <= WINDOW


def test_calls_on_their_way_are_counted(clock: Clock) -> None:
    limit = paced(clock)
    for _ in range(4):
        permit = limit.take()
    limit.learn(permit, headers(10, 9, NOON + 8, NOON))  # the others are not in this number yet
    assert spend(limit, 7, clock, until=8) == 6


def test_an_answer_that_comes_late_gives_nothing_back(clock: Clock) -> None:
    limit = paced(clock)
    old, first, second = (limit.take() for _ in range(3))
    limit.learn(second, headers(10, 2, NOON + 2, NOON))
    limit.learn(first, headers(10, 9, NOON + 2, NOON))  # sent first, arrived second
    assert spend(limit, 2, clock, until=2) == 1
    assert clock.now == 2  # where the next window begins, with three on their way
    limit.learn(limit.take(), headers(10, 9, NOON + 12, NOON + 2))
    limit.learn(old, headers(10, 0, NOON + 2, NOON + 1))
    assert spend(limit, 8, clock, until=12) == 6


def test_a_call_without_an_answer_does_not_stay_on_its_way(clock: Clock) -> None:
    limit = paced(clock)
    for _ in range(50):
        limit.take()
        limit.give_back()
    limit.learn(limit.take(), headers(10, 9, NOON + 8, NOON))
    assert spend(limit, 10, clock, until=8) == 9


def test_a_lower_limit_of_the_next_window_holds_from_its_first_answer(clock: Clock) -> None:
    limit = paced(clock)
    limit.learn(limit.take(), headers(100, 50, NOON + 2, NOON))
    clock.now = 2.5
    limit.learn(limit.take(), headers(4, 3, NOON + 12, NOON + 2))
    assert spend(limit, 4, clock, until=12) == 3


@pytest.mark.parametrize(("share", "allowed"), [(1, 100), (0.5, 50), (0.25, 25), (0.01, 1)])
def test_the_share_of_others_is_left_alone(clock: Clock, share: float, allowed: int) -> None:
    limit = paced(clock, share)
    permit = limit.take()
    remaining = 99
    limit.learn(permit, headers(100, remaining, NOON + 10, NOON))
    sent = 1
    while clock.now < 10:
        permit = limit.take()
        remaining -= 1
        limit.learn(permit, headers(100, remaining, NOON + 10, NOON + clock.now))
        sent += clock.now < 10
    assert sent == allowed


@pytest.mark.parametrize("limit_", [1, 5, 83, 99])
def test_the_smallest_share_of_a_small_limit_is_one_call_a_window(
    clock: Clock, limit_: int
) -> None:
    limit = paced(clock, 0.01)
    for window in range(3):
        permit = limit.take()
        assert clock.now <= window * WINDOW + 1
        now = NOON + window * WINDOW
        limit.learn(permit, headers(limit_, limit_ - 1, now + WINDOW, now))


# An Intercom, and some workers


class Asleep(Exception):
    """A worker would sleep now."""


@dataclass(frozen=True)
class Manner:
    """How windows begin, and what is said of them: the truth, or what was seen live.

    `lie` is how many seconds too late `Reset` is, by the number of a call; of so many calls one is
    counted before its answer is written, and the others after it.
    """

    with_first_call: bool = False
    lie: Callable[[int], int] = lambda _: 0
    one_counted_of: int = 1


TRUTHFUL = Manner()
LIVE = Manner(lie=lambda number: 2 + 7 * number % 5, one_counted_of=4)
NEVER_COUNTED = Manner(lie=lambda _: 4, one_counted_of=10**9)


@dataclass
class Intercom:
    """Counts calls in windows of ten seconds of its own clock."""

    offset: float
    limit: Callable[[int], int]
    others: Callable[[int], int]
    manner: Manner = TRUTHFUL
    used: Counter[int] = field(default_factory=Counter)
    served: Counter[int] = field(default_factory=Counter)
    arrivals: list[float] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    begun: list[float] = field(default_factory=lambda: [-math.inf])

    def window(self, now: float) -> tuple[int, float]:
        """Number the window of a moment, and tell when it ends."""
        if not self.manner.with_first_call:
            window = math.floor(now / WINDOW)
            return window, (window + 1) * WINDOW
        if now >= self.begun[-1] + WINDOW:
            self.begun.append(now)
        return len(self.begun), self.begun[-1] + WINDOW

    def call(self, now: float) -> tuple[dict[str, str], bool]:
        """Take in a call at a moment of the workers' clock; answer it, or refuse."""
        self.arrivals.append(now)
        now += NOON + self.offset
        window, end = self.window(now)
        limit, number = self.limit(window), len(self.arrivals)
        if window not in self.used:
            self.used[window] = min(self.others(window), limit)
        reset = math.ceil(end) + self.manner.lie(number)
        if self.used[window] >= limit:
            self.refused[window] += 1
            return headers(limit, 0, reset, now), True
        self.used[window] += 1
        self.served[window] += 1
        left = limit - self.used[window] + (number % self.manner.one_counted_of > 0)
        return headers(limit, left, reset, now), False


def run(  # noqa: C901  a small machine, best seen whole
    intercom: Intercom, workers: int, delays: list[float], share: float = 1, seconds: float = 65
) -> None:
    """Let workers call as often as they may, each call there and back taking its time."""
    clock = Clock()

    def asleep(wait: float) -> None:
        raise Asleep(wait)

    limit = RateLimit(share, clock, asleep)
    limit.learn(limit.take(), intercom.call(clock.now)[0])  # the run begins with one call, to `/me`

    delay, order = itertools.cycle(delays), itertools.count()
    todo: list[tuple[float, int, Callable[[], None]]] = []

    def after(wait: float, what: Callable[[], None]) -> None:
        assert 0 <= wait < math.inf
        heapq.heappush(todo, (clock.now + wait, next(order), what))

    queue: list[int] = []  # of those who wait for a permit, only the first one looks for it

    def begin() -> None:
        queue.append(next(order))
        if len(queue) == 1:
            look()

    def look() -> None:
        try:
            permit = limit.take()
        except Asleep as asleep:
            after(asleep.args[0], look)
            return
        queue.pop(0)
        after(next(delay), partial(arrive, permit))
        if queue:
            after(0, look)

    def arrive(permit: Permit) -> None:
        told, is_refused = intercom.call(clock.now)
        after(next(delay), partial(end, permit, told, is_refused=is_refused))

    def end(permit: Permit, told: dict[str, str], *, is_refused: bool) -> None:
        limit.learn(permit, told, is_refused=is_refused)
        after(0.001, begin)

    for _ in range(workers):
        after(0, begin)
    for _ in range(300_000):
        clock.now, _, what = heapq.heappop(todo)
        if clock.now > seconds:
            return
        what()
    pytest.fail("works without end")


WORKERS = st.integers(1, 6)
OFFSETS = st.one_of(st.floats(0, 10), st.floats(-600, 600))
QUICK = st.lists(st.floats(0.01, 0.9), min_size=1, max_size=12)
SLOW = st.lists(st.floats(0.01, 14), min_size=1, max_size=12)


def constant(number: int) -> Callable[[int], int]:
    return lambda _: number


def changing(numbers: list[int]) -> Callable[[int], int]:
    return lambda window: numbers[window % len(numbers)]


@given(OFFSETS, st.integers(1, 12), WORKERS, QUICK)
def test_no_call_is_refused(offset: float, limit: int, workers: int, delays: list[float]) -> None:
    intercom = Intercom(offset, constant(limit), constant(0))
    run(intercom, workers, delays)
    assert not intercom.refused


@given(OFFSETS, st.integers(1, 12), WORKERS, SLOW)
def test_no_call_is_refused_when_answers_are_late(
    offset: float, limit: int, workers: int, delays: list[float]
) -> None:
    intercom = Intercom(offset, constant(limit), constant(0))
    run(intercom, workers, delays)
    assert not intercom.refused


@given(OFFSETS, st.lists(st.integers(1, 12), min_size=1, max_size=7), WORKERS, QUICK)
def test_a_limit_that_changes_costs_no_more_than_what_is_on_its_way(
    offset: float, limits: list[int], workers: int, delays: list[float]
) -> None:
    intercom = Intercom(offset, changing(limits), constant(0))
    run(intercom, workers, delays)
    assert max(intercom.refused.values(), default=0) <= workers


@given(OFFSETS, st.lists(st.integers(0, 14), min_size=1, max_size=7), WORKERS, QUICK)
def test_others_cost_no_more_than_what_is_on_its_way(
    offset: float, others: list[int], workers: int, delays: list[float]
) -> None:
    intercom = Intercom(offset, constant(12), changing(others))
    run(intercom, workers, delays)
    assert max(intercom.refused.values(), default=0) <= workers


@given(OFFSETS, st.integers(1, 20), WORKERS, QUICK, st.sampled_from([0.01, 0.1, 0.3, 0.5, 0.9]))
def test_no_more_than_the_share_is_spent(
    offset: float, limit: int, workers: int, delays: list[float], share: float
) -> None:
    intercom = Intercom(offset, constant(limit), constant(0))
    run(intercom, workers, delays, share)
    assert not intercom.refused
    assert max(intercom.served.values()) <= max(1, limit * share)


@given(
    OFFSETS,
    st.lists(st.integers(1, 12), min_size=1, max_size=7),
    WORKERS,
    QUICK,
    st.sampled_from([0.01, 0.3, 1]),
)
def test_every_second_window_at_least_sees_a_call(
    offset: float, limits: list[int], workers: int, delays: list[float], share: float
) -> None:
    intercom = Intercom(offset, changing(limits), constant(0))
    run(intercom, workers, delays, share)
    assert sum(intercom.served.values()) >= 3


@pytest.mark.parametrize("offset", [0, 3.3, 9.9])
@pytest.mark.parametrize(("limit", "workers"), [(167, 8), (167, 32), (83, 32), (20, 4)])
@pytest.mark.parametrize("delays", [[0.05], [0.01, 0.2, 0.03, 0.25, 0.11, 0.07, 0.19]], ids=len)
def test_the_limit_is_spent(offset: float, limit: int, workers: int, delays: list[float]) -> None:
    intercom = Intercom(offset, constant(limit), constant(0))
    run(intercom, workers, delays, seconds=55)
    whole = sorted(intercom.served)[1:-1]  # the run neither began nor ended in these windows
    spent = sum(intercom.served[window] for window in whole)
    assert spent >= 0.95 * limit * len(whole)
    assert not intercom.refused


MANNERS = {
    f"{name}{', begun by the first call' if with_first_call else ''}": replace(
        manner, with_first_call=with_first_call
    )
    for name, manner in {"true": TRUTHFUL, "live": LIVE, "never counted": NEVER_COUNTED}.items()
    for with_first_call in (False, True)
}
EACH_MANNER = pytest.mark.parametrize("manner", MANNERS.values(), ids=MANNERS)


@EACH_MANNER
@pytest.mark.parametrize(
    ("limit", "share", "others", "windows", "delays"),
    [
        (167, 1, 0, 10, [0.01, 0.2, 0.03, 0.25, 0.11, 0.07, 0.19]),
        (167, 0.5, 0, 10, [0.05]),
        (167, 1, 0.4, 10, [0.05]),
        (1_667, 1, 0, 4, [0.01, 0.05, 0.02]),
        (5_000, 1, 0, 2, [0.005]),
    ],
)
def test_the_limit_is_spent_whatever_is_said_of_the_turn(
    limit: int,
    share: float,
    others: float,
    windows: int,
    delays: list[float],
    manner: Manner,
) -> None:
    """Nothing is known at first, so the first two windows do not count."""
    for_others = int(others * limit)
    intercom = Intercom(3.3, constant(limit), constant(for_others), manner)
    run(intercom, 32, delays, share, seconds=WINDOW * (windows + 3.5))
    whole = sorted(intercom.served)[2:-1][:windows]
    assert len(whole) >= windows
    allowed = min(share * limit, limit - for_others)
    assert sum(intercom.served[window] for window in whole) >= 0.95 * len(whole) * allowed
    assert max(intercom.served.values()) <= allowed
    # That an answer does not count its own call only a refusal tells, where others call first.
    assert sum(intercom.refused.values()) <= (1 if others and manner.one_counted_of > 1 else 0)


@given(
    OFFSETS,
    st.integers(1, 12),
    WORKERS,
    QUICK,
    st.sampled_from([LIVE, NEVER_COUNTED]),
    st.booleans(),
)
def test_no_call_is_refused_where_reset_lies(
    offset: float,
    limit: int,
    workers: int,
    delays: list[float],
    manner: Manner,
    with_first_call: bool,  # noqa: FBT001
) -> None:
    manner = replace(manner, with_first_call=with_first_call)
    intercom = Intercom(offset, constant(limit), constant(0), manner)
    run(intercom, workers, delays)
    assert not intercom.refused


@pytest.mark.parametrize("offset", [0, 3.3, 9.9])
@pytest.mark.parametrize(("limit", "workers"), [(167, 8), (1_667, 32)])
def test_b06_the_limit_is_spent_evenly(offset: float, limit: int, workers: int) -> None:
    """Who spends it at once leaves the other apps without a call for seconds."""
    intercom = Intercom(offset, constant(limit), constant(0))
    run(intercom, workers, [0.01, 0.05, 0.02], seconds=45)
    seconds = Counter(math.floor(arrival) for arrival in intercom.arrivals)
    even, burst = limit / WINDOW, max(BURST_CALLS, BURST_SHARE * limit)
    steady = [seconds[second] for second in range(15, 44)]
    assert max(steady) <= 1.5 * even + burst
    assert sum(count > 0.5 * even for count in steady) >= 0.9 * len(steady)
    assert not intercom.refused


@pytest.mark.parametrize("limits", [[167, 1_667], [1_667, 167, 167], [1_667, 1_667, 167]])
def test_a_limit_that_changes_tenfold_is_followed(limits: list[int]) -> None:
    limit = changing(limits)
    intercom = Intercom(3.3, limit, constant(0))
    run(intercom, 32, [0.01, 0.05, 0.02], seconds=65)
    whole = sorted(intercom.served)[1:-1]
    spent = sum(intercom.served[window] for window in whole)
    assert spent >= 0.9 * sum(map(limit, whole))
    assert max(intercom.refused.values(), default=0) <= 32


@pytest.mark.parametrize("others", [0.2, 0.5, 0.9])
def test_what_other_apps_leave_is_spent(others: float) -> None:
    intercom = Intercom(3.3, constant(1_667), constant(int(others * 1_667)))
    run(intercom, 32, [0.01, 0.05, 0.02], seconds=45)
    whole = sorted(intercom.served)[1:-1]
    left = 1_667 - int(others * 1_667)
    assert min(intercom.served[window] for window in whole) >= 0.9 * left
    assert max(intercom.refused.values(), default=0) <= 32


def test_b06_a_run_of_few_calls_does_not_wait(clock: Clock) -> None:
    """With most of the limit left, there is nothing to wait for."""
    limit = paced(clock)
    limit.learn(limit.take(), headers(167, 166, NOON + 10, NOON))
    assert spend(limit, 28, clock, until=0.1) == 28
    assert spend(limit, 100, clock, until=5) < 100


@pytest.mark.parametrize(("calls", "at_once"), [(50, 24), (100, 28), (300, 31), (1_000, 96)])
def test_b06_no_more_go_at_once_than_run_side_by_side_or_a_tenth_of_the_limit(
    clock: Clock, calls: int, at_once: int
) -> None:
    """A little less, as what is left of a window is spread over what is left of it."""
    limit = paced(clock)
    limit.learn(limit.take(), headers(calls, calls - 1, 10, 0))
    clock.now = 1.0
    assert spend(limit, at_once, clock, until=1.0001) == at_once
    limit.take()
    assert clock.now > 1.0001


# Under requests


class Sent(HTTPAdapter):
    """Answers, or fails, without a network."""

    outcome: Any = None

    def send(self, *_: Any, **__: Any) -> requests.Response:
        if isinstance(Sent.outcome, BaseException):
            raise Sent.outcome
        response = requests.Response()
        response.headers.update(Sent.outcome)
        return response


class Adapter(PacedAdapter, Sent):
    pass


def test_each_request_takes_a_permit_and_learns(clock: Clock) -> None:
    adapter = Adapter(paced(clock), 4)
    Sent.outcome = headers(2, 0, NOON + 6, NOON)
    adapter.send(requests.PreparedRequest())
    assert clock.now == 0
    adapter.send(requests.PreparedRequest())
    assert clock.now == 6
    assert adapter.waited.seconds == 6


@pytest.mark.parametrize("error", [requests.ConnectionError(), KeyboardInterrupt()], ids=repr)
def test_a_request_that_fails_is_no_longer_on_its_way(clock: Clock, error: BaseException) -> None:
    adapter = Adapter(paced(clock), 4)
    Sent.outcome = error
    for _ in range(9):
        with pytest.raises(type(error)):
            adapter.send(requests.PreparedRequest())
    Sent.outcome = headers(3, 2, NOON + 6, NOON)
    for _ in range(2):
        adapter.send(requests.PreparedRequest())
    assert clock.now == 0


def test_a_long_wait_is_told_once(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    limit = paced(clock)
    limit.learn(limit.take(), headers(1, 0, NOON + 9, NOON))
    with caplog.at_level("INFO", "tap-intercom.pacing"):
        limit.take()
    [line] = caplog.messages
    assert "9 seconds" in line


# Whatever the headers say


@given(
    answers=st.lists(st.tuples(HEADERS, st.floats(0, 30)), min_size=1, max_size=20),
    share=st.sampled_from([0.01, 0.5, 1.0]),
)
@example(answers=[(headers(0, 0, NOON + 9, NOON), 0.1)] * 5, share=1.0)
@example(answers=[(headers(10**400, 5, NOON + 9, NOON), 0.1)] * 2, share=0.5)
def test_no_headers_make_a_call_wait_for_more_than_two_windows(
    answers: list[tuple[dict[str, str], float]], share: float
) -> None:
    clock, naps = Clock(), []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        clock.sleep(seconds)

    limit = RateLimit(share, clock, sleep)
    for told, latency in answers:
        before = clock.now
        permit = limit.take()
        assert clock.now - before <= 2 * WINDOW
        clock.now += latency
        limit.learn(permit, told)
    assert max(naps, default=0) <= WINDOW


@given(
    told=st.integers(1, 600),
    remaining=st.lists(st.integers(-5, 700), min_size=1, max_size=9),
    share=st.sampled_from([0.01, 0.5, 1.0]),
)
def test_whatever_is_said_to_remain_the_limit_is_kept(
    told: int, remaining: list[int], share: float
) -> None:
    clock = Clock()
    limit = paced(clock, share)
    said = itertools.cycle(remaining)
    sent = 0
    while clock.now < 3 * WINDOW:
        permit = limit.take()
        sent += clock.now < 3 * WINDOW
        reset = NOON + WINDOW * math.floor(clock.now / WINDOW + 1)
        limit.learn(permit, headers(told, next(said), reset, NOON + clock.now))
    assert sent <= 3 * max(1, told * share) + BURST_CALLS + BURST_SHARE * told
