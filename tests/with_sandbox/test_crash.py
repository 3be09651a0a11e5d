"""A run may end at any moment, in any way, and the next one delivers what is missing."""

from __future__ import annotations

import fcntl
import json
import os
import random
import select
import signal
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from program import PATIENCE, Program
from runs import CUSTOM_OBJECT_TYPES, NAMES, Run, latest, sync

from tap_intercom.sandbox import running
from tap_intercom.shapes.stream import IntercomStream
from tap_intercom.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tap_intercom.sandbox import Sandbox

    Rows = dict[tuple[str, str], dict[str, Any]]
    Noted = Callable[[str, object], None]

SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT]

# Streams that are read up to now end where the workspace is quiet, so that runs at different times
# write the same bookmarks, and what is missing after each is asked for once.
END = "2026-06-01T11:00:00Z"


@pytest.fixture(scope="module")
def small() -> Iterator[Sandbox]:
    """A small workspace, whose scroll lock does not last as long as Intercom's."""
    with running(size=60, scroll_expiry=0.3) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def unbroken(small: Sandbox) -> Run:
    """What a run writes that nobody ends."""
    run = sync(small, end_date=END)
    assert run.error is None
    return run


@pytest.fixture(scope="module")
def told(unbroken: Run) -> Rows:
    """What a target holds after such a run."""
    return latest(unbroken)


@pytest.fixture(scope="module")
def rest_of(small: Sandbox, told: Rows) -> Callable[[Any], Rows]:
    """Say what the next run delivers. As nothing changes, that depends on the state alone."""

    @cache
    def rest(state: str) -> Rows:
        run = sync(small, state=json.loads(state), end_date=END)
        assert run.error is None
        return shared(latest(run), told)

    return lambda state: rest(json.dumps(state, sort_keys=True))


def shared(rows: Rows, told: Rows) -> Rows:
    """Take the very objects of `told` where they are equal: these are quickly compared."""
    return {key: told[key] if told.get(key) == row else row for key, row in rows.items()}


def last_state(run: Run) -> Any:
    return run.states[-1] if run.states else None


# Every boundary


def test_b43_after_every_message_the_next_run_delivers_the_rest(
    small: Sandbox,
    told: Rows,
    rest_of: Callable[[Any], Rows],
    monkeypatch: pytest.MonkeyPatch,
    record_property: Noted,
) -> None:
    monkeypatch.setattr(IntercomStream, "STATE_MSG_FREQUENCY", 40)
    unbroken = sync(small, end_date=END, page_size=20)
    assert latest(unbroken) == told
    held: Rows = {}
    state = None
    for message in unbroken.messages:
        assert held | rest_of(state) == told, state
        held |= shared(latest(Run([message])), told)
        state = message["value"] if message["type"] == "STATE" else state
    assert held | rest_of(state) == told
    assert len({json.dumps(one) for one in unbroken.states}) > len(INCREMENTAL) / 2
    record_property("message boundaries", len(unbroken.messages) + 1)


INCREMENTAL = {stream.name: stream.replication_key for stream in STREAMS if stream.replication_key}


def test_no_state_runs_ahead_of_what_was_written(
    small: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each STATE, all that changed up to a bookmark is among the records before it."""
    monkeypatch.setattr(IntercomStream, "STATE_MSG_FREQUENCY", 10)
    run = sync(small, *NAMES, custom_object_types=CUSTOM_OBJECT_TYPES, page_size=20)
    assert run.error is None
    moments = {
        stream: [row[key] for row in run.rows(stream)] for stream, key in INCREMENTAL.items()
    }
    written = dict.fromkeys(INCREMENTAL, 0)
    moved = set()
    for message in run.messages:
        if message["type"] == "RECORD" and message["stream"] in written:
            written[message["stream"]] += 1
        if message["type"] != "STATE":
            continue
        for stream, bookmark in message["value"]["bookmarks"].items():
            value = bookmark.get("replication_key_value")
            if value:
                moved.add(stream)
                to_come = moments[stream][written[stream] :]
                assert [moment for moment in to_come if moment and moment < value] == [], stream
    assert moved == {stream for stream in INCREMENTAL if any(moments[stream])}


# Any moment


def ended_by(tap: Program, number: signal.Signals, all_of_it: Rows) -> Run:
    """End a run from outside, and see that what it leaves is whole and its end is honest."""
    code = tap.end_by(number)
    run, log = tap.run, tap.log
    if number == signal.SIGKILL:
        assert code in {-number, 0}
    else:
        assert tap.written.endswith(b"\n") or not tap.written
        if "KeyboardInterrupt" in log and "tap_intercom/tap.py" not in log:
            assert not tap.written  # Python itself was starting, and the tap was not there yet
            return run
        assert "Traceback" not in log
        # Before the tap is loaded, and when Python is leaving, the signal itself ends it. A shell
        # shows the same number.
        assert code in {128 + number, -number, 0}, log
    if code == 0 or (code == -number != -signal.SIGKILL and run.messages):
        assert latest(run) == all_of_it  # the signal came too late
    elif number != signal.SIGKILL and run.states:
        assert run.messages[-1]["type"] == "STATE"
    return run


class Kills:
    """Ends runs of the program, and counts what is lost."""

    def __init__(self, folder: Path, told: Rows, rest_of: Callable[[Any], Rows]) -> None:
        self.folder = folder
        self.told = told
        self.rest_of = rest_of
        self.count = 0
        self.lost = 0

    def start(self, sandbox: Sandbox, **settings: Any) -> Program:
        self.count += 1
        return Program.start(sandbox, self.folder / str(self.count), end_date=END, **settings)

    def end(self, tap: Program, number: signal.Signals) -> None:
        """End a run, and see that the next one delivers what it has not."""
        run = ended_by(tap, number, self.told)
        self.compare(latest(run), last_state(run))

    def compare(self, held: Rows, state: Any) -> None:
        """See that what a target holds and what the next run delivers are all there is."""
        union = held | self.rest_of(state)
        self.lost += len(self.told.keys() - union.keys())
        assert union == self.told


@pytest.fixture
def kills(
    tmp_path: Path, told: Rows, rest_of: Callable[[Any], Rows], record_property: Noted
) -> Iterator[Kills]:
    kills = Kills(tmp_path, told, rest_of)
    yield kills
    record_property("kills", kills.count)
    record_property("records lost", kills.lost)


@pytest.fixture(scope="module")
def seconds(small: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long an unbroken run of the program takes here."""
    began = time.monotonic()
    tap = Program.start(small, tmp_path_factory.mktemp("unbroken"), end_date=END, really=True)
    assert tap.end() == 0
    return time.monotonic() - began


@pytest.mark.parametrize("number", SIGNALS)
def test_b43_a_run_may_be_killed_at_any_time(
    small: Sandbox, kills: Kills, seconds: float, number: signal.Signals
) -> None:
    dice = random.Random(number)
    for concurrency, really in ((1, True), (32, False)) * 3:
        tap = kills.start(small, max_concurrency=concurrency, really=really).keep_reading()
        time.sleep(dice.uniform(0, seconds))
        kills.end(tap, number)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_run_may_be_killed_after_any_line(
    small: Sandbox, kills: Kills, unbroken: Run, number: signal.Signals
) -> None:
    dice = random.Random(number)
    for concurrency, unbuffered in ((1, False), (32, True)) * 2:
        tap = kills.start(small, max_concurrency=concurrency, unbuffered=unbuffered)
        tap.read(dice.randrange(1, len(unbroken.messages)))
        kills.end(tap, number)


def is_full(tap: Program) -> bool:
    """Say whether there is no room in the pipe between a run and its target."""
    pipe = os.open(f"/proc/{tap.process.pid}/fd/1", os.O_WRONLY)
    try:
        return not select.select([], [pipe], [], 0)[1]
    finally:
        os.close(pipe)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_run_may_be_killed_while_the_target_does_not_read(
    small: Sandbox, kills: Kills, number: signal.Signals
) -> None:
    dice = random.Random(number)
    for unbuffered in (False, True):
        tap = kills.start(small, unbuffered=unbuffered)
        assert tap.process.stdout is not None
        fcntl.fcntl(tap.process.stdout, fcntl.F_SETPIPE_SZ, 4_096)  # a block is larger
        tap.read(dice.randrange(1, 300))
        while not is_full(tap):
            time.sleep(0.01)
        time.sleep(0.1)  # by now it tries to write all the same
        kills.end(tap, number)


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("token", ["demo-slow", "demo-flaky"])
def test_a_run_may_be_killed_while_calls_take_long_or_are_made_again(
    small: Sandbox, kills: Kills, token: str, number: signal.Signals
) -> None:
    dice = random.Random(f"{token} {number}")
    for concurrency in (1, 32):
        small.reset()
        tap = kills.start(small, api_key=token, max_concurrency=concurrency).keep_reading()
        while small.stats()["requests"] < 2:  # the first calls of all streams are on their way
            time.sleep(0.01)
        time.sleep(dice.uniform(0, 1.5))
        kills.end(tap, number)


@pytest.mark.parametrize("seed", range(3))
def test_runs_that_are_killed_one_after_the_other_come_to_the_end(
    small: Sandbox, kills: Kills, unbroken: Run, seed: int
) -> None:
    dice = random.Random(seed)
    held: Rows = {}
    state = None
    for turn in range(3):
        tap = kills.start(small, state=state)
        tap.read(dice.randrange(1, len(unbroken.messages) // 2))
        run = ended_by(tap, SIGNALS[(seed + turn) % 3], kills.rest_of(state))
        held |= latest(run)
        state = last_state(run) or state
        kills.compare(held, state)


# A target that dies


def assert_ends_with_its_target(tap: Program) -> None:
    """Let nobody read a run any more, and see that it ends at once, with one clear line."""
    tap.stop_reading()
    assert tap.process.wait(PATIENCE) == 1, tap.log
    assert tap.log.count("The target ended") == 1
    assert "Traceback" not in tap.log


@pytest.mark.parametrize("unbuffered", [False, True])
@pytest.mark.parametrize("lines", [0, 10, 1_000])
def test_a_target_that_dies_ends_the_tap_with_a_sentence(
    small: Sandbox, tmp_path: Path, lines: int, *, unbuffered: bool
) -> None:
    tap = Program.start(small, tmp_path, unbuffered=unbuffered, really=lines == 10)
    tap.read(lines)
    assert_ends_with_its_target(tap)


@pytest.mark.parametrize("concurrency", [1, 32])
def test_a_target_that_dies_while_calls_are_on_their_way_ends_the_tap(
    small: Sandbox, tmp_path: Path, concurrency: int
) -> None:
    tap = Program.start(small, tmp_path, api_key="demo-slow", max_concurrency=concurrency)
    tap.read(1)
    while not small.stats()["in_flight"]:
        time.sleep(0.01)
    assert_ends_with_its_target(tap)


def test_a_target_that_dies_is_not_noticed_only_with_the_next_line(tmp_path: Path) -> None:
    with running(latency_ms=PATIENCE * 2_000) as sandbox:
        tap = Program.start(sandbox, tmp_path, request_timeout=600)
        while not sandbox.stats()["in_flight"]:
            time.sleep(0.01)
        assert_ends_with_its_target(tap)
