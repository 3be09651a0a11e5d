"""The command: what it says, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING

import pytest
import requests
from click.testing import CliRunner

from tap_intercom.cli.sandbox import sandbox
from tap_intercom.sandbox import Options, running
from tap_intercom.sandbox.app import App
from tap_intercom.sandbox.server import Server, listening

if TYPE_CHECKING:
    from collections.abc import Callable

    from calling import Caller

    from tap_intercom.sandbox import Sandbox

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


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Options]:
    """Give the options that the command would serve a workspace with."""
    found: list[Options] = []
    monkeypatch.setattr("tap_intercom.sandbox.serve", lambda options, *_: found.append(options))

    def options(*arguments: str) -> Options:
        result = CliRunner().invoke(sandbox, arguments)
        assert result.exit_code == 0, result.output
        return found[-1]

    return options


def test_whoever_chooses_nothing_has_what_a_test_has(served: Callable[..., Options]) -> None:
    assert served() == Options()


def test_every_flag_but_the_address_is_an_option(served: Callable[..., Options]) -> None:
    flags = {one.name for one in sandbox.params} - {"host", "port"}
    assert flags == {one.name for one in fields(Options)} - {"rate_window", "elsewhere"}
    assert served("--live-headers") == replace(Options(), live_headers=True)
    for name in sorted(flags - {"clock", "timezone", "live_headers"}):
        chosen = served(f"--{name.replace('_', '-')}", "7")
        assert chosen == replace(Options(), **{name: 7})


def test_a_search_lags_for_as_long_as_the_flag_says(served: Callable[..., Options]) -> None:
    with running(**asdict(served("--size", "20", "--search-lag", "300"))) as lagging:
        found = lagging.records("contacts")[0]["id"]
        lagging.put("contacts", {"id": found, "name": "New name", "updated_at": 1_780_400_000})
        assert names(lagging, found) == []
        lagging.advance(301)
        assert names(lagging, found) == ["New name"]


def test_a_pause_lasts_for_as_long_as_the_flag_says(served: Callable[..., Options]) -> None:
    with running(**asdict(served("--size", "20", "--pause", "300", "--hang", "0.01"))) as paused:
        asked = [status(paused, "demo-paused") for _ in range(9)]
        assert asked[:5] == [200] * 5
        assert set(asked[5:]) == {503, None}
        paused.advance(301)
        assert status(paused, "demo-paused") == 200


def test_each_answer_waits_for_as_long_as_the_flag_says(served: Callable[..., Options]) -> None:
    with running(**asdict(served("--size", "20", "--latency-ms", "100000"))) as slow:
        headers = {"Authorization": "Bearer demo", "Intercom-Version": "2.17"}
        with pytest.raises(requests.ReadTimeout):
            requests.get(f"{slow.url}/me", headers=headers, timeout=0.2)


def status(workspace: Sandbox, token: str) -> int | None:
    """What a call is answered with; None where the connection is reset."""
    headers = {"Authorization": f"Bearer {token}", "Intercom-Version": "2.17"}
    try:
        return requests.get(f"{workspace.url}/me", headers=headers, timeout=PATIENCE).status_code
    except requests.ConnectionError:
        return None


def names(workspace: Sandbox, contact: str) -> list[str]:
    """The names under which a search finds what changed later than anything else."""
    query = {"field": "updated_at", "operator": ">", "value": 1_780_399_999}
    found = requests.post(
        f"{workspace.url}/contacts/search",
        json={"query": query, "sort": {"field": "updated_at"}},
        headers={"Authorization": "Bearer demo", "Intercom-Version": "2.17"},
        timeout=PATIENCE,
    )
    return [one["name"] for one in found.json()["data"] if one["id"] == contact]
