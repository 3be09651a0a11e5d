"""A failure costs what it touches, and nothing is lost by it: what is missing comes with the next run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from runs import CUSTOM_OBJECT_TYPES, NAMES, Run, latest, sync

from tap_intercom import run as run_module
from tap_intercom.api import health
from tap_intercom.api.errors import Unreachable
from tap_intercom.audit import RunError
from tap_intercom.sandbox import running
from tap_intercom.shapes import losses

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_intercom.sandbox import Sandbox

# All streams but those whose rows come out of one file.
STREAMS = [one for one in NAMES if not one.startswith(("report_", "content_export_"))]

# Ways in which one parent can fail for good.
WAYS = ["400", "402", "403", "409", "413", "422", "500", "503", "empty", "html404", "without"]

PARTS = "conversation_parts"


@pytest.fixture(scope="module")
def small() -> Iterator[Sandbox]:
    with running(size=40) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def unbroken(small: Sandbox) -> Run:
    return everything_of(small)


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a minute of patience be a twentieth of a second."""
    monkeypatch.setattr(run_module, "MINUTE", 0.05)
    monkeypatch.setattr(health, "SECONDS_BETWEEN_LOOKS", 0.01)


def everything_of(sandbox: Sandbox, token: str = "demo", **more: Any) -> Run:
    return sync(sandbox, *STREAMS, token=token, custom_object_types=CUSTOM_OBJECT_TYPES, **more)


def kept(run: Run) -> dict[str, list[str]]:
    """The ids of the parents that each bookmark keeps."""
    bookmarks = run.state["bookmarks"].items()
    return {
        stream: [one["id"] for one in bookmark["failed"]]
        for stream, bookmark in bookmarks
        if bookmark.get("failed")
    }


@pytest.mark.parametrize("way", WAYS)
def test_the_rows_of_one_parent_are_missing_and_come_with_the_next_run(
    small: Sandbox, unbroken: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    summary = tmp_path / "summary.json"
    first = everything_of(small, f"demo-poisoned-{way}", summary_file=str(summary))
    assert first.error is None
    assert first.left_out == {}
    assert PARTS in kept(first)

    told = json.loads(summary.read_text())["streams"]
    for stream, names in kept(first).items():
        assert set(told[stream]["lost"]) == set(names)
        assert all(told[stream]["lost"].values())
        line = f"The rows of {len(names)} "
        lines = [one for one in caplog.messages if line in one and names[0] in one]
        assert lines, stream

    missing = latest(unbroken).keys() - latest(first).keys()
    by_stream = {stream: {key[1] for key in missing if key[0] == stream} for stream, *_ in missing}
    incremental = {"contact_notes"}  # whose key is the note's alone
    for stream, parents in by_stream.items():
        if stream in kept(first) and stream not in incremental:
            assert parents <= set(kept(first)[stream]), stream

    second = everything_of(small, state=first.state)
    assert second.error is None
    assert kept(second) == {}
    assert latest(first, second) == latest(unbroken)


def test_a_parent_is_asked_again_first_and_once_a_run(small: Sandbox) -> None:
    first = sync(small, PARTS, token="demo-poisoned-500")
    names = kept(first)[PARTS]
    small.reset()
    second = sync(small, PARTS, token="demo-poisoned-500", state=first.state)
    assert kept(second)[PARTS] == names
    asked = [one["path"].rpartition("/")[2] for one in small.log() if one["method"] == "GET"]
    assert set(asked[1 : 1 + len(names)]) <= {*names}
    small.reset()
    third = sync(small, PARTS, state=second.state)
    assert kept(third) == {}
    details = [one["path"] for one in small.log() if one["path"].startswith("/conversations/2")]
    assert {path.rpartition("/")[2] for path in details} >= set(names)
    assert {row["conversation_id"] for row in third.rows(PARTS)} >= set(names)


def test_a_parent_that_is_gone_is_asked_no_more(small: Sandbox) -> None:
    first = sync(small, PARTS, token="demo-poisoned-500")
    state = json.loads(json.dumps(first.state))
    state["bookmarks"][PARTS]["failed"] = [{"id": "1", "updated_at": 1}]
    second = sync(small, PARTS, state=state)
    assert second.error is None
    assert kept(second) == {}


def test_strict_takes_rows_that_are_still_to_be_read_for_a_failure(small: Sandbox) -> None:
    run = sync(small, PARTS, token="demo-poisoned-500", strict=True)
    assert isinstance(run.error, RunError)
    assert PARTS in str(run.error)


@pytest.mark.parametrize("way", ["400", "500", "503", "empty", "reset", "without"])
@pytest.mark.parametrize("resource", ["tags", "contacts", "conversations", "companies"])
def test_a_stream_that_fails_costs_that_stream(
    small: Sandbox, unbroken: Run, resource: str, way: str
) -> None:
    first = everything_of(small, f"demo-broken-{resource}-{way}")
    assert isinstance(first.error, RunError)
    assert resource in str(first.error)
    assert "Run again" in str(first.error)
    assert "tickets" in first.counts
    assert "workspace" in first.counts
    second = everything_of(small, state=first.state)
    assert second.error is None
    assert latest(first, second) == latest(unbroken)


def test_many_parents_that_fail_alike_are_no_accident(small: Sandbox) -> None:
    small.reset()
    run = sync(small, "conversations", "handling_events", token="demo-broken-handling_events-422")
    assert isinstance(run.error, RunError) or run.left_out or kept(run)
    assert small.stats()["requests"] < 3 + 200


def test_a_permission_that_is_missing_is_no_parents_fault(small: Sandbox) -> None:
    run = sync(small, "conversations", "team_metrics", token="demo-plan-team_metrics")
    assert run.error is None
    assert "team_metrics" in run.left_out
    assert kept(run) == {}


def test_a_bookmark_stays_before_what_it_cannot_keep(
    small: Sandbox, unbroken: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "MOST_KEPT", 1)
    first = sync(small, PARTS, token="demo-poisoned-422", page_size=2)
    assert len(kept(first)[PARTS]) == 1
    second = sync(small, PARTS, state=first.state)
    assert {key for key in latest(unbroken) if key[0] == PARTS} == latest(first, second).keys()


@pytest.mark.parametrize("token", ["demo-poisoned-500", "demo-deleted-between"])
def test_a_target_removes_nothing_because_something_failed(small: Sandbox, token: str) -> None:
    run = everything_of(small, token, emit_activate_version_messages=True)
    activated = {one["stream"] for one in run.messages if one["type"] == "ACTIVATE_VERSION"}
    assert "tags" in activated
    assert activated.isdisjoint({"company_contacts", "article_statistics"})


def test_nothing_at_all_for_as_long_as_patience_lasts_ends_the_run(small: Sandbox) -> None:
    run = sync(small, token="demo-down")
    assert isinstance(run.error, RunError)
    assert "503" in str(run.error)


def test_an_outage_in_the_middle_ends_the_run_with_a_true_state(
    small: Sandbox, unbroken: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "FRESH_SECONDS", 0)
    with running(size=40, pause=3_600, hang=0.01) as sandbox:
        first = sync(sandbox, "contacts", "tags", "tickets", token="demo-paused")
        assert isinstance(first.error, Unreachable)
        second = sync(sandbox, "contacts", "tags", "tickets", state=first.state)
        assert second.error is None
        expected = {key for key in latest(unbroken) if key[0] in {"contacts", "tags", "tickets"}}
        assert latest(first, second).keys() == expected


def test_a_stray_redirect_is_asked_again_and_never_followed(small: Sandbox, unbroken: Run) -> None:
    run = everything_of(small, "demo-redirect-once")
    assert run.error is None
    assert latest(run) == latest(unbroken)
