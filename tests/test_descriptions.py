"""Each column of each stream says in a line what it is, and each key what it joins."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tap_intercom.records import descriptions
from tap_intercom.records.descriptions import EVERYWHERE, JOINS, words
from tap_intercom.shapes.children import Children
from tap_intercom.streams import STREAMS
from tap_intercom.tap import TapIntercom

if TYPE_CHECKING:
    from tap_intercom.shapes.shape import Shape

LONGEST = 200

# What is called an id, and names no row of any stream: of other systems, of what Intercom gives no
# list of, or of one of several streams.
ALONE = {
    "content_id", "external_id", "node_id", "question_id", "ruleset_version_id", "series_id",
    "series_entry_record_id", "side_conversation_id", "source_id", "step_id", "target_id",
}  # fmt: skip

by_stream = pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)


@cache
def discovered() -> dict[str, Any]:
    return dict(TapIntercom(config={"api_key": "demo"}).streams)


def columns(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = discovered()[name].schema["properties"]
    return found


def owners(stream: type[Shape]) -> tuple[str, ...]:
    return (stream.name, stream.component, stream.component.removesuffix("_list_item"))


@by_stream
def test_every_column_says_what_it_is_in_a_line(stream: type[Shape]) -> None:
    for name, declared in columns(stream.name).items():
        said = declared.get("description", "")
        assert re.fullmatch(r"[A-Z][^\n{}]+\.", said), name
        assert len(said) <= LONGEST, name
        assert "  " not in said, name


@by_stream
def test_every_time_says_its_zone(stream: type[Shape]) -> None:
    for name, declared in columns(stream.name).items():
        is_time = declared.get("format") == "date-time"
        assert ("In UTC." in declared["description"]) == is_time, name


@by_stream
def test_every_foreign_key_says_what_it_joins(stream: type[Shape]) -> None:
    for name, declared in columns(stream.name).items():
        target = descriptions.joins(name, owners(stream))
        said = re.findall(r"Joins `(\w+)\.(\w+)`\.", declared["description"])
        assert said == ([tuple(target.split("."))] if target else []), name
        for table, column in said:
            assert column in columns(table), name
            assert (table, column) != (stream.name, name), "a column joins itself"


@by_stream
def test_what_is_called_an_id_is_a_key_or_known_to_be_none(stream: type[Shape]) -> None:
    named = {one for one in columns(stream.name) if re.search(r"_ids?$", one)}
    rows = [JOINS.get(one, {}) for one in (*owners(stream), EVERYWHERE)]
    assert {one for one in named if not any(one in row for row in rows)} <= ALONE


@by_stream
def test_the_id_of_a_link_joins_as_its_namesake_does(stream: type[Shape]) -> None:
    if issubclass(stream, Children) and stream.id_of:
        own = descriptions.joins("id", owners(stream))
        assert own is not None
        assert own == descriptions.joins(f"{stream.id_of}_id", owners(stream))


@pytest.mark.parametrize("table", [words(), JOINS], ids=["words", "joins"])
def test_nothing_is_said_of_columns_that_are_not_there(table: dict[str, dict[str, Any]]) -> None:
    used = {
        next(((one, name) for one in places if name in table.get(one, ())), None)
        for stream in STREAMS
        for places in [(*owners(stream), EVERYWHERE)]
        for name in columns(stream.name)
    }
    assert {(one, name) for one in table for name in table[one]} - used == set()


def test_a_description_changes_nothing_else() -> None:
    before = {
        "type": "object",
        "properties": {"id": {"type": ["null", "string"]}, "unheard_of": {"type": ["null"]}},
    }
    found = descriptions.described(before, (), "tag")
    assert found["properties"]["id"].pop("description") == "Intercom's id of the tag."
    assert found == before
