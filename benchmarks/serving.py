"""Where do the connectors read from? A sandbox of its own for each measurement, on one core."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).resolve().parent.parent
SERVE = "from tap_intercom.cli.sandbox import sandbox; sandbox()"
UNLIMITED = 1_000_000_000


def server_cores() -> set[int]:
    """The core that the sandbox has."""
    return {min(allowed())}


def client_cores() -> set[int]:
    """The cores that a connector has: all others, if there are any."""
    return allowed() - server_cores() or allowed()


def allowed() -> set[int]:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return set(os.sched_getaffinity(0))
    return set(range(os.cpu_count() or 1))


def pin(process: int, cores: set[int]) -> None:
    """Keep a process on some cores, where the system has a say in that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process, cores)


@dataclass(frozen=True)
class Served:
    """A sandbox that is running."""

    url: str

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.url.rpartition(":")[2])

    def stats(self) -> dict[str, Any]:
        """Tell what was asked since the last reset."""
        with urllib.request.urlopen(f"{self.url}/__sandbox__/stats") as answer:  # noqa: S310
            told: dict[str, Any] = json.load(answer)
        return told

    def reset(self) -> None:
        """Count from zero again."""
        asked = urllib.request.Request(f"{self.url}/__sandbox__/reset", method="POST")  # noqa: S310
        urllib.request.urlopen(asked).close()  # noqa: S310


@contextmanager
def served(
    size: int, *, latency_ms: float = 0, rate_limit: int = UNLIMITED, live_headers: bool = False
) -> Iterator[Served]:
    """Serve a workspace in one process, on the first core."""
    command = [sys.executable, "-c", SERVE, "--port", "0", "--size", str(size)]
    command += ["--latency-ms", str(latency_ms), "--rate-limit", str(rate_limit)]
    command += ["--live-headers"] if live_headers else []
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, text=True, cwd=PROJECT
    ) as server:
        pin(server.pid, server_cores())
        for line in server.stdout or ():
            found = re.search(r"http://127\.0\.0\.1:\d+$", line.strip())
            if found:
                break
        else:
            raise SystemExit("the sandbox did not start")
        try:
            yield Served(found.group())
        finally:
            server.terminate()
