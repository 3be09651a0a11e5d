"""Behaviours of rows that hang on a parent: every part, and keys of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runs import sync

if TYPE_CHECKING:
    from tap_intercom.sandbox import Sandbox

DAY = 86_400


def test_b24_a_conversation_that_changed_comes_with_all_its_parts(sandbox: Sandbox) -> None:
    """A part may be missing from the run before, or have been redacted since; its time is old."""
    streams = ("conversations", "conversation_parts")
    first = sync(sandbox, *streams)
    sandbox.advance(DAY)
    run = sync(sandbox, *streams, state=first.state)
    assert run.error is None
    changed = run.rows("conversations")
    assert changed
    parts = {
        one["id"]: [part["id"] for part in one["conversation_parts"]["conversation_parts"]]
        for one in sandbox.records("conversations")
    }
    rows = run.rows("conversation_parts")
    for conversation in changed:
        found = [one["id"] for one in rows if one["conversation_id"] == conversation["id"]]
        assert sorted(found) == sorted(parts[conversation["id"]][-500:])
        if conversation["statistics"]:
            counted = conversation["statistics"]["count_conversation_parts"] - 1
            assert len(found) == min(counted, 500)
    assert any(row["updated_at"] < first.bookmarks("conversation_parts")[-1] for row in rows)


def test_b29_segments_of_companies_name_both(quiet: Sandbox) -> None:
    """A segment has many companies: without theirs, each would overwrite the row of another."""
    run = sync(quiet, "company_segments")
    assert run.schemas["company_segments"]["key_properties"] == ["company_id", "id"]
    pairs = [(row["company_id"], row["id"]) for row in run.rows("company_segments")]
    assert len({segment for _, segment in pairs}) < len(pairs)
    assert sorted(pairs) == sorted(
        (company["id"], segment["id"])
        for company in quiet.records("companies")
        for segment in company["segments"]["segments"]
    )
