"""The command: what it says, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
import requests
from click.testing import CliRunner

from tap_intercom.cli.sandbox import sandbox
from tap_intercom.sandbox import Options
from tap_intercom.sandbox.app import App
from tap_intercom.sandbox.server import Server, listening

if TYPE_CHECKING:
    from calling import Caller

PATIENCE = 120.0
SERVE = [sys.executable, "-c", "from tap_intercom.cli.sandbox import sandbox; sandbox()"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to end with")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_serves_and_ends_cleanly(number: int) -> None:
    command = [*SERVE, "--port", "0", "--size", "20", "--advance", "86400", "--seed", "4"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        lines = []
        assert process.stdout
        assert process.stderr
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        said = "".join(lines)
        (url, *_) = re.findall(r"http://127\.0\.0\.1:\d+", said)
        for word in ("demo", "20 contacts", "2026-06-02", "demo-flaky", "/__sandbox__/stats"):
            assert word in said
        assert "does not imitate" in said
        headers = {"Authorization": "Bearer demo", "Intercom-Version": "2.17"}
        assert requests.get(f"{url}/me", headers=headers, timeout=PATIENCE).status_code == 200
        process.send_signal(number)
        assert process.wait(timeout=PATIENCE) == 0
        assert process.stderr.read() == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to end with")
def test_it_starts_without_loading_the_tap() -> None:
    telling = f"import atexit, sys; atexit.register(lambda: print(*sys.modules)); {SERVE[-1]}"
    command = [sys.executable, "-c", telling, "--port", "0", "--size", "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            if "Ctrl-C" in line:
                process.terminate()
                break
        loaded = {tuple(name.split(".")) for name in process.stdout.read().split()}
    assert ("tap_intercom", "sandbox", "server") in loaded
    own = {name[1] for name in loaded if name[0] == "tap_intercom" and len(name) > 1}
    assert own == {"cli", "ending", "plain", "sandbox"}
    assert not {name[0] for name in loaded} & {"authlib", "jsonschema", "rich", "singer_sdk"}


def test_it_ends_although_it_was_told_to_before_it_began() -> None:
    server = Server(App(Options(size=5)))
    server.end()
    thread = threading.Thread(target=server.run, args=([listening("127.0.0.1", 0)],), daemon=True)
    thread.start()
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_a_port_in_use_is_said_plainly(intercom: Caller) -> None:
    port = intercom.sandbox.url.rpartition(":")[2]
    result = CliRunner().invoke(sandbox, ["--port", port])
    assert result.exit_code == 1
    assert f"Cannot listen on 127.0.0.1 port {port}" in result.output


@pytest.mark.parametrize("missing", ["starlette", "uvicorn", "starlette.applications"])
def test_without_the_extra_it_says_what_to_install(missing: str) -> None:
    without = f"import sys; sys.modules[{missing!r}] = None; {SERVE[-1]}"
    ended = subprocess.run(
        [sys.executable, "-c", without, "--port", "0"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr == "The sandbox is an extra: pip install 'tap-intercom[sandbox]'\n"


def test_any_other_missing_module_is_a_fault() -> None:
    without = f"import sys; sys.modules['zoneinfo'] = None; {SERVE[-1]}"
    ended = subprocess.run(
        [sys.executable, "-c", without],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode != 0
    assert "extra" not in ended.stderr


@pytest.mark.parametrize(
    "arguments",
    [["--clock", "noon"], ["--timezone", "Moon/Base"], ["--size", "0"], ["--port", "70000"]],
)
def test_nonsense_is_refused(arguments: list[str]) -> None:
    result = CliRunner().invoke(sandbox, arguments)
    assert result.exit_code == 2
    assert arguments[0] in result.output
