"""Long conversations: all their parts, as Intercom gives 500 of each kind, or what is missing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from runs import Run, sync

from tap_intercom.records import times
from tap_intercom.sandbox import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_intercom.sandbox import Sandbox

PARTS = "conversation_parts"
BEGAN = 1_760_000_000


@pytest.fixture
def few() -> Iterator[Sandbox]:
    """A workspace whose first conversation has more parts than Intercom gives at once."""
    with running(size=10) as sandbox:
        yield sandbox


def parts_of(sandbox: Sandbox, conversation: str) -> list[str]:
    [found] = [one for one in sandbox.records("conversations") if one["id"] == conversation]
    return [part["id"] for part in found[PARTS][PARTS]]


def read(run: Run, conversation: str) -> list[str]:
    return [row["id"] for row in run.rows(PARTS) if row["conversation_id"] == conversation]


def long(sandbox: Sandbox, *kinds: str) -> str:
    """Let a conversation have a part of each of these kinds, in this order, a second apart."""
    one = sandbox.records("conversations")[1]
    parts = [
        {"type": "conversation_part", "id": f"p{number}", "part_type": kind, "created_at": at}
        for number, kind in enumerate(kinds)
        if (at := BEGAN + 1 + number)
    ]
    counted = {**(one["statistics"] or {}), "count_conversation_parts": len(parts) + 1}
    new = {"id": one["id"], "created_at": BEGAN, "statistics": counted, PARTS: parts}
    sandbox.put("conversations", new)
    return str(one["id"])


def capped(run: Run, summary: Path) -> dict[str, Any]:
    assert run.error is None
    told: dict[str, Any] = json.loads(summary.read_text())["streams"][PARTS]["capped"]
    return told


@pytest.mark.parametrize("version", ["2.11", "2.17", "Preview"])
def test_all_parts_of_a_long_conversation_arrive(
    few: Sandbox, tmp_path: Path, version: str
) -> None:
    """They are asked for in Preview, whichever version is spoken otherwise."""
    longest = few.records("conversations")[0]["id"]
    file = tmp_path / "summary.json"
    run = sync(few, PARTS, api_version=version, summary_file=str(file))
    assert capped(run, file) == {}
    assert len(read(run, longest)) > 500
    assert read(run, longest) == parts_of(few, longest)
    asked = [one["path"] for one in few.log()]
    assert asked.count(f"/conversations/{longest}") < 6
    assert all(
        asked.count(one) == 1
        for one in asked
        if one.startswith("/conversations/2") and not one.endswith(longest)
    )


def test_kinds_that_the_newest_parts_are_not_of_are_asked_for(few: Sandbox) -> None:
    one = long(few, "opened", "opened", *["comment", "note"] * 300)
    assert read(sync(few, PARTS), one) == parts_of(few, one)


def test_what_is_missing_of_a_kind_with_too_many_is_told(few: Sandbox, tmp_path: Path) -> None:
    one = long(few, "close", *["comment"] * 520, *["note"] * 30, "assignment")
    file = tmp_path / "summary.json"
    run = sync(few, PARTS, summary_file=str(file))
    assert read(run, one) == ["p0", *(f"p{number}" for number in range(21, 552))]
    assert capped(run, file)[one] == {
        "since": times.canonical(BEGAN),
        "until": times.canonical(BEGAN + 1 + 21),
        "missing": 20,
        "kinds": ["comment"],
    }


@pytest.mark.parametrize("token", ["demo", "demo-no-part-types"])
def test_of_exactly_as_many_as_intercom_gives_none_is_claimed_to_be_missing(
    few: Sandbox, tmp_path: Path, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    one = long(few, *["comment", "note"] * 250)
    file = tmp_path / "summary.json"
    run = sync(few, PARTS, token=token, summary_file=str(file))
    assert read(run, one) == parts_of(few, one)
    told = capped(run, file)
    if token == "demo":
        assert told == {}
        return
    assert told[one]["missing"] is None
    until = times.canonical(BEGAN + 1)
    said = f"{one} (some may be missing, from {times.canonical(BEGAN)} to {until})"
    assert said in caplog.text


def test_parts_of_earlier_runs_stay_where_kinds_are_refused(few: Sandbox) -> None:
    """A run that is refused gives what any version gives, and the conversation is no loss."""
    longest = few.records("conversations")[0]["id"]
    run = sync(few, PARTS, token="demo-no-part-types")
    assert run.error is None
    assert read(run, longest) == parts_of(few, longest)[-500:]
    assert run.kept == {}


def test_more_kinds_than_can_be_named_at_once_are_asked_for_in_turn(few: Sandbox) -> None:
    one = long(few, *[f"kind_{number % 60}" for number in range(620)])
    run = sync(few, PARTS)
    assert run.error is None
    assert read(run, one) == parts_of(few, one)
