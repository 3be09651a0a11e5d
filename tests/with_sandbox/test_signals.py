"""A run that is told to stop does so at once, and nothing but a sentence is seen of it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from program import PATIENCE, Program
from starting import ran

from tap_intercom.sandbox import running

if TYPE_CHECKING:
    from pathlib import Path

    from tap_intercom.sandbox import Sandbox


def test_two_signals_at_once_are_one(sandbox: Sandbox, tmp_path: Path) -> None:
    """Ctrl-C under Meltano reaches the tap from the terminal and from Meltano."""
    tap = Program.start(sandbox, tmp_path, really=True)
    tap.read(500)
    tap.process.send_signal(signal.SIGINT)
    assert tap.end_by(signal.SIGTERM) in {130, 143}, tap.log
    assert tap.run.messages[-1]["type"] == "STATE"


def test_a_signal_does_not_wait_for_calls_on_their_way(tmp_path: Path) -> None:
    with running(latency_ms=PATIENCE * 2_000) as sandbox:
        tap = Program.start(sandbox, tmp_path, request_timeout=600)
        while not sandbox.stats()["in_flight"]:
            time.sleep(0.05)
        tap.process.terminate()
        assert tap.process.wait(PATIENCE) == 143, tap.log
        tap.end()


@pytest.mark.parametrize("program", ["main", "check", "login", "sandbox"])
def test_ctrl_c_while_a_program_is_being_loaded_shows_no_traceback(program: str) -> None:
    start = f"from tap_intercom.__main__ import {program}; {program}()"
    command = [sys.executable, "-X", "importtime", "-c", start, "--help"]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as tap:
        assert tap.stderr is not None
        shown = next(line for line in tap.stderr if line.endswith(" click\n"))
        tap.send_signal(signal.SIGINT)
        shown += tap.stderr.read()
        code = tap.wait(PATIENCE)
    assert code in {-signal.SIGINT, 130}, shown  # a shell shows 130 for both
    assert "Traceback" not in shown


HASTY = """
import os, signal
from tap_intercom.messages import WholeLineWriter
from tap_intercom.tap import TapIntercom

class Hasty(WholeLineWriter):
    def __init__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        super().__init__()

TapIntercom.message_writer_class = Hasty
TapIntercom(config={"api_key": "demo"})
"""


def test_a_signal_before_there_is_anything_to_write_shows_no_traceback() -> None:
    done = ran("-c", HASTY)
    assert done.returncode == -signal.SIGTERM, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
