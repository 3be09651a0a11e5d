"""A sandbox, and a tap pointed at it, in one process."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from runs import CUSTOM_OBJECT_TYPES, NAMES, Run, sync

from tap_intercom import run
from tap_intercom.api import health, jobs, retries
from tap_intercom.run import Run as TapRun
from tap_intercom.sandbox import Sandbox, running
from tap_intercom.shapes import scroll
from tap_intercom.shapes.stream import IntercomStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_intercom.api.retries import Patience


@contextmanager
def quick_exports() -> Iterator[None]:
    """Do not wait long for an export."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "FIRST_LOOK_SECONDS", 0.01)
        yield


@pytest.fixture(autouse=True, scope="module")
def _quick_exports() -> Iterator[None]:
    """Nor where a fixture makes a run; but tests of other folders wait as ever."""
    with quick_exports():
        yield


@pytest.fixture(autouse=True)
def _quick_and_tidy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Do not wait long between tries, and leave the signal handlers to pytest."""
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(scroll, "FIRST_LOOK_SECONDS", 0.01)
    handlers = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    yield
    for one, handler in handlers.items():
        signal.signal(one, handler)


@pytest.fixture
def turn_token(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let runs go on with another token once they have connected."""
    introduce = TapRun.introduce

    def turn(token: str) -> None:
        def introduce_and_turn(self: TapRun, *patience: Patience) -> Any:
            told = introduce(self, *patience)
            self.token._token = token  # noqa: SLF001
            return told

        monkeypatch.setattr(TapRun, "introduce", introduce_and_turn)

    return turn


@pytest.fixture
def _tells_every_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a STATE after each record, where one comes after many otherwise."""
    monkeypatch.setattr(IntercomStream, "STATE_MSG_FREQUENCY", 1)


@pytest.fixture(scope="session")
def standing() -> Iterator[Sandbox]:
    """A workspace in which nothing changes, for all tests that only read."""
    with running() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def quiet(standing: Sandbox) -> Sandbox:
    """The same, in which nothing has been counted yet."""
    standing.reset()
    return standing


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A workspace of one's own."""
    with running() as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def everything(standing: Sandbox) -> Run:
    """All streams out of the quiet workspace, also those that are off by default."""
    with quick_exports():
        run = sync(standing, *NAMES, custom_object_types=CUSTOM_OBJECT_TYPES)
    assert run.error is None
    assert run.left_out == {}
    return run


@pytest.fixture(scope="session")
def whole(standing: Sandbox) -> Run:
    """All that a first run gets out of the quiet workspace."""
    run = sync(standing)
    assert run.error is None
    return run


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a minute of patience be a fifth of a second, and waits be short."""
    monkeypatch.setattr(run, "MINUTE", 0.2)
    monkeypatch.setattr(health, "SECONDS_BETWEEN_LOOKS", 0)
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr(retries, "LONGEST_WAIT_SECONDS", 0.01)
