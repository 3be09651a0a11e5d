"""Does a long run stay as small as it was after its beginning? Looks at it while it goes on.

Linux tells of each process, in `/proc`, its memory, its open files and its threads.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peers import OURS, Job, LeftOut, last_line
from serving import PROJECT, client_cores, pin, served
from timing import Written, say

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from serving import Served

Json = dict[str, Any]

STREAMS = ("conversation_parts",)
EVERY_SECONDS = 1.0
TENTHS = 10


@dataclass(frozen=True)
class Sample:
    """What a process has at one moment."""

    memory_mb: float
    files: int
    threads: int

    @classmethod
    def of(cls, process: int) -> Sample:
        """Look at a process; that fails when it is over."""
        folder = Path(f"/proc/{process}")
        status = (folder / "status").read_text("utf-8")
        told = dict(re.findall(r"^(\w+):\s+(\d+)", status, re.MULTILINE))
        files = sum(1 for _ in (folder / "fd").iterdir())
        return cls(int(told["VmRSS"]) * 1_024 / 1e6, files, int(told["Threads"]))


@contextmanager
def watched(process: int, every: float = EVERY_SECONDS) -> Iterator[list[Sample]]:
    """Look at a process again and again; the list grows until it ends, or is no longer watched."""
    samples: list[Sample] = []
    over = threading.Event()

    def look() -> None:
        try:
            while not over.wait(every):
                samples.append(Sample.of(process))
        except (OSError, KeyError):
            return  # it has ended

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield samples
    finally:
        over.set()
        watcher.join()


def soak(options: argparse.Namespace) -> Json:
    """Does a run of half an hour's calls stay flat in memory, open files and threads?"""
    with served(options.size) as sandbox, tempfile.TemporaryDirectory() as folder:
        written, samples, seconds = run(sandbox, Path(folder))
        calls = sandbox.stats()["requests"]
    say(f"{OURS.title}: {seconds:.1f} s, {calls} calls")
    records = sum(written.records.values())
    told = {"seconds": round(seconds, 3), "calls": calls, "records": records, **summed(samples)}
    return {"streams": STREAMS, "left_out": {}, "results": {OURS.name: told}}


def run(sandbox: Served, folder: Path) -> tuple[Written, list[Sample], float]:
    """Run the tap once, with what it writes going to a reader that only counts.

    Raises:
        LeftOut: It failed.
    """
    command = OURS.command(Job(sandbox, "demo", STREAMS, folder))
    sandbox.reset()
    errors = folder / "err"
    began = time.perf_counter()
    with (
        errors.open("wb") as err,
        subprocess.Popen(  # noqa: S603
            command, stdout=subprocess.PIPE, stderr=err, cwd=PROJECT
        ) as program,
    ):
        pin(program.pid, client_cores())
        with watched(program.pid) as samples:
            written = Written.read(program.stdout or ())
    seconds = time.perf_counter() - began
    if program.returncode:
        said = last_line(errors.read_text("utf-8", "replace"))
        raise LeftOut(f"ended with {program.returncode}: {said[:500]}")
    return written, samples, seconds


def summed(samples: Sequence[Sample]) -> Json:
    """Say what there was after each tenth of the run, and from the first tenth on at most."""
    tenths = [samples[(len(samples) - 1) * tenth // TENTHS] for tenth in range(1, TENTHS + 1)]
    lasting = samples[(len(samples) - 1) // TENTHS :]
    return {
        name: {
            "after_each_tenth": [round(getattr(one, name), 1) for one in tenths],
            "peak": round(max(getattr(one, name) for one in lasting), 1),
        }
        for name in ("memory_mb", "files", "threads")
    }
