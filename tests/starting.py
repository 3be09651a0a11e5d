"""Start a program of the project as a person or Meltano would, without its loading each time.

A process that has loaded the programs forks itself for each start (`fork_server.py`). What differs
from a real start is how long it takes to begin: a test of that start itself uses `subprocess`.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    File = int | IO[Any] | None

NUMBER, END = struct.Struct("q"), struct.Struct("qq")
PATIENCE = 120.0


class Server:
    """The process that starts programs for this one, and ends with it."""

    def __init__(self) -> None:
        self.orders, theirs = socket.socketpair()
        self.lock = threading.Lock()
        path = Path(__file__).with_name("fork_server.py")
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, path, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

    def start(self, order: dict[str, Any], streams: Sequence[int]) -> tuple[int, int]:
        """Start a program: its process, and where its end will be told."""
        told, tell = os.pipe()
        try:
            with tempfile.TemporaryFile() as file:
                file.write(json.dumps(order).encode())
                file.seek(0)
                with self.lock:
                    socket.send_fds(self.orders, [b"!"], [file.fileno(), tell, *streams])
        finally:
            os.close(tell)
        process = os.read(told, NUMBER.size)
        assert process, "the process that starts programs has ended"
        return NUMBER.unpack(process)[0], told

    def close(self) -> None:
        """Let it end all that it has started, and itself."""
        self.orders.close()
        self.process.wait()


@cache
def server() -> Server:
    """Start it with the first program that is needed."""
    started = Server()
    atexit.register(started.close)
    return started


class Started:
    """A program, with as much of `subprocess.Popen` as is needed here."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        stdin: File = None,
        stdout: File = None,
        stderr: File = None,
        env: Mapping[str, str] | None = None,
        cwd: str | Path | None = None,
        start_new_session: bool = False,
    ) -> None:
        self.args = [str(word) for word in command]
        self.returncode: int | None = None
        self.megabytes = 0.0
        self.stdout: IO[bytes] | None = None
        self.stderr: IO[bytes] | None = None
        order = {
            "command": self.args,
            "environment": dict(os.environ if env is None else env),
            "folder": str(cwd or Path.cwd()),
            "alone": start_new_session,
        }
        ours: list[int] = []
        streams = [
            self._opened(one, number, ours) for number, one in enumerate((stdin, stdout, stderr))
        ]
        try:
            self.pid, self._told = server().start(order, streams)
        finally:
            for one in ours:
                os.close(one)

    def _opened(self, given: File, number: int, ours: list[int]) -> int:
        if given is None:
            return number
        if given == subprocess.DEVNULL:
            ours.append(os.open(os.devnull, os.O_RDWR))
            return ours[-1]
        if given == subprocess.PIPE:
            read, write = os.pipe()
            ours.append(write)
            setattr(self, ("", "stdout", "stderr")[number], os.fdopen(read, "rb"))
            return write
        return given if isinstance(given, int) else given.fileno()

    def _has_ended(self, timeout: float | None) -> bool:
        if self.returncode is None and select.select([self._told], [], [], timeout)[0]:
            end = os.read(self._told, END.size)
            os.close(self._told)
            assert end, "the process that starts programs has ended"
            status, memory = END.unpack(end)
            self.returncode = os.waitstatus_to_exitcode(status)
            self.megabytes = memory * (1_024 if sys.platform == "linux" else 1) / 1e6
        return self.returncode is not None

    def poll(self) -> int | None:
        """Give the exit code, or the number of a signal below zero, once it has ended."""
        self._has_ended(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and give the same."""
        if not self._has_ended(timeout) or self.returncode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self.returncode

    def communicate(self, timeout: float = PATIENCE) -> tuple[bytes, bytes]:
        """Read all that is written, and wait for the end."""
        give_up_at = time.monotonic() + timeout
        pipes = [one for one in (self.stdout, self.stderr) if one is not None and not one.closed]
        read: dict[Any, bytes] = dict.fromkeys(pipes, b"")
        open_pipes = list(pipes)
        while open_pipes:
            left = give_up_at - time.monotonic()
            ready = select.select(open_pipes, [], [], max(0.0, left))[0]
            if not ready:
                raise subprocess.TimeoutExpired(self.args, timeout)
            for one in ready:
                came = os.read(one.fileno(), 65_536)
                read[one] += came
                if not came:
                    open_pipes.remove(one)
                    one.close()
        self.wait(max(0.0, give_up_at - time.monotonic()))
        return read.get(self.stdout, b""), read.get(self.stderr, b"")

    def send_signal(self, number: int) -> None:
        """Send a signal, if it goes on."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def ran(
    *command: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
    timeout: float = PATIENCE,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end where there is no terminal; give what it wrote."""
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    process = Started(command, stdin=nothing, stdout=pipe, stderr=pipe, env=env, cwd=cwd)
    try:
        out, err = process.communicate(timeout)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.wait(), out.decode(), err.decode())
