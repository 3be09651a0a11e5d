"""Each column of each stream says in a line what it is, and each key what it joins."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import staging

from tap_intercom.records import descriptions
from tap_intercom.records.descriptions import EVERYWHERE, JOINS, words
from tap_intercom.shapes.children import Children
from tap_intercom.streams import STREAMS
from tap_intercom.tap import TapIntercom

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    return descriptions.owners_of(stream.name, stream.component)


def inside(declared: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of a schema by its path, whatever lies around it."""
    for name, one in declared.get("properties", {}).items():
        yield f"{path}{name}", one
        while "items" in one:
            one = one["items"]  # noqa: PLW2901 - a list is opened
        yield from inside(one, f"{path}{name}.")


def fields(name: str) -> dict[str, dict[str, Any]]:
    """The fields of a stream that are described, those inside objects and lists, too."""
    found = dict(inside(discovered()[name].schema))
    return {path: one for path, one in found.items() if "." not in path or "description" in one}


@by_stream
def test_every_column_says_what_it_is_in_a_line(stream: type[Shape]) -> None:
    for path, declared in fields(stream.name).items():
        said = declared.get("description", "")
        assert re.fullmatch(r"[A-Z][^\n{}]+\.", said), path
        assert len(said) <= LONGEST, path
        assert "  " not in said, path


@pytest.mark.parametrize("stream", staging.staged(), ids=lambda stream: stream.name)
def test_every_field_that_a_view_makes_a_column_of_says_what_it_is(stream: Shape) -> None:
    described = fields(stream.name)
    paths = {path.partition("|")[0] for path in staging.named(stream.schema)}
    assert {path for path in paths if path not in described} == set()


@by_stream
def test_what_lies_around_a_described_field_is_described(stream: type[Shape]) -> None:
    """The page of streams would have no place for the field."""
    found = dict(inside(discovered()[stream.name].schema))
    generic = {text for name, text in words()[EVERYWHERE].items() if name.startswith(".")}
    for path, declared in found.items():
        around = path.rpartition(".")[0]
        if around and declared.get("description", "") not in {"", *generic}:
            assert found[around].get("description"), path


@by_stream
def test_every_time_says_its_zone(stream: type[Shape]) -> None:
    for path, declared in fields(stream.name).items():
        is_time = declared.get("format") == "date-time"
        assert ("In UTC." in declared["description"]) == is_time, path


@by_stream
def test_every_foreign_key_says_what_it_joins(stream: type[Shape]) -> None:
    for path, declared in fields(stream.name).items():
        targets = descriptions.joins(path, owners(stream))
        *_, said = ["", *re.findall(r"Joins (.+)\.", declared["description"])]
        assert said == " or ".join(f"`{target}`" for target in targets), path
        for target in targets:
            table, column = target.split(".")
            assert column in columns(table), path
            assert (table, column) != (stream.name, path), "a column joins itself"


@by_stream
def test_what_is_called_an_id_is_a_key_or_known_to_be_none(stream: type[Shape]) -> None:
    named = {one for one in columns(stream.name) if re.search(r"_ids?$", one)}
    rows = [JOINS.get(one, {}) for one in (*owners(stream), EVERYWHERE)]
    assert {one for one in named if not any(one in row for row in rows)} <= ALONE


@by_stream
def test_the_id_of_a_link_joins_as_its_namesake_does(stream: type[Shape]) -> None:
    if issubclass(stream, Children) and stream.id_of:
        own = descriptions.joins("id", owners(stream))
        assert own
        assert own == descriptions.joins(f"{stream.id_of}_id", owners(stream))


@pytest.mark.parametrize("table", [words(), JOINS], ids=["words", "joins"])
def test_nothing_is_said_of_columns_that_are_not_there(table: dict[str, dict[str, Any]]) -> None:
    used = {
        (found.owner, found.name)
        for stream in STREAMS
        for path, _ in inside(discovered()[stream.name].schema)
        if (found := descriptions.found(table, tuple(path.split(".")), owners(stream)))
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
