"""From another connector's state the tap goes on, and docs/migrating.md says what is true."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import streams_page
from runs import Run, sync

from tap_intercom import given
from tap_intercom.records import times
from tap_intercom.records.schema import kind_of
from tap_intercom.streams import STREAMS
from tap_intercom.tap import TapIntercom

if TYPE_CHECKING:
    from tap_intercom.sandbox import Sandbox

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "migrating.md").read_text("utf-8")
KEYS = {stream.name: stream.replication_key for stream in STREAMS}
DAY = 86_400
MAY_20 = 1_779_235_200
SINCE = "2026-05-20T00:00:00+00:00"
OF_MAY_20 = "2026-05-20T00:00:00.000000Z"


def of_airbyte(name: str, state: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "STREAM",
        "stream": {
            "stream_descriptor": {"name": name, "namespace": None},
            "stream_state": state,
        },
        "sourceStats": {"recordCount": 6.0},
    }


COMPLETE = {"__ab_full_refresh_sync_complete": True}

# What each wrote in a run against the sandbox (singer-io's 2.2.5, Airbyte's 0.8.3), or what its
# source says that it writes, with the times of one day.
STATES: dict[str, Any] = {
    "singer-io": {
        "currently_syncing": None,
        "bookmarks": {
            "companies": {"updated_at": OF_MAY_20},
            "company_segments": {"updated_at": OF_MAY_20},
            "conversation_parts": {"updated_at": OF_MAY_20},
            "conversations": {"updated_at": OF_MAY_20},
            "contacts": {"updated_at": OF_MAY_20},
            "segments": {"updated_at": OF_MAY_20},
        },
    },
    "singer-io, stopped": {
        "currently_syncing": "conversations",
        "bookmarks": {
            "companies": {"updated_at": OF_MAY_20},
            "conversation_parts": {"updated_at": OF_MAY_20},
            "conversations": {
                "updated_at": OF_MAY_20,
                "last_processed": "215468",
                "last_sync_started_at": "2026-05-31T00:00:00.000000Z",
            },
            "contacts": {"updated_at": OF_MAY_20},
        },
    },
    "singer-io, before 2021": {
        "bookmarks": dict.fromkeys(
            ("companies", "conversation_parts", "conversations", "contacts"), OF_MAY_20
        ),
    },
    "TicketSwap, with parts": {
        "bookmarks": {
            "conversations": {"replication_key": "updated_at", "replication_key_value": MAY_20},
            "contacts": {
                "replication_key": "updated_at",
                "replication_key_value": MAY_20,
                "starting_replication_value": MAY_20 - DAY,
            },
            "conversation_parts": {"updated_at": MAY_20},
            "companies": {"updated_at": MAY_20},
            "admins": {},
            "articles": {},
            "articles_extended": {},
            "tags": {},
            "teams": {},
        },
    },
    "Airbyte": [
        of_airbyte("segments", {"updated_at": MAY_20}),
        of_airbyte("companies", {"updated_at": MAY_20}),
        of_airbyte("contacts", {"updated_at": MAY_20}),
        of_airbyte("conversations", {"updated_at": MAY_20}),
        of_airbyte(
            "conversation_parts",
            {"conversations": {"updated_at": MAY_20 + 9 * DAY}, "updated_at": MAY_20},
        ),
        of_airbyte("tags", COMPLETE),
        of_airbyte("teams", COMPLETE),
    ],
}
GONE_ON = ("companies", "contacts", "conversation_parts", "conversations")


def gone_on(sandbox: Sandbox, state: Any, *streams: str) -> Run:
    """Read on from a state, in a file as another connector has left it."""
    handed = given.state_in(json.dumps(state).encode(), "state.json")
    run = sync(sandbox, *streams, state=handed)
    assert run.error is None
    return run


def changed(sandbox: Sandbox, stream: str) -> set[str]:
    return {
        str(one["id"])
        for one in sandbox.records(stream)
        if times.canonical(one["updated_at"]) >= SINCE
    }


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_what_changed_since_is_read_and_nothing_else(sandbox: Sandbox, state: Any) -> None:
    run = gone_on(sandbox, state, *GONE_ON)
    for stream in ("companies", "contacts", "conversations"):
        since = changed(sandbox, stream)
        assert 0 < len(since) < len(sandbox.records(stream)), stream
        assert set(run.ids(stream)) == since, stream
    parts = run.rows("conversation_parts")
    assert {row["conversation_id"] for row in parts} == {
        one["id"]
        for one in sandbox.records("conversations")
        if one["id"] in changed(sandbox, "conversations")
        and one["conversation_parts"]["conversation_parts"]
    }
    assert all(row["conversation_updated_at"] >= SINCE for row in parts)
    assert all(one > SINCE for one in (run.bookmarks(stream)[-1] for stream in GONE_ON))


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_what_it_does_not_have_is_read_from_the_beginning(sandbox: Sandbox, state: Any) -> None:
    streams = ("tickets", "segments", "company_segments", "tags")
    run, fresh = gone_on(sandbox, state, *streams), sync(sandbox, *streams)
    assert all(fresh.counts[stream] for stream in streams)
    assert run.counts == fresh.counts


def test_a_stopped_run_of_ticketswap_leaves_no_bookmark(sandbox: Sandbox) -> None:
    """Its rows come in no order: nothing is certain before the end."""
    stopped = {
        "bookmarks": {
            "contacts": {
                "starting_replication_value": None,
                "replication_key_signpost": MAY_20,
                "progress_markers": {
                    "Note": "Progress is not resumable if interrupted.",
                    "replication_key": "updated_at",
                    "replication_key_value": MAY_20,
                },
            },
            "conversation_parts": {},
        }
    }
    run = gone_on(sandbox, stopped, "contacts")
    assert run.counts["contacts"] == len(sandbox.records("contacts"))


@pytest.mark.parametrize(
    "block", re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL), ids=lambda block: block[:40]
)
def test_a_state_that_the_page_shows_is_understood(sandbox: Sandbox, block: str) -> None:
    state = json.loads(block)
    shown = state.get("singer_state", state)["bookmarks"]
    run = gone_on(sandbox, state, *shown)
    for stream in shown:
        key = KEYS[stream]
        assert key
        assert run.rows(stream), stream
        assert all(row[key] >= SINCE for row in run.rows(stream)), stream


# What the page says of streams


def tables(head: str) -> list[list[str]]:
    """The rows of the page's tables that begin so, as lists of their cells."""
    rows, within = [], False
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            within = False
        elif within and "---" not in line:
            rows.append(cells)
        else:
            within = within or cells[0] == head
    return rows


def fields(stream: str) -> dict[str, Any]:
    declared = next(
        one for some in streams_page.areas().values() for one in some if one.name == stream
    )
    return dict(declared.schema)


def has(schema: dict[str, Any], names: list[str]) -> bool:
    """Say whether a schema has a field, or leaves open what is there."""
    while kind_of(schema) == "array":
        schema = schema["items"]
    if not names:
        return True
    inside = schema.get("properties")
    return inside is None or (names[0] in inside and has(inside[names[0]], names[1:]))


def test_streams_and_columns_that_the_page_names_are_there() -> None:
    streams, named = {one.name for one in STREAMS}, 0
    for _, ours, differs in tables("Theirs"):
        assert ours
        assert set(re.findall(r"`(\w+)`", ours)) <= streams, ours
        for stream, path in re.findall(r"`(\w+)\.([\w.]+)`", differs):
            assert stream in streams, stream
            assert has(fields(stream), path.split(".")), f"{stream}.{path}"
            named += 1
    assert named > 50


def test_settings_that_the_page_names_are_there() -> None:
    known = set(TapIntercom.config_jsonschema["properties"])
    settings = tables("Their setting")
    assert len(settings) >= 4
    for _, ours in settings:
        assert set(re.findall(r"`([a-z_]+)`", ours)) <= known


@pytest.mark.parametrize("section", ["singer-io", "TicketSwap", "Airbyte", "Fivetran", "Estuary"])
def test_each_section_says_what_to_run_once_and_why_it_differs(section: str) -> None:
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    assert "**Run once**" in text
    assert "**Why it differs.**" in text
    assert re.search(r"\*\*State\.\*\*|Its state is its own", text)
