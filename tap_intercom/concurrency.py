"""How many at once, and in what order do they come back?

As many as asked for, and in the order in which they were given.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Item = TypeVar("Item")
Result = TypeVar("Result")

# Results that wait for a slow one before them, per worker: enough that one call which takes three
# times as long as its neighbours stops nobody, few enough that memory stays bounded.
AHEAD = 3

# And no more than this, as some are large.
HELD_BYTES = 16 * 1024 * 1024


def ordered_map(
    fetch: Callable[[Item], Result],
    items: Iterable[Item],
    concurrency: int,
    *,
    weigh: Callable[[Result], int] = lambda _: 0,
) -> Iterator[Result]:
    """Yield `fetch(item)` for each item, in the items' order, with `concurrency` in flight.

    Items are drawn, and results given out, on the caller's thread only; at most
    `AHEAD * concurrency` items are drawn and not yet given out, and none is drawn while results of
    more than `HELD_BYTES` wait, as `weigh` tells. The first error in the items' order is raised in
    the result's place, and nothing further is begun.
    """
    work: SimpleQueue[tuple[Future[Result], Item] | None] = SimpleQueue()
    waiting: deque[Future[Result]] = deque()
    workers = 0
    try:
        for future in _put(items, work):
            waiting.append(future)
            if workers < concurrency:
                workers += 1
                # Daemons, unlike the threads of concurrent.futures: a hanging call in one of them
                # must not hold up the exit of a run that was told to stop.
                threading.Thread(target=_work, args=(fetch, work), daemon=True).start()
            while waiting and (
                waiting[0].done()
                or len(waiting) >= AHEAD * concurrency
                or _held(waiting, weigh) > HELD_BYTES
            ):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
        for _ in range(workers):
            work.put(None)


def _held(futures: Iterable[Future[Result]], weigh: Callable[[Result], int]) -> int:
    """Weigh the results that wait."""
    done = (future for future in futures if future.done() and not future.exception())
    return sum(weigh(future.result()) for future in done)


def _put(
    items: Iterable[Item], work: SimpleQueue[tuple[Future[Result], Item] | None]
) -> Iterator[Future[Result]]:
    """Put each item to work; an error in drawing the next one comes where its result would."""
    future: Future[Result] = Future()
    try:
        for item in items:
            work.put((future, item))
            yield future
            future = Future()
    except Exception as error:  # noqa: BLE001  raised in its place
        future.set_exception(error)
        yield future


def _work(
    fetch: Callable[[Item], Result],
    work: SimpleQueue[tuple[Future[Result], Item] | None],
) -> None:
    while (job := work.get()) is not None:
        future, item = job
        if not future.set_running_or_notify_cancel():
            continue
        try:
            future.set_result(fetch(item))
        except BaseException as error:  # noqa: BLE001  it is raised where the result is asked for
            future.set_exception(error)


@dataclass(eq=False)
class _Place(Generic[Item, Result]):
    """An item's place in the order, and what becomes of it."""

    item: Item
    future: Future[tuple[Result, list[Item]]] | None = None
    is_open: bool = False  # what it brought has its own places


def ordered_growth(
    read: Callable[[Item], tuple[Result, list[Item]]],
    first: Item,
    concurrency: int,
    *,
    weigh: Callable[[Result], int] = lambda _: 0,
) -> Iterator[Result]:
    """Yield the result of `read(first)`, and of each further item that a reading brings.

    What an item brings comes right after it. `concurrency` are read at once, the foremost first; at
    most twice as many are read and not yet given out, and only the foremost is read while results
    of more than `HELD_BYTES` wait. The first error in their order is raised in the result's place.
    """
    work: SimpleQueue[tuple[Future[tuple[Result, list[Item]]], Item] | None] = SimpleQueue()
    ended: SimpleQueue[None] = SimpleQueue()
    line = [_Place[Item, Result](first)]
    for _ in range(concurrency):
        threading.Thread(target=_work, args=(read, work), daemon=True).start()
    try:
        while line:
            # Looked at before places are opened: what ends in between has not brought its own yet.
            foremost = line[0].future
            is_done = foremost is not None and foremost.done()
            _open(line)
            results = [place.future for place in line if place.future is not None]
            is_full = _held(results, lambda result: weigh(result[0])) > HELD_BYTES
            _begin(line[:1] if is_full else line, concurrency, work, ended)
            if foremost is not None and is_done:
                yield foremost.result()[0]
                del line[0]
            else:
                ended.get()
    finally:
        for place in line:
            if place.future is not None:
                place.future.cancel()
        for _ in range(concurrency):
            work.put(None)


def _open(line: list[_Place[Item, Result]]) -> None:
    """Give places to what has been brought."""
    for position in range(len(line) - 1, -1, -1):
        place = line[position]
        if place.future is None or not place.future.done() or place.is_open:
            continue
        place.is_open = True
        if place.future.exception() is None:
            brought = place.future.result()[1]
            line[position + 1 : position + 1] = [_Place(item) for item in brought]


def _begin(
    line: list[_Place[Item, Result]],
    concurrency: int,
    work: SimpleQueue[tuple[Future[tuple[Result, list[Item]]], Item] | None],
    ended: SimpleQueue[None],
) -> None:
    """Put to work what is foremost, while there is room."""
    held = sum(place.future is not None for place in line)
    running = sum(place.future is not None and not place.future.done() for place in line)
    for position, place in enumerate(line):
        if running >= concurrency or (held >= concurrency and position >= concurrency):
            return
        if place.future is None:
            place.future = Future()
            place.future.add_done_callback(lambda _: ended.put(None))
            work.put((place.future, place.item))
            held, running = held + 1, running + 1


def at_once(
    fetch: Callable[[Item], Result], items: Sequence[Item], concurrency: int
) -> list[Future[Result]]:
    """Begin `fetch(item)` for all items, `concurrency` at a time; do not wait for the results."""
    work: SimpleQueue[tuple[Future[Result], Item] | None] = SimpleQueue()
    futures: list[Future[Result]] = [Future() for _ in items]
    for job in zip(futures, items, strict=True):
        work.put(job)
    for _ in range(min(concurrency, len(items))):
        work.put(None)
        threading.Thread(target=_work, args=(fetch, work), daemon=True).start()
    return futures


def ahead(items: Iterable[Item]) -> Iterator[Item]:
    """Yield items, each while the next one is being drawn on a thread of its own.

    An error in drawing an item is raised in its place. Who wants no more has had one drawn in vain.
    """
    drawn: SimpleQueue[Future[Item] | None] = SimpleQueue()
    room, is_over = threading.Semaphore(1), threading.Event()
    threading.Thread(target=_draw, args=(items, drawn, room, is_over), daemon=True).start()
    try:
        while (future := drawn.get()) is not None:
            room.release()
            yield future.result()
    finally:
        is_over.set()
        room.release()


def _draw(
    items: Iterable[Item],
    drawn: SimpleQueue[Future[Item] | None],
    room: threading.Semaphore,
    is_over: threading.Event,
) -> None:
    iterator = iter(items)
    future: Future[Item] | None = Future()
    while future is not None:
        room.acquire()
        if is_over.is_set():
            return
        future = Future()
        try:
            future.set_result(next(iterator))
        except StopIteration:
            future = None
        except BaseException as error:  # noqa: BLE001  raised in its place
            future.set_exception(error)
        drawn.put(future)
