"""Several at once, in order, and never more than was asked for."""

from __future__ import annotations

import itertools
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_intercom import concurrency
from tap_intercom.concurrency import AHEAD, ahead, at_once, ordered_growth, ordered_map

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

# How long a test that goes wrong may hang before it fails.
PATIENCE = 20


class Gate:
    """Calls that end when they are let go, and not before."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self._changed = threading.Condition()
        self._let_go: set[int] = set()

    def __call__(self, item: int) -> int:
        with self._changed:
            self.begun.append(item)
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: item in self._let_go, PATIENCE)
        return item

    def let_go(self, *items: int) -> None:
        with self._changed:
            self._let_go.update(items)
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.begun) >= count, PATIENCE)


class Drawn:
    """Numbers without end, and how many of them were drawn."""

    def __init__(self) -> None:
        self.count = 0

    def __iter__(self) -> Iterator[int]:
        for number in itertools.count():
            self.count += 1
            yield number


def workers() -> set[threading.Thread]:
    """All threads there are; none of those that a test begins stays (`tests/conftest.py`)."""
    return set(threading.enumerate())


@settings(max_examples=30)
@given(st.lists(st.integers()), st.integers(1, 9))
def test_results_come_in_the_order_of_the_items(items: list[int], concurrency: int) -> None:
    assert list(ordered_map(lambda item: -item, items, concurrency)) == [-item for item in items]


def test_results_come_in_order_whoever_is_done_first() -> None:
    gate = Gate()
    results = ordered_map(gate, range(4), 4)
    thread = threading.Thread(target=lambda: [gate.wait_for(4), gate.let_go(3), gate.let_go(2, 1)])
    thread.start()
    thread.join(0)
    releaser = threading.Thread(target=lambda: [gate.wait_for(4), thread.join(), gate.let_go(0)])
    releaser.start()
    assert list(results) == [0, 1, 2, 3]
    releaser.join(PATIENCE)


@pytest.mark.parametrize("concurrency", [1, 2, 5])
def test_so_many_are_in_flight_and_no_more(concurrency: int) -> None:
    lock, now, most = threading.Lock(), 0, 0
    together = threading.Barrier(concurrency)

    def fetch(item: int) -> int:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        together.wait(PATIENCE)  # passes only when as many as asked for are here at once
        with lock:
            now -= 1
        return item

    assert list(ordered_map(fetch, range(10 * concurrency), concurrency)) == list(
        range(10 * concurrency)
    )
    assert most == concurrency


@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_slow_first_one_holds_back_only_so_many(concurrency: int) -> None:
    gate, drawn = Gate(), Drawn()
    gate.let_go(*range(1, 1000))
    results = ordered_map(gate, drawn, concurrency)
    opener = threading.Thread(target=lambda: [gate.wait_for(1), gate.let_go(0)])
    opener.start()
    for given_out, result in enumerate(itertools.islice(results, 50)):
        assert result == given_out
        assert drawn.count - given_out <= AHEAD * concurrency
    results.close()  # type: ignore[attr-defined]
    opener.join(PATIENCE)


def test_drawing_stops_while_the_first_is_slow() -> None:
    gate, drawn = Gate(), Drawn()
    gate.let_go(*range(1, 1000))
    results: list[int] = []
    consumer = threading.Thread(
        target=lambda: results.extend(itertools.islice(ordered_map(gate, drawn, 2), 1))
    )
    consumer.start()
    gate.wait_for(AHEAD * 2)  # all that may be drawn has been begun
    consumer.join(0.05)
    assert consumer.is_alive()
    assert drawn.count == AHEAD * 2
    gate.let_go(0)
    consumer.join(PATIENCE)
    assert results == [0]


def test_nothing_is_drawn_before_it_is_wanted() -> None:
    drawn = Drawn()
    results = ordered_map(str, drawn, 4)
    assert drawn.count == 0
    assert next(results) == "0"
    assert drawn.count <= 4 * AHEAD


def test_results_are_given_out_while_items_are_still_being_drawn() -> None:
    first = threading.Event()

    def items() -> Iterator[int]:
        yield 0
        assert first.wait(PATIENCE)
        yield from range(1, 100)

    def fetch(item: int) -> int:
        first.set()
        return item

    results = ordered_map(fetch, items(), 3)
    assert list(results) == list(range(100))


def test_items_are_drawn_by_the_caller_alone() -> None:
    threads = set()

    def items() -> Iterator[int]:
        for item in range(50):
            threads.add(threading.current_thread())
            yield item

    assert len(list(ordered_map(str, items(), 5))) == 50
    assert threads == {threading.current_thread()}


class Broken(Exception):
    pass


def test_an_error_comes_in_its_place() -> None:
    def fetch(item: int) -> int:
        if item in {3, 5}:
            raise Broken(item)
        return item

    results = ordered_map(fetch, range(50), 4)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(Broken, match="3"):
        next(results)
    assert list(results) == []


def test_after_an_error_nothing_is_begun() -> None:
    gate = Gate()

    def fetch(item: int) -> int:
        if item == 0:
            gate.wait_for(1)  # the other worker is busy, and the rest waits for a worker
            raise Broken
        return gate(item)

    results = ordered_map(fetch, range(100), 2)
    with pytest.raises(Broken):
        next(results)
    begun = len(gate.begun)
    gate.let_go(*range(100))
    assert begun <= 2 * AHEAD
    assert list(results) == []


def test_an_error_of_the_items_comes_after_the_results_before_it() -> None:
    gate = Gate()

    def items() -> Iterator[int]:
        yield from range(3)
        gate.let_go(0, 1, 2)
        raise Broken

    results = ordered_map(gate, items(), 4)
    assert list(itertools.islice(results, 3)) == [0, 1, 2]
    with pytest.raises(Broken):
        next(results)


def test_closing_early_begins_nothing_more() -> None:
    gate, drawn, before = Gate(), Drawn(), workers()
    results = ordered_map(gate, drawn, 2)
    opener = threading.Thread(target=lambda: [gate.wait_for(2), gate.let_go(0)])
    opener.start()
    assert next(results) == 0
    opener.join(PATIENCE)
    results.close()  # type: ignore[attr-defined]
    count, begun = drawn.count, len(gate.begun)
    gate.let_go(*range(1, 1000))
    for thread in workers() - before:
        thread.join(PATIENCE)
    assert drawn.count == count
    assert len(gate.begun) <= begun + 1  # one may have been on the point of beginning


def test_closing_does_not_wait_for_a_call_that_hangs() -> None:
    gate = Gate()
    results = ordered_map(gate, itertools.count(), 2)
    opener = threading.Thread(target=lambda: [gate.wait_for(2), gate.let_go(0)])
    opener.start()
    assert next(results) == 0
    results.close()  # type: ignore[attr-defined]
    assert 1 in gate.begun  # and hangs
    gate.let_go(*range(1000))
    opener.join(PATIENCE)


def test_workers_do_not_hold_up_the_exit() -> None:
    daemons = list(ordered_map(lambda _: threading.current_thread().daemon, range(5), 2))
    assert daemons == [True] * 5


def test_no_more_workers_than_items() -> None:
    before = threading.active_count()
    gate = Gate()
    results = ordered_map(gate, range(2), 256)
    opener = threading.Thread(target=lambda: [gate.wait_for(2), gate.let_go(0, 1)])
    opener.start()
    next(results)
    assert threading.active_count() <= before + 3
    assert list(results) == [1]
    opener.join(PATIENCE)


def test_no_items_are_no_results() -> None:
    assert list(ordered_map(str, [], 3)) == []


# One ahead


def test_the_next_item_is_drawn_while_this_one_is_used() -> None:
    gate = Gate()
    drawing = ahead(map(gate, itertools.count()))
    gate.let_go(0)
    assert next(drawing) == 0
    gate.wait_for(2)
    assert gate.begun == [0, 1]  # and no further
    gate.let_go(1, 2)
    assert next(drawing) == 1
    gate.wait_for(3)
    drawing.close()


def test_all_items_come_in_their_order_and_end() -> None:
    assert list(ahead(range(100))) == list(range(100))
    assert list(ahead(())) == []


def test_an_error_in_drawing_comes_in_its_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError

    drawing = ahead(items())
    assert next(drawing) == 1
    with pytest.raises(OSError):  # noqa: PT011  it carries no message
        next(drawing)
    assert list(drawing) == []


def test_who_wants_no_more_leaves_no_thread_behind() -> None:
    before = workers()
    for _ in range(20):
        drawing = ahead(itertools.count())
        assert next(drawing) == 0
        drawing.close()
    for thread in workers() - before:
        thread.join(PATIENCE)
    assert workers() <= before


# All at once


def test_all_are_begun_and_nobody_waits() -> None:
    gate = Gate()
    futures = at_once(gate, [3, 1, 2], 2)
    gate.wait_for(2)
    assert not any(future.done() for future in futures)
    gate.let_go(1, 2, 3)
    assert [future.result(PATIENCE) for future in futures] == [3, 1, 2]


def test_no_more_than_so_many_are_on_their_way() -> None:
    gate = Gate()
    futures = at_once(gate, range(5), 2)
    gate.wait_for(2)
    assert sorted(gate.begun) == [0, 1]
    gate.let_go(*range(5))
    for future in futures:
        future.result(PATIENCE)


def test_an_error_waits_for_who_asks() -> None:
    def fail(item: int) -> int:
        raise OSError(item)

    [future] = at_once(fail, [7], 4)
    with pytest.raises(OSError, match="7"):
        future.result(PATIENCE)


def test_nothing_to_begin_begins_nothing() -> None:
    assert at_once(str, [], 4) == []


# What grows while it is read


def tree(depth: int, width: int) -> dict[str, list[str]]:
    """Items by what they bring: "" brings "0", "1"; "0" brings "00", "01"; and so on."""
    names = [
        "".join(letters)
        for length in range(depth + 1)
        for letters in itertools.product("0123456789"[:width], repeat=length)
    ]
    return {
        name: [other for other in names if len(other) == len(name) + 1 and other.startswith(name)]
        for name in names
    }


@pytest.mark.parametrize("concurrency", [1, 2, 7, 40])
@given(depth=st.integers(0, 4), width=st.integers(1, 4), pauses=st.randoms(use_true_random=False))
@settings(max_examples=15)
def test_what_an_item_brings_comes_right_after_it(
    concurrency: int, depth: int, width: int, pauses: Random
) -> None:
    brought = tree(depth, width)

    def read(item: str) -> tuple[str, list[str]]:
        time.sleep(pauses.random() / 2_000)
        return item, brought[item]

    assert list(ordered_growth(read, "", concurrency)) == sorted(brought)


def test_what_ends_at_any_moment_brings_all_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also between the look at what is done and the giving out of it."""
    begin = concurrency._begin  # noqa: SLF001  the moment in between

    def begin_and_wait(line: list[Any], *args: Any) -> None:
        begin(line, *args)
        for place in line:
            if place.future is not None:
                place.future.exception(PATIENCE)

    monkeypatch.setattr(concurrency, "_begin", begin_and_wait)
    brought = tree(3, 3)
    growing = ordered_growth(lambda item: (item, brought[item]), "", 4)
    assert list(growing) == sorted(brought)


def test_so_many_are_read_at_once_the_foremost_first() -> None:
    gate = Gate()
    brought = {0: [1, 2, 3, 4, 5, 6, 7]}
    growing = ordered_growth(lambda item: (gate(item), brought.get(item, [])), 0, 3)
    gate.let_go(0)
    assert next(growing) == 0
    drawn = threading.Thread(target=lambda: next(growing), daemon=True)
    drawn.start()
    gate.wait_for(4)
    assert sorted(gate.begun) == [0, 1, 2, 3]
    gate.let_go(*range(8))
    drawn.join(PATIENCE)
    assert list(growing) == [2, 3, 4, 5, 6, 7]


def test_no_more_are_held_than_twice_as_many() -> None:
    read = 0

    def bring(item: int) -> tuple[int, list[int]]:
        nonlocal read
        read += 1
        return item, list(range(1, 200)) if item == 0 else []

    growing = ordered_growth(bring, 0, 5)
    for given_out, _ in enumerate(growing, start=1):
        assert read - given_out <= 10
    assert read == 200


def test_an_error_in_growth_comes_in_its_place() -> None:
    def read(item: int) -> tuple[int, list[int]]:
        if item == 2:
            raise OSError
        return item, [1, 2, 3] if item == 0 else []

    growing = ordered_growth(read, 0, 4)
    assert [next(growing), next(growing)] == [0, 1]
    with pytest.raises(OSError):  # noqa: PT011  it carries no message
        next(growing)


def test_growth_that_nobody_wants_any_more_leaves_no_thread_behind() -> None:
    before = workers()
    growing = ordered_growth(lambda item: (item, [item + 1]), 0, 4)
    assert [next(growing) for _ in range(3)] == [0, 1, 2]
    growing.close()
    for thread in workers() - before:
        thread.join(PATIENCE)
    assert workers() <= before


# By weight


def test_no_more_is_drawn_while_heavy_results_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tap_intercom.concurrency.HELD_BYTES", 100)
    gate, drawn = Gate(), Drawn()
    results = ordered_map(gate, drawn, 4, weigh=lambda _: 60)
    gate.let_go(*range(1, 60))  # all but the first
    taker = threading.Thread(target=lambda: next(results), daemon=True)
    taker.start()
    gate.wait_for(3)
    time.sleep(0.05)
    assert drawn.count <= 4 + 2
    gate.let_go(0)
    taker.join(PATIENCE)
    assert [next(results) for _ in range(5)] == [1, 2, 3, 4, 5]
    results.close()


def test_heavy_growth_goes_on_with_the_foremost_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tap_intercom.concurrency.HELD_BYTES", 100)
    held = read = 0

    def bring(item: int) -> tuple[int, list[int]]:
        nonlocal read
        read += 1
        return item, list(range(1, 50)) if item == 0 else []

    growing = ordered_growth(bring, 0, 4, weigh=lambda _: 60)
    for given_out, item in enumerate(growing, start=1):
        held = max(held, read - given_out)
        assert item == given_out - 1
    assert read == 50
    assert held <= 4 + 2
