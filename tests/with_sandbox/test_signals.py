"""A run that is ended from outside leaves whole lines, a true STATE and an honest exit code."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from runs import Run, latest, sync

from tap_intercom.sandbox import running

if TYPE_CHECKING:
    from pathlib import Path

    from tap_intercom.sandbox import Sandbox


@dataclass
class Program:
    """The tap as a program, as a target or Meltano would start it."""

    process: subprocess.Popen[str]
    log: Path
    text: str = ""

    @classmethod
    def start(cls, sandbox: Sandbox, folder: Path, **settings: Any) -> Program:
        config, log = folder / "config.json", folder / "log.txt"
        config.write_text(json.dumps({"api_key": "demo", "api_url": sandbox.url, **settings}))
        command = [sys.executable, "-m", "tap_intercom", "--config", str(config)]
        with log.open("w") as stderr:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
        return cls(process, log)

    def read(self, lines: int = -1) -> None:
        """Read so many lines of output; all, by default."""
        assert self.process.stdout is not None
        if lines < 0:
            self.text += self.process.stdout.read()
        else:
            self.text += "".join(self.process.stdout.readline() for _ in range(lines))

    def end(self) -> int:
        """Read to the end and give the exit code."""
        self.read()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait(30)

    @property
    def run(self) -> Run:
        """What was written; each line must be whole, but for one without an end, which a target
        does not read.
        """
        return Run([json.loads(line) for line in self.text.split("\n")[:-1]])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("lines", [3, 250, 1_200, 2_600])
def test_a_signal_ends_with_a_true_state_and_its_code(
    sandbox: Sandbox, whole: Run, tmp_path: Path, number: signal.Signals, lines: int
) -> None:
    tap = Program.start(sandbox, tmp_path)
    tap.read(lines)
    tap.process.send_signal(number)
    assert tap.end() == 128 + number, tap.log.read_text()
    assert "Traceback" not in tap.log.read_text()
    assert tap.text.endswith("\n")
    broken = tap.run
    if lines > 3:  # before the first bookmark there is no state to tell
        assert broken.messages[-1]["type"] == "STATE"
    after = sync(sandbox, state=broken.states[-1] if broken.states else None)
    assert latest(broken, after) == latest(whole)


def test_two_signals_at_once_are_one(sandbox: Sandbox, tmp_path: Path) -> None:
    """Ctrl-C under Meltano reaches the tap from the terminal and from Meltano."""
    tap = Program.start(sandbox, tmp_path)
    tap.read(500)
    tap.process.send_signal(signal.SIGINT)
    tap.process.send_signal(signal.SIGTERM)
    assert tap.end() in {130, 143}, tap.log.read_text()
    assert tap.run.messages[-1]["type"] == "STATE"


def test_a_signal_does_not_wait_for_calls_on_their_way(tmp_path: Path) -> None:
    with running(latency_ms=10_000) as sandbox:
        tap = Program.start(sandbox, tmp_path)
        while not sandbox.stats()["in_flight"]:
            time.sleep(0.05)
        tap.process.terminate()
        assert tap.process.wait(9) == 143, tap.log.read_text()
        tap.end()


@pytest.mark.parametrize("seed", range(6))
def test_b43_a_kill_at_any_moment_loses_nothing(
    sandbox: Sandbox, whole: Run, tmp_path: Path, seed: int
) -> None:
    """Machines go down, and jobs are killed, without asking the tap."""
    tap = Program.start(sandbox, tmp_path)
    tap.read(random.Random(seed).randrange(1, len(whole.messages)))
    tap.process.kill()
    tap.end()
    broken = tap.run
    after = sync(sandbox, state=broken.states[-1] if broken.states else None)
    assert latest(broken, after) == latest(whole)


def test_a_target_that_dies_ends_the_tap_with_a_sentence(sandbox: Sandbox, tmp_path: Path) -> None:
    tap = Program.start(sandbox, tmp_path)
    tap.read(10)
    assert tap.process.stdout is not None
    tap.process.stdout.close()
    assert tap.process.wait(30) == 1
    assert "The target ended" in tap.log.read_text()
    assert "Traceback" not in tap.log.read_text()
