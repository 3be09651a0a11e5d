"""When the tests are stopped, nothing that they have started goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import keeper
import pytest
from cloned import PROJECT

TESTS = PROJECT / "tests"
PATIENCE = 120.0

# A test that starts one of each kind, tells which they are, and does not end.
GOES_ON = """
import os, subprocess, time
from pathlib import Path

import postgres
from home import Home
from program import Program
from tap_intercom.sandbox import running

def test_that_does_not_end(tmp_path):
    with running(latency_ms=1_000_000) as sandbox, postgres.running(tmp_path / "data"):
        quick = Program.start(sandbox, tmp_path / "quick", request_timeout=1_000)
        really = Program.start(sandbox, tmp_path / "really", request_timeout=1_000, really=True)
        subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 1000 & wait"], start_new_session=True)
        with Home.of(tmp_path, sandbox).log_in() as person:
            person.address()
            told = Path(os.environ["TOLD"])
            started = (quick.process.pid, really.process.pid, person._program.pid)
            told.with_suffix(".part").write_text(" ".join(map(str, started)))
            told.with_suffix(".part").rename(told)
            time.sleep(1_000)
"""


def ended(process: int) -> bool:
    """Tell whether a process is no more, or only waits to be asked how it ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def names(processes: set[int]) -> set[str]:
    found = set()
    for one in processes:
        with suppress(OSError):  # it has ended
            found.add(Path(f"/proc/{one}/comm").read_text().strip())
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, processes show no environment")
@pytest.mark.parametrize(
    ("options", "number"),
    [
        ((), signal.SIGTERM),
        ((), signal.SIGINT),
        (("-n", "1"), signal.SIGTERM),
        (("-n", "1"), signal.SIGINT),
        (("-n", "1"), signal.SIGKILL),
    ],
)
def test_nothing_outlives_the_tests(
    tmp_path: Path, options: tuple[str, ...], number: signal.Signals
) -> None:
    test, told = tmp_path / "test_going_on.py", tmp_path / "told"
    test.write_text(GOES_ON)
    mark = {"STARTED_BY_TESTS_HERE": "yes"}
    env = {**os.environ, **mark, "TOLD": str(told), "PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-m", "pytest", "-c", PROJECT / "pyproject.toml", "-p", "conftest"]
    tests = subprocess.Popen(
        [*command, *options, f"--basetemp={tmp_path / 'base'}", test],
        env={name: one for name, one in env.items() if not name.startswith("PYTEST_")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until(lambda: told.exists() or tests.poll() is not None)
        started = keeper.marked(*mark)
        assert {int(one) for one in told.read_text().split()} < started
        assert {"postgres", "sleep"} <= names(started)
        tests.send_signal(number)
        tests.wait(PATIENCE)
        wait_until(lambda: all(map(ended, started)))
        assert keeper.marked(*mark) == set()
    finally:
        tests.kill()
        tests.wait()
        keeper.end_all(*mark)


def wait_until(is_so: object) -> None:
    give_up_at = time.monotonic() + PATIENCE
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < give_up_at
        time.sleep(0.05)
