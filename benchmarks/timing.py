"""What does one run of a connector take, write and ask for, and what is the median of several?"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from typing import IO, TYPE_CHECKING, Any

from peers import OURS, SHARED, Connector, Job, LeftOut, last_line
from serving import PROJECT, Served, client_cores, pin

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from resource import struct_rusage

Json = dict[str, Any]

RECORD = re.compile(rb'\{"type": ?"RECORD", ?(?:"record": ?\{)?"stream": ?"(\w+)"')
STATE = re.compile(rb'\{"type": ?"STATE"')
PATIENCE = 900
TOKENS = count(1)


@dataclass(frozen=True)
class Run:
    """What one run of a connector took, wrote, and asked for."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    records: Counter[str]
    stats: Json
    state: Any = None


@dataclass
class Written:
    """What a connector wrote: how many records per stream, and the STATE messages."""

    records: Counter[str] = field(default_factory=Counter)
    states: list[Json] = field(default_factory=list)

    @classmethod
    def read(cls, lines: Iterable[bytes]) -> Written:
        """Look at the beginning of each line only, but for STATE."""
        written = cls()
        for line in lines:
            found = RECORD.match(line)
            if found:
                written.records[found.group(1).decode()] += 1
            elif STATE.match(line):
                written.states.append(json.loads(line))
        return written


def run(
    connector: Connector,
    sandbox: Served,
    streams: tuple[str, ...] | None = SHARED,
    state: object = None,
) -> Run:
    """Run a connector once, with a token of its own: nobody has spent from its rate limit.

    Raises:
        LeftOut: It failed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        token = f"demo-benchmark-{next(TOKENS)}"
        command = connector.command(Job(sandbox, token, streams, folder, state))
        sandbox.reset()
        out, err = folder / "out", folder / "err"
        with out.open("wb") as output, err.open("wb") as errors:
            code, seconds, usage = timed(command, output, errors)
        if code:
            # Airbyte's sources report errors among their messages, the other two beside them.
            said = last_line(err.read_text("utf-8", "replace") or out.read_text("utf-8", "replace"))
            raise LeftOut(f"ended with {code}: {said[:500]}")
        with out.open("rb") as lines:
            written = Written.read(lines)
    return Run(
        seconds,
        usage.ru_utime + usage.ru_stime,
        # Linux counts in units of 1,024 bytes, macOS in bytes.
        usage.ru_maxrss * (1_024 if sys.platform == "linux" else 1) / 1e6,
        written.records,
        sandbox.stats(),
        connector.state(written.states),
    )


def timed(command: list[str], out: IO[bytes], err: IO[bytes]) -> tuple[int, float, struct_rusage]:
    """Run a program on the cores of clients; give its code, its time and what it used."""
    began = time.perf_counter()
    # As on a machine where nobody has told Python not to keep what it has compiled.
    environment = {name: one for name, one in os.environ.items() if not name.startswith("PYTHON")}
    program = subprocess.Popen(  # noqa: S603
        command, stdout=out, stderr=err, cwd=PROJECT, env=environment
    )
    pin(program.pid, client_cores())
    guard = threading.Timer(PATIENCE, program.kill)
    guard.start()
    try:
        _, status, usage = os.wait4(program.pid, 0)
    finally:
        guard.cancel()
    seconds = time.perf_counter() - began
    program.returncode = os.waitstatus_to_exitcode(status)
    return program.returncode, seconds, usage


@dataclass
class Rounds:
    """Runs of several connectors that take turns, and who had to be left out, and why."""

    connectors: list[Connector] = field(default_factory=lambda: [OURS])
    runs: dict[str, list[Run]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Install everybody."""
        for connector in tuple(self.connectors):
            try:
                connector.prepare()
            except LeftOut as problem:
                self.leave_out(connector, problem)

    def turn(
        self,
        sandbox: Served,
        streams: tuple[str, ...] | None = SHARED,
        states: dict[str, Any] | None = None,
    ) -> None:
        """Run everybody once.

        Raises:
            LeftOut: It was our tap that failed; without it there is no result.
        """
        for connector in tuple(self.connectors):
            try:
                made = run(connector, sandbox, streams, (states or {}).get(connector.name))
            except LeftOut as problem:
                if connector is OURS:
                    raise
                self.leave_out(connector, problem)
                continue
            say(f"{connector.title}: {made.seconds:.1f} s, {made.stats['requests']} calls")
            self.runs.setdefault(connector.name, []).append(made)

    def leave_out(self, connector: Connector, problem: LeftOut) -> None:
        """Go on without one of them."""
        say(f"{connector.title} is left out: {problem}")
        self.left_out[connector.name] = str(problem)
        self.runs.pop(connector.name, None)
        self.connectors.remove(connector)

    def results(self) -> Json:
        """Sum each connector up, and compare it with ours."""
        ours = [one.seconds for one in self.runs[OURS.name]]
        return {
            name: summed(runs) | {"times_ours": ratio([one.seconds for one in runs], ours)}
            for name, runs in self.runs.items()
        }


def summed(runs: Sequence[Run]) -> Json:
    """Medians of some runs of one connector, and what it asked for and wrote in the last."""
    last = runs[-1]
    seconds = [round(one.seconds, 3) for one in runs]
    return {
        "seconds": round(median(seconds), 3),
        "seconds_of_each_run": seconds,
        "cpu_seconds": round(median(one.cpu_seconds for one in runs), 3),
        "peak_mb": round(max(one.peak_mb for one in runs), 1),
        "calls": last.stats["requests"],
        "most_calls_in_flight": last.stats["max_in_flight"],
        "refused_by_rate_limit": sum(one.stats["rate_limited"] for one in runs),
        "records": sum(last.records.values()),
        "records_per_stream": dict(sorted(last.records.items())),
    }


def ratio(these: Sequence[float], those: Sequence[float]) -> float:
    """The median of the ratios within each round."""
    return round(median(one / other for one, other in zip(these, those, strict=True)), 3)


def say(text: str) -> None:
    """Tell a person how far it is."""
    sys.stderr.write(f"  {text}\n")
