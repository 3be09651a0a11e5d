"""What a state says, whatever lies around it, and what of other taps' bookmarks is understood."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_intercom import given
from tap_intercom.bookmarks import adopted, read, unknown
from tap_intercom.ending import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

EARLY, LATE = "2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "bookmark",
    [
        {"replication_key_value": EARLY},
        {"replication_key_value": EARLY, "updated_at": "2020-01-01"},
        EARLY,
        1767225600,
        {"updated_at": EARLY},
        {"updated_at": LATE, "created_at": EARLY},
        {"created_at": 1767225600, "other": LATE},
        {"updated_at": LATE, "prior_state": {"conversations": {"updated_at": EARLY}}},
        {"state": {"updated_at": LATE}, "parent_state": [{"updated_at": EARLY}]},
        {"replication_key_value": None, "updated_at": EARLY},
        {"updated_at": "", "created_at": EARLY},
    ],
    ids=str,
)
def test_of_several_times_in_a_bookmark_the_earliest_holds(bookmark: Any) -> None:
    assert adopted(bookmark, "updated_at") == {
        "replication_key": "updated_at",
        "replication_key_value": EARLY,
    }
    assert adopted(bookmark, None) == {}


@pytest.mark.parametrize("bookmark", [{}, [], None, {"partitions": []}, {"x": EARLY}], ids=str)
def test_a_bookmark_without_a_time_is_none(bookmark: Any) -> None:
    assert adopted(bookmark, "updated_at") == {}


@pytest.mark.parametrize("bookmark", [{"replication_key_value": "soon"}, {"updated_at": "soon"}])
def test_a_bookmark_that_is_no_time_is_an_error(bookmark: Any) -> None:
    with pytest.raises(ValueError, match="soon"):
        adopted(bookmark, "updated_at")


def test_what_belongs_to_a_bookmark_of_ours_is_kept() -> None:
    beside = {"made_with": {"companies_method": "list"}, "failed": [{"id": "1"}]}
    bookmark = {"replication_key_value": EARLY, **beside, "else": 1}
    assert adopted(bookmark, "x") == {
        "replication_key": "x",
        "replication_key_value": EARLY,
        **beside,
    }
    assert adopted({"made_with": {"companies_method": "list"}}, "x") == {}


# What lies around

KEYS = {"contacts": "updated_at", "calls": "updated_at", "tags": None}
ONE = {"contacts": {"replication_key": "updated_at", "replication_key_value": EARLY}}
STATE = {"bookmarks": ONE}


@pytest.mark.parametrize(
    "state",
    [
        STATE,
        ONE,
        {"contacts": EARLY},
        {"bookmarks": {"contacts": EARLY}, "currently_syncing": "contacts"},
        {**ONE, "currently_syncing": None},
        {"type": "STATE", "value": STATE},
        {"type": "STATE", "value": {"singer_state": STATE}},
        {"type": "STATE", "value": {"type": "STATE", "value": ONE}},
        {"singer_state": STATE},
        {"singer_state": {"value": STATE}},
        {"completed": {"singer_state": STATE}},
        {"completed": {"singer_state": STATE}, "partial": {}},
        {"completed": {}, "partial": {"singer_state": STATE}},
        {"partial": STATE},
        {"state": {"completed": {"singer_state": STATE}}},
        [{"bookmarks": {"contacts": LATE}}, {"type": "STATE", "value": STATE}],
        {
            "type": "STREAM",
            "stream": {
                "stream_descriptor": {"name": "contacts", "namespace": None},
                "stream_state": {"updated_at": EARLY},
            },
        },
        {
            "type": "STATE",
            "state": {
                "type": "GLOBAL",
                "global": {
                    "shared_state": None,
                    "stream_states": [
                        {
                            "stream_descriptor": {"name": "contacts"},
                            "stream_state": {"state": {"updated_at": EARLY}},
                        },
                        {"stream_descriptor": {"name": "tags"}, "stream_state": {}},
                    ],
                },
            },
        },
        {
            "stateType": "stream",
            "streamState": [
                {
                    "streamDescriptor": {"name": "contacts"},
                    "streamState": {"updated_at": 1767225600},
                }
            ],
        },
        {"type": "LEGACY", "data": {"contacts": {"updated_at": EARLY}}},
    ],
    ids=json.dumps,
)
def test_whatever_lies_around_bookmarks_they_are_found(state: Any) -> None:
    assert read(state, KEYS) == ONE
    assert unknown(state, KEYS) == []


def test_what_meltano_keeps_of_a_run_that_broke_off_goes_over_what_ended() -> None:
    ended = {"contacts": {"updated_at": EARLY}, "calls": {"updated_at": EARLY}}
    broken = {"calls": {"updated_at": LATE}}
    state = {
        "completed": {"singer_state": {"bookmarks": ended}},
        "partial": {"singer_state": {"bookmarks": broken}},
    }
    found = read(state, KEYS)
    assert [found[name]["replication_key_value"] for name in ended] == [EARLY, LATE]


@pytest.mark.parametrize(
    "state",
    [
        {},
        [],
        None,
        {"bookmarks": {}},
        {"bookmarks": None},
        {"type": "STATE", "value": {}},
        {"type": "STATE", "value": {"bookmarks": {}}},
        {"singer_state": {}},
        {"completed": {}, "partial": {}},
        {"completed": {"singer_state": {"bookmarks": {}}}},
        {"currently_syncing": None},
    ],
    ids=json.dumps,
)
def test_a_state_that_is_empty_begins_anew(state: Any) -> None:
    assert read(state, KEYS) == {}
    assert unknown(state, KEYS) == []


@pytest.mark.parametrize(
    "state",
    [
        5,
        "contacts",
        {"x": 1},
        {"bookmark": ONE},
        {"bookmarks": "contacts"},
        {"bookmarks": ["contacts"]},
        {"contact": EARLY},
        {"singer_state": "{}"},
        {"completed": {"x": 1}},
        {"completed": {"singer_state": STATE}, "partial": 5},
        {"type": "RECORD", "stream": "contacts", "record": {"id": "1"}},
        {"type": "STATE", "value": {"type": "RECORD"}},
        {"streams": [{"tap_stream_id": "contacts", "schema": {}}]},
        [5],
    ],
    ids=json.dumps,
)
def test_what_is_no_state_is_refused(state: Any) -> None:
    """Everything would be read again without a word."""
    with pytest.raises(SettingsError, match="The state is none that a tap wrote"):
        read(state, KEYS)


def test_a_state_that_is_too_deep_is_refused() -> None:
    state: Any = STATE
    for _ in range(9_999):
        state = {"value": state}
    with pytest.raises(SettingsError):
        read(state, KEYS)


def test_streams_that_there_are_not_are_named_and_the_others_are_read() -> None:
    state = {"bookmarks": {**ONE, "contcats": EARLY, "another": "no time"}}
    assert unknown(state, KEYS) == ["another", "contcats"]
    assert read(state, KEYS) == ONE


# Files


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(STATE),
        json.dumps(STATE, indent=2),
        json.dumps([{"x": 1}, STATE]),
        f"{json.dumps({'x': 1})}\n{json.dumps({'type': 'STATE', 'value': STATE})}\n\n",
        f"{json.dumps({'type': 'RECORD'})}\r\n{json.dumps(STATE)}",
    ],
)
def test_of_several_states_in_a_file_the_last_holds(tmp_path: Path, content: str) -> None:
    assert read(given.state_in(content.encode(), tmp_path / "state.json"), KEYS) == ONE


def test_states_that_airbyte_writes_in_lines_all_hold() -> None:
    lines = [
        json.dumps({"stream_descriptor": {"name": name}, "stream_state": {"updated_at": EARLY}})
        for name in ("contacts", "calls")
    ]
    found = read(given.state_in("\n".join(lines).encode(), "state.json"), KEYS)
    assert found.keys() == {"contacts", "calls"}


@pytest.mark.parametrize(
    "content",
    ["", "\n", "[]", "5", "{", '{"bookmarks":\n{}', f"{json.dumps(STATE)}\n{{", "{}\n[]"],
)
def test_a_file_of_which_a_line_is_none_is_refused(content: str) -> None:
    with pytest.raises(SettingsError, match=r"state\.json"):
        given.state_in(content.encode(), "state.json")
