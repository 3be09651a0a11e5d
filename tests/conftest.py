"""What several tests need: a tap that has not been anywhere, and an Intercom made of answers."""

from __future__ import annotations

import gc
import signal
import sys
import threading
import time
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import keeper
import pytest
from answering import TOKEN, URL, Answers
from hypothesis import settings as hypothesis_settings

from tap_intercom import plain
from tap_intercom.api import health
from tap_intercom.tap import TapIntercom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

PATIENCE = 60.0

# A busy machine must not fail a test. `--hypothesis-profile=thorough` tries very much more.
hypothesis_settings.register_profile("tap-intercom", deadline=None)
hypothesis_settings.register_profile("thorough", deadline=None, max_examples=5_000)
hypothesis_settings.load_profile("tap-intercom")


def pytest_configure(config: pytest.Config) -> None:
    """See to it that nothing which the tests start outlives them, however they end.

    And that Ctrl-C is heard, by the tests and by what they start, also where the tests are run in
    the background by a shell that wants them not to hear it.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):  # of pytest-xdist
        keeper.keep()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that all workers are busy to the end."""
    folders = ("end_to_end", "with_sandbox")
    rank = {name: number for number, name in enumerate(folders)}
    items.sort(key=lambda item: rank.get(item.path.parent.name, len(rank)))


@pytest.fixture(autouse=True)
def _secrets_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is a token in one test is a word in another."""
    monkeypatch.setattr(plain.secrets, "_pieces", {})


@pytest.fixture(autouse=True)
def _no_thread_outlives_its_test(
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,  # noqa: ARG001  what it has made quick stays so until then
) -> Iterator[None]:
    """Wait for what a test has begun and not awaited: the next one might hear of it."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(0.1)
        if thread.is_alive():
            # The workers of a stream that was given up are let go with it, which what was logged
            # of its error still holds.
            caplog.get_records("call").clear()
            gc.collect()
        thread.join(PATIENCE)
        assert not thread.is_alive(), f"{thread.name} goes on after the test, in\n{place(thread)}"


def place(thread: threading.Thread) -> str:
    """Tell where a thread is."""
    return "".join(traceback.format_stack(sys._current_frames().get(thread.ident)))  # noqa: SLF001


@contextmanager
def signals_kept() -> Iterator[None]:
    """Take back the signal handlers that each tap sets."""
    handlers = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    yield
    for one, handler in handlers.items():
        signal.signal(one, handler)


@pytest.fixture
def make_tap() -> Iterator[Callable[..., TapIntercom]]:
    """Make taps with some settings; None leaves one out."""

    def make(**settings: Any) -> TapIntercom:
        config = {"api_key": TOKEN, "api_url": URL, **settings}
        return TapIntercom(config={name: one for name, one in config.items() if one is not None})

    with signals_kept():
        yield make


@pytest.fixture(scope="session")
def discovered() -> Iterator[TapIntercom]:
    """A tap for tests that only look at it."""
    with signals_kept():
        yield TapIntercom(config={"api_key": TOKEN, "api_url": URL})


@pytest.fixture
def tap(make_tap: Callable[..., TapIntercom]) -> TapIntercom:
    return make_tap()


@pytest.fixture
def mounted() -> Callable[..., Answers]:
    """Put answers before a tap, instead of what Intercom would say."""

    def mount(tap: TapIntercom, *waiting: requests.Response | Exception) -> Answers:
        adapter = Answers()
        adapter.waiting += waiting
        tap.run.client.session.mount("https://", adapter)
        return adapter

    return mount


@pytest.fixture
def answers(tap: TapIntercom, mounted: Callable[..., Answers]) -> Answers:
    """What the tap is told."""
    return mounted(tap)


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, without waiting, for which clocks go on."""
    slept: list[float] = []
    steady = time.monotonic
    monkeypatch.setattr("time.sleep", slept.append)
    monkeypatch.setattr("time.monotonic", lambda: steady() + sum(slept))
    monkeypatch.setattr(health, "SECONDS_BETWEEN_LOOKS", 0)
    return slept
