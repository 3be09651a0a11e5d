"""How many at once, and in what order do they come back?

As many as asked for, and in the order in which they were given.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Item = TypeVar("Item")
Result = TypeVar("Result")

# Results that wait for a slow one before them, per worker: enough that one call which takes three
# times as long as its neighbours stops nobody, few enough that memory stays bounded.
AHEAD = 3


def ordered_map(
    fetch: Callable[[Item], Result],
    items: Iterable[Item],
    concurrency: int,
) -> Iterator[Result]:
    """Yield `fetch(item)` for each item, in the items' order, with `concurrency` in flight.

    Items are drawn, and results given out, on the caller's thread only; at most
    `AHEAD * concurrency` items are drawn and not yet given out. The first error in the items'
    order is raised in the result's place, and nothing further is begun.
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
            while len(waiting) >= AHEAD * concurrency or (waiting and waiting[0].done()):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
        for _ in range(workers):
            work.put(None)


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
