"""Who is measured, and how is each of them installed and run?

The tap of this checkout runs in the environment of whoever measures. Each peer is installed from
PyPI into an environment of its own below `benchmarks/.cache/`, with the versions and hashes in
`requirements/`, and is run as it is; `rerouted.py` brings it to the sandbox.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from serving import PROJECT, Served

if TYPE_CHECKING:
    from pathlib import Path

CACHE = PROJECT / "benchmarks" / ".cache"
REQUIREMENTS = PROJECT / "requirements"
REROUTED = PROJECT / "benchmarks" / "rerouted.py"

# What all three have under the same name, with the same records. Left out are company_segments,
# which is another thing in each of them; and admins, because singer-io's tap retrieves each admin
# by itself, which the sandbox does not answer.
SHARED = (
    "companies",
    "company_attributes",
    "contact_attributes",
    "contacts",
    "conversation_parts",
    "conversations",
    "segments",
    "tags",
    "teams",
)
COMPLETE = "__ab_full_refresh_sync_complete"
START = "2000-01-01T00:00:00Z"


class LeftOut(Exception):
    """A connector cannot be run here; says why."""


@dataclass(frozen=True)
class Job:
    """One run: where to read from, as whom, which streams, and what is known from the last run."""

    sandbox: Served
    token: str
    streams: tuple[str, ...] | None
    folder: Path
    state: Any = None

    def written(self, name: str, content: object) -> str:
        """Write a file that the connector is given; tell its path."""
        path = self.folder / name
        path.write_text(json.dumps(content), "utf-8")
        return str(path)


def selected(catalog: dict[str, Any], streams: tuple[str, ...]) -> dict[str, Any]:
    """Choose streams of a Singer catalogue, and every field that comes with them by itself."""
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] in streams
    return catalog


def configured(catalog: dict[str, Any], streams: tuple[str, ...]) -> dict[str, Any]:
    """Choose streams of an Airbyte catalogue, to be read incrementally where that is possible."""
    return {
        "streams": [
            {
                "stream": stream,
                "sync_mode": stream["supported_sync_modes"][-1],
                "destination_sync_mode": "append",
                "cursor_field": stream.get("default_cursor_field") or [],
            }
            for stream in catalog["streams"]
            if stream["name"] in streams
        ]
    }


@dataclass(frozen=True)
class Connector:
    """A connector: how it is called, what it speaks, and how it is run."""

    name: str
    title: str
    api_version: str

    def version(self) -> str:
        """The version that is run."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Have it installed, or raise `LeftOut`."""

    def command(self, job: Job) -> list[str]:
        """How it is started."""
        raise NotImplementedError

    def state(self, states: list[Any]) -> Any:
        """What to give the next run, from the STATE messages of the last: Singer's way."""
        return states[-1]["value"] if states else None

    def told(self, arguments: list[str]) -> dict[str, Any]:
        """Run it for its catalogue."""
        done = subprocess.run(  # noqa: S603
            arguments, capture_output=True, cwd=PROJECT, check=False
        )
        if done.returncode:
            raise LeftOut(last_line(done.stderr.decode(errors="replace")))
        return self.catalog(done.stdout)

    def catalog(self, output: bytes) -> dict[str, Any]:
        """Read the catalogue from what discovery has printed."""
        found: dict[str, Any] = json.loads(output)
        return found


@dataclass(frozen=True)
class Ours(Connector):
    """The tap of this checkout."""

    def version(self) -> str:
        """Read what the project says."""
        text = (PROJECT / "pyproject.toml").read_text("utf-8")
        found = re.search(r'^version = "(.+)"$', text, re.MULTILINE)
        return found.group(1) if found else "unknown"

    def command(self, job: Job) -> list[str]:
        """Give it the sandbox as `api_url`."""
        config = {"api_key": job.token, "api_url": job.sandbox.url}
        command = [sys.executable, "-m", "tap_intercom", "--config"]
        command.append(job.written("config.json", config))
        if job.streams is not None:
            catalog = selected(discovered(self, [*command, "--discover"]), job.streams)
            command += ["--catalog", job.written("catalog.json", catalog)]
        if job.state is not None:
            command += ["--state", job.written("state.json", job.state)]
        return command


@dataclass(frozen=True)
class Peer(Connector):
    """A connector from PyPI, in an environment of its own."""

    distribution: str
    lock: str
    function: str
    before: tuple[int, int] = (4, 0)

    @property
    def locked(self) -> Path:
        """The file that pins it and everything that it needs."""
        return REQUIREMENTS / self.lock

    @property
    def python(self) -> str:
        """The interpreter of its environment."""
        return str(CACHE / self.name / "bin" / "python")

    def version(self) -> str:
        """Read its pin."""
        text = self.locked.read_text("utf-8")
        found = re.search(rf"^{re.escape(self.distribution)}==(\S+)", text, re.MULTILINE)
        return found.group(1) if found else "unknown"

    def prepare(self) -> None:
        """Make its environment, once for each state of its pins and each Python."""
        if sys.version_info >= self.before:
            raise LeftOut(f"needs Python below {'.'.join(map(str, self.before))}")
        wanted = hashlib.sha256(self.locked.read_bytes() + sys.version.encode()).hexdigest()
        stamp = CACHE / self.name / "installed"
        if stamp.exists() and stamp.read_text("utf-8") == wanted:
            return
        uv("venv", "--quiet", "--clear", "--python", sys.executable, str(CACHE / self.name))
        uv("pip", "sync", "--quiet", "--python", self.python, "--require-hashes", str(self.locked))
        stamp.write_text(wanted, "utf-8")

    def run(self, job: Job, *arguments: str) -> list[str]:
        """Run its function on the way to the sandbox."""
        return [self.python, str(REROUTED), job.sandbox.url, self.function, *arguments]


@dataclass(frozen=True)
class SingerIo(Peer):
    """The tap that Stitch runs."""

    def command(self, job: Job) -> list[str]:
        """Select streams, and no field by name: that would bring a call for each long list."""
        config = {"access_token": job.token, "start_date": START, "user_agent": "benchmark"}
        given = ("--config", job.written("config.json", config))
        catalog = discovered(self, self.run(job, *given, "--discover"))
        chosen = selected(catalog, job.streams or SHARED)
        command = self.run(job, *given, "--catalog", job.written("catalog.json", chosen))
        if job.state is not None:
            command += ["--state", job.written("state.json", job.state)]
        return command


@dataclass(frozen=True)
class Airbyte(Peer):
    """The source that Airbyte runs, here without its platform."""

    def command(self, job: Job) -> list[str]:
        """Read what a configured catalogue says."""
        config = {"access_token": job.token, "start_date": START}
        given = ("--config", job.written("config.json", config))
        catalog = discovered(self, self.run(job, "discover", *given))
        chosen = configured(catalog, job.streams or SHARED)
        command = self.run(job, "read", *given, "--catalog", job.written("catalog.json", chosen))
        if job.state is not None:
            command += ["--state", job.written("state.json", job.state)]
        return command

    def state(self, states: list[Any]) -> Any:
        """Keep the last state of each stream.

        But for those that were read whole: they say that they are complete, and would be skipped.
        Airbyte's platform forgets that before the next run, too.
        """
        latest = {one["state"]["stream"]["stream_descriptor"]["name"]: one for one in states}
        kept = [one["state"] for one in latest.values()]
        return [one for one in kept if COMPLETE not in (one["stream"].get("stream_state") or {})]

    def catalog(self, output: bytes) -> dict[str, Any]:
        """Find the catalogue among the messages."""
        messages = map(json.loads, output.splitlines())
        found: dict[str, Any] = next(one["catalog"] for one in messages if "catalog" in one)
        return found


CATALOGS: dict[str, str] = {}


def discovered(connector: Connector, arguments: list[str]) -> dict[str, Any]:
    """Ask a connector for its catalogue, once."""
    if connector.name not in CATALOGS:
        CATALOGS[connector.name] = json.dumps(connector.told(arguments))
    found: dict[str, Any] = json.loads(CATALOGS[connector.name])
    return found


def uv(*arguments: str) -> None:
    """Run uv, or raise `LeftOut`."""
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    environment.pop("VIRTUAL_ENV", None)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "uv", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        raise LeftOut(f"cannot be installed here: {last_line(done.stderr)}")


def last_line(text: str) -> str:
    """What a program said last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


OURS = Ours("ours", "this tap", "2.17")
SINGER_IO = SingerIo(
    "singer-io",
    "singer-io tap-intercom",
    "2.12",
    distribution="tap-intercom",
    lock="singer-io.txt",
    function="tap_intercom:main",
)
AIRBYTE = Airbyte(
    "airbyte",
    "airbyte-source-intercom",
    "2.10",
    distribution="airbyte-source-intercom",
    lock="airbyte.txt",
    function="source_intercom.run:run",
    before=(3, 12),
)
CONNECTORS: dict[str, Connector] = {one.name: one for one in (OURS, SINGER_IO, AIRBYTE)}
