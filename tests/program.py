"""The tap as a program, as a target or Meltano would start it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runs import Run, catalog_of
from starting import Started

if TYPE_CHECKING:
    import signal
    from pathlib import Path

    from tap_intercom.sandbox import Sandbox

PATIENCE = 60.0


@dataclass
class Program:
    """A run of its own, what it has written so far, and its log."""

    process: subprocess.Popen[bytes] | Started
    log_file: Path
    written: bytearray = field(default_factory=bytearray)
    reader: threading.Thread | None = None

    @classmethod
    def start(
        cls,
        sandbox: Sandbox,
        folder: Path,
        *,
        streams: list[str] | None = None,
        state: Any = None,
        unbuffered: bool = False,
        really: bool = False,
        **settings: Any,
    ) -> Program:
        """Start it, with its files in a folder that may have to be made.

        It need not be loaded for that, unless it is to be started really.
        """
        folder.mkdir(exist_ok=True)
        log = folder / "log.txt"
        given = {
            "config": {"api_key": "demo", "api_url": sandbox.url, **settings},
            "catalog": catalog_of(*streams) if streams else None,
            "state": state,
        }
        options = []
        for name, content in given.items():
            if content is not None:
                path = folder / f"{name}.json"
                path.write_text(json.dumps(content))
                options += [f"--{name}", str(path)]
        start, command = Started, ["tap-intercom"]
        if really:
            start, command = subprocess.Popen, [sys.executable, "-m", "tap_intercom"]
        with log.open("w") as stderr:
            process = start(
                [*command, *options],
                stdout=subprocess.PIPE,
                stderr=stderr,
                env={**os.environ, "PYTHONUNBUFFERED": "1" if unbuffered else ""},
            )
        return cls(process, log)

    @property
    def log(self) -> str:
        """What it has told a person."""
        return self.log_file.read_text()

    def read(self, lines: int = -1) -> None:
        """Read so many lines of output; all, by default."""
        assert self.process.stdout is not None
        if lines < 0:
            self.written += self.process.stdout.read()
        else:
            self.written += b"".join(self.process.stdout.readline() for _ in range(lines))

    def keep_reading(self) -> Program:
        """Read all that comes, while something else is done."""
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        return self

    def stop_reading(self) -> None:
        """Be a target that ends."""
        assert self.process.stdout is not None
        self.process.stdout.close()

    def end(self) -> int:
        """Read to the end and give the exit code."""
        if self.reader is None:
            self.read()
        else:
            self.reader.join(PATIENCE)
        self.stop_reading()
        return self.process.wait(PATIENCE)

    def end_by(self, number: signal.Signals) -> int:
        """Send a signal, read what still comes and give the exit code."""
        self.process.send_signal(number)
        return self.end()

    @property
    def run(self) -> Run:
        """What was written; each line must be whole, but for one without an end, which a target
        does not read.
        """
        return Run([json.loads(line) for line in self.written.split(b"\n")[:-1]])
