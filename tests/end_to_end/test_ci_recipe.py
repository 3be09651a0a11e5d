"""The commands of docs/ci.md and examples/ci/ do what they promise, run as they are written."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from cloned import PROJECT, clean_environment

from tap_intercom.sandbox import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = 86_400
EXTRACT = "examples/ci/extract.sh"
WORKFLOW = yaml.safe_load((PROJECT / "examples/ci/github-actions.yml").read_text())
COMMANDS = "\n".join(
    block
    for block in re.findall(r"```sh\n(.*?)```", (PROJECT / "docs/ci.md").read_text(), re.DOTALL)
    if block.startswith("tap-intercom --config=ENV")
)


@pytest.fixture
def workspace() -> Iterator[Any]:
    """A simulated workspace for one job and the next."""
    with running(size=60, seed=11) as sandbox:
        yield sandbox


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the recipe in it, as a job has it."""
    shutil.copytree(PROJECT / "examples", tmp_path / "examples")
    return tmp_path


def environment(workspace: Any, **more: str) -> dict[str, str]:
    settings = {"TAP_INTERCOM_API_URL": workspace.url, "TAP_INTERCOM_API_KEY": "demo"}
    return clean_environment(**{**settings, **more})


def job(workspace: Any, checkout: Path, *command: str, **more: str) -> int:
    time.sleep(1.1 - time.time() % 1)  # the files of messages are named by the second
    done = subprocess.run(
        command, cwd=checkout, env=environment(workspace, **more), timeout=120, check=False
    )
    return done.returncode


def read(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def records(path: Path, stream: str) -> list[str]:
    return [
        message["record"]["id"]
        for message in read(path)
        if message["type"] == "RECORD" and message["stream"] == stream
    ]


def ids(workspace: Any, stream: str) -> set[str]:
    return {record["id"] for record in workspace.records(stream)}


def files(checkout: Path) -> list[Path]:
    return sorted(checkout.glob("intercom/messages-*.jsonl"))


def bookmarks(checkout: Path) -> Any:
    return json.loads((checkout / "intercom/state.json").read_text())["bookmarks"]


def test_the_commands_of_the_page(workspace: Any, checkout: Path) -> None:
    first, second = COMMANDS.strip().rsplit("\n", 1)
    assert job(workspace, checkout, "sh", "-euc", first) == 0
    assert set(records(checkout / "messages.jsonl", "contacts")) == ids(workspace, "contacts")
    states = [one["value"] for one in read(checkout / "messages.jsonl") if one["type"] == "STATE"]
    (checkout / "state.json").write_text(json.dumps(states[-1]))
    workspace.advance(DAY)
    assert job(workspace, checkout, "sh", "-euc", second) == 0
    assert set(records(checkout / "messages.jsonl", "contacts")) < ids(workspace, "contacts")


def test_the_steps_of_the_workflow(workspace: Any, checkout: Path) -> None:
    [work] = WORKFLOW["jobs"].values()
    [extract] = [step["run"] for step in work["steps"] if step.get("name") == "Extract"]
    keep = work["env"]["KEEP"]
    kept = [step["with"]["path"] for step in work["steps"] if "path" in step.get("with", {})]
    assert set(kept) == {f"{keep}/state.json", f"{keep}/messages-*.jsonl"}

    everything = ids(workspace, "conversations")
    for _ in range(2):
        assert job(workspace, checkout, "bash", "-e", "-c", extract, KEEP=keep) == 0
        workspace.advance(DAY)
    first, second = files(checkout)
    assert set(records(first, "conversations")) == everything
    assert 0 < len(records(second, "conversations")) < len(everything) / 2


def test_into_a_target(workspace: Any, checkout: Path, clone: Path) -> None:
    target = str(clone / ".meltano/loaders/target-jsonl/venv/bin/target-jsonl")
    config = checkout / "target.json"
    config.write_text(json.dumps({"destination_path": "rows", "do_timestamp_file": False}))
    assert job(workspace, checkout, EXTRACT, target, "--config", "target.json") == 0
    rows = checkout / "rows" / "tickets.jsonl"
    everything = read(rows)
    assert {row["id"] for row in everything} == ids(workspace, "tickets")
    before = bookmarks(checkout)

    workspace.advance(DAY)
    assert job(workspace, checkout, EXTRACT, target, "--config", "target.json") == 0
    assert 0 < len(read(rows)) - len(everything) < len(everything)
    assert before["tickets"] != bookmarks(checkout)["tickets"]
    assert not files(checkout)


@pytest.mark.parametrize(("token", "code"), [("demo-revoked", 1), ("", 2)])
def test_a_job_that_may_not_read_fails_and_leaves_the_state(
    workspace: Any, checkout: Path, token: str, code: int
) -> None:
    assert job(workspace, checkout, EXTRACT) == 0
    before = bookmarks(checkout)
    assert job(workspace, checkout, EXTRACT, TAP_INTERCOM_API_KEY=token) == code
    assert bookmarks(checkout) == before


def test_a_target_that_fails_is_what_the_job_reports(workspace: Any, checkout: Path) -> None:
    assert job(workspace, checkout, EXTRACT, "sh", "-c", "head -n 3 > kept; exit 7") == 7
    assert job(workspace, checkout, EXTRACT, "no-such-target") == 127
    assert not (checkout / "intercom/state.json").exists()


def test_a_job_that_is_stopped_keeps_what_has_arrived(checkout: Path) -> None:
    with running(size=200, seed=11, latency_ms=100) as workspace:
        process = subprocess.Popen([EXTRACT], cwd=checkout, env=environment(workspace))
        wait_until(lambda: any("contacts" in path.read_text() for path in files(checkout)))
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 128 + signal.SIGTERM
        [unfinished] = files(checkout)
        assert read(unfinished)
        done = bookmarks(checkout)
        assert "tickets" not in done

        assert job(workspace, checkout, EXTRACT) == 0
        [_, rest] = files(checkout)
        assert set(records(rest, "tickets")) == ids(workspace, "tickets")
        both = {*records(unfinished, "contacts"), *records(rest, "contacts")}
        assert both == ids(workspace, "contacts")


def wait_until(happened: Any) -> None:
    give_up = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < give_up
        time.sleep(0.02)
