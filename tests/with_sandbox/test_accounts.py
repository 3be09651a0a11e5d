"""The end of a run tells of each stream what it read, what that took, and what is missing."""

from __future__ import annotations

import json
import logging
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from program import PATIENCE, Program
from runs import CUSTOM_OBJECT_TYPES, NAMES, sync

from tap_intercom.audit import Account, RunError
from tap_intercom.ending import SettingsError
from tap_intercom.shapes.scroll import Scroll

if TYPE_CHECKING:
    from tap_intercom.sandbox import Sandbox

Json = dict[str, Any]

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def summary(tmp_path: Path) -> Path:
    return tmp_path / "summary.json"


def streams(summary: Path) -> dict[str, Json]:
    """What the file says of each stream."""
    told: dict[str, Json] = json.loads(summary.read_text())["streams"]
    return told


def lines(caplog: pytest.LogCaptureFixture, level: int = logging.INFO) -> dict[str, str]:
    """What the log says of each stream at the end."""
    said = (one.getMessage() for one in caplog.records if one.levelno >= level)
    return dict(one.partition(": ")[::2] for one in said if one.partition(": ")[0] in NAMES)


def test_every_stream_is_accounted_for_to_the_call(
    sandbox: Sandbox, summary: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    run = sync(sandbox, *NAMES, custom_object_types=CUSTOM_OBJECT_TYPES, summary_file=str(summary))
    assert run.error is None
    told = streams(summary)
    assert list(told) == [name for name in told if name in NAMES]
    assert {name: one["records"] for name, one in told.items()} == {
        name: run.counts[name] for name in NAMES
    }
    introduction = 1
    assert sum(one["calls"] for one in told.values()) == len(sandbox.log()) - introduction
    assert {name for name, one in told.items() if one["progress"] != "ended"} == set()
    assert lines(caplog).keys() == set(NAMES)
    assert lines(caplog)["tags"] == "36 records in 1 call"


def test_intercoms_own_counts_are_reached(sandbox: Sandbox, summary: Path) -> None:
    """All but the conversations with more parts than Intercom gives."""
    sync(sandbox, *NAMES, custom_object_types=CUSTOM_OBJECT_TYPES, summary_file=str(summary))
    told = streams(summary)
    assert {name: one["short"] for name, one in told.items() if one["short"]} == {}
    assert [name for name, one in told.items() if one["incomplete"]] == ["conversation_parts"]
    capped = {
        one["id"]
        for one in sandbox.records("conversations")
        if len(one["conversation_parts"]["conversation_parts"]) >= 500
    }
    assert capped
    assert set(told["conversation_parts"]["capped"]) == capped
    assert "conversation_parts" in json.loads(summary.read_text())["incomplete"]


def test_a_conversation_with_fewer_parts_than_it_counts_is_named(
    sandbox: Sandbox, summary: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = sandbox.records("conversations")[1:3]  # the first is at the cap
    for conversation, more in ((one, 2), (other, 0)):
        count = len(conversation["conversation_parts"]["conversation_parts"])
        counted = {**conversation["statistics"], "count_conversation_parts": count + 1 + more}
        sandbox.put("conversations", {"id": conversation["id"], "statistics": counted})
    run = sync(sandbox, "conversation_parts", summary_file=str(summary))
    assert run.error is None
    told = streams(summary)["conversation_parts"]
    assert list(told["short"]) == [one["id"]]
    assert told["short"][one["id"]]["said"] - told["short"][one["id"]]["read"] == 2
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    [named] = [text for text in warnings if "counts more rows" in text]
    assert f"{one['id']} (" in named
    assert other["id"] not in named


def test_what_is_tried_again_is_counted(sandbox: Sandbox, summary: Path) -> None:
    run = sync(sandbox, "tags", "conversation_parts", token="demo-flaky", summary_file=str(summary))
    assert run.error is None
    told = streams(summary)
    assert told["conversation_parts"]["retries"] > 10
    assert sum(one["calls"] for one in told.values()) >= len(sandbox.log()) - 3


def test_a_refusal_by_the_rate_limit_counts_as_waiting(sandbox: Sandbox, summary: Path) -> None:
    sync(sandbox, "tags", token="demo-rate-limited-once", summary_file=str(summary))
    assert streams(summary)["tags"]["retries"] == 1
    assert streams(summary)["tags"]["waited_seconds"] > 0


def test_parents_that_were_gone_are_named(sandbox: Sandbox, summary: Path) -> None:
    run = sync(
        sandbox, "conversation_parts", token="demo-deleted-between", summary_file=str(summary)
    )
    told = streams(summary)["conversation_parts"]
    delivered = {row["conversation_id"] for row in run.rows("conversation_parts")}
    assert told["skipped"]
    assert not delivered & set(told["skipped"])


def test_what_is_left_out_is_said_in_its_line(
    sandbox: Sandbox, summary: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    sync(sandbox, "tags", "tickets", token="demo-no-permission-tickets", summary_file=str(summary))
    assert lines(caplog)["tickets"].endswith("incomplete: left out")
    assert "Tick read_tickets" in streams(summary)["tickets"]["left_out"]
    assert json.loads(summary.read_text())["incomplete"] == ["tickets"]


# However a run ends


def test_a_run_that_completed_says_so(sandbox: Sandbox, summary: Path) -> None:
    sync(sandbox, "tags", summary_file=str(summary))
    told = json.loads(summary.read_text())
    assert told["outcome"] == "completed"
    assert told["workspace_id"] == "sandbox1"
    assert told["incomplete"] == []


def test_a_run_that_failed_says_how_far_it_came(
    sandbox: Sandbox, summary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scroll, "starts", 1)
    run = sync(sandbox, "tags", "companies", token="demo-scroll-breaks", summary_file=str(summary))
    assert isinstance(run.error, RunError)
    assert str(run.error) == (
        "1 stream ended; 1 failed (companies). Run again: each goes on where it stopped."
    )
    told = json.loads(summary.read_text())
    assert told["outcome"] == "failed"
    assert told["streams"]["companies"]["progress"] == "begun"
    assert told["streams"]["companies"]["failed"].startswith(
        "The scroll was lost. Intercom answered 500 (server_error)"
    )
    assert told["streams"]["companies"]["incomplete"] == ["failed"]
    assert told["incomplete"] == ["companies"]


@pytest.mark.usefixtures("impatient")
def test_a_run_that_could_not_begin_says_so(sandbox: Sandbox, summary: Path) -> None:
    run = sync(sandbox, token="demo-down", summary_file=str(summary))
    assert isinstance(run.error, RunError)
    told = json.loads(summary.read_text())
    assert told["outcome"] == "failed"
    assert {one["progress"] for one in told["streams"].values()} == {"not begun"}


@pytest.mark.parametrize(
    ("number", "outcome"), [(signal.SIGTERM, "stopped"), (signal.SIGKILL, "running")]
)
def test_a_run_that_was_ended_has_not_completed(
    sandbox: Sandbox, tmp_path: Path, summary: Path, number: signal.Signals, outcome: str
) -> None:
    tap = Program.start(sandbox, tmp_path, summary_file=str(summary))
    tap.read(300)
    tap.process.send_signal(number)
    tap.end()
    told = json.loads(summary.read_text())
    assert told["outcome"] == outcome
    assert told["incomplete"]


def test_a_run_whose_target_died_has_failed(
    sandbox: Sandbox, tmp_path: Path, summary: Path
) -> None:
    tap = Program.start(sandbox, tmp_path, summary_file=str(summary))
    tap.read(300)
    assert tap.process.stdout is not None
    tap.process.stdout.close()
    assert tap.process.wait(PATIENCE) == 1
    assert json.loads(summary.read_text())["outcome"] == "failed"


def test_a_summary_that_cannot_be_written_is_told_before_any_call(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    run = sync(sandbox, "tags", summary_file=str(tmp_path / "nowhere" / "summary.json"))
    assert isinstance(run.error, SettingsError)
    assert "summary_file" in str(run.error)
    assert sandbox.log() == []


def test_the_summary_holds_no_secret(sandbox: Sandbox, summary: Path) -> None:
    sync(sandbox, "tags", token="demo-secret-42", summary_file=str(summary))
    assert "demo-secret-42" not in summary.read_text()


def test_the_page_shows_a_summary_as_it_is(sandbox: Sandbox, summary: Path) -> None:
    sync(sandbox, "conversation_parts", summary_file=str(summary))
    page = (PROJECT / "docs/reliability.md").read_text("utf-8")
    [block] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    told, shown = json.loads(summary.read_text()), json.loads(block)
    assert told.keys() == shown.keys()
    assert told["streams"] == shown["streams"]
    assert told["incomplete"] == shown["incomplete"]
    [line] = re.findall(r"```text\n(conversation_parts: .*?)\n```", page, re.DOTALL)
    assert line == f"conversation_parts: {line_of(shown['streams']['conversation_parts'])}"


def line_of(told: Json) -> str:
    """The line that goes with what the file says."""
    account = Account(records=told["records"], calls=told["calls"], progress=told["progress"])
    account.capped += told["capped"]
    return str(account)
