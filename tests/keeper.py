"""Ends what tests have started when they have ended in whatever way, also when they were killed.

A process of its own, started by `conftest.py`. It waits until nobody is at the other end of its
standard input any more, and then ends all processes that have a certain name in their environment:
they have inherited it from the tests, over however many others.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path

PATIENCE = 10.0


def keep() -> str:
    """See to it that all that this process starts from now on will end with it; give the mark."""
    mark = f"STARTED_BY_TESTS_{uuid.uuid4().hex}"
    os.environ[mark] = "yes"
    waiting, _ = os.pipe()  # the other end is closed when this process is no more
    os.posix_spawn(
        sys.executable,
        [sys.executable, __file__, mark],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, waiting, 0)],
    )
    os.close(waiting)
    return mark


def marked(mark: str) -> set[int]:
    """Find all processes with the mark but this one; where there is no `/proc`, none are found."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # it has ended, or is somebody else's
            if f"{mark}=yes".encode() in path.read_bytes().split(b"\0"):
                found.add(int(path.parent.name))
    return found - {os.getpid()}


def end_all(mark: str) -> None:
    """End them, politely at first, until there are none."""
    give_up_at = time.monotonic() + PATIENCE
    asked: set[int] = set()
    while found := marked(mark):
        late = time.monotonic() > give_up_at
        for process in found if late else found - asked:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL if late else signal.SIGTERM)
        asked |= found
        time.sleep(0.05)


if __name__ == "__main__":
    os.setsid()  # Ctrl-C is not for it
    sys.stdin.read()
    end_all(sys.argv[1])
