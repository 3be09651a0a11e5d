"""Flattened, a schema has no two columns that are one to a database, and nothing is dropped."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from singer_sdk.helpers._flattening import flatten_record, flatten_schema

from tap_intercom.records import columns, schema
from tap_intercom.records.fitting import compiled
from tap_intercom.records.schema import RESCUED

TEXT = {"type": ["null", "string"]}
NAMES = st.one_of(
    st.sampled_from(["a", "A", "a__b", "A__B", "b", "ß", "SS", "ẞ", "İ", "", "type", "properties"]),
    st.sampled_from(["x" * 60, "x" * 61 + "1", "x" * 61 + "2", "X" * 61 + "3", "x" * 300]),
    st.text(max_size=70),
)
SCHEMAS = st.recursive(
    st.just(TEXT),
    lambda inner: st.dictionaries(NAMES, inner, max_size=6).map(
        lambda fields: {"type": ["null", "object"], "properties": fields}
    ),
    max_leaves=30,
)
SETTINGS = st.fixed_dictionaries(
    {"flattening_enabled": st.just(value=True), "flattening_max_depth": st.integers(1, 4)},
    optional={
        "flattening_separator": st.sampled_from(["__", "_", ".", ""]),
        "flattening_max_key_length": st.sampled_from([14, 20, 63, 255]),
    },
)


def flattening(depth: int) -> dict[str, Any]:
    return {"flattening_enabled": True, "flattening_max_depth": depth}


def flattened(declared: dict[str, Any], settings: dict[str, Any], record: Any = None) -> Any:
    """Flatten a schema, and a record by it, as the SDK does."""
    how: dict[str, Any] = {
        "max_level": settings["flattening_max_depth"],
        "separator": settings.get("flattening_separator", "__"),
        "max_key_length": settings.get("flattening_max_key_length", 255),
    }
    flat = flatten_schema(declared, **how)
    return flat["properties"] if record is None else flatten_record(record, flat, **how)


def values(node: dict[str, Any], at: str, count: list[int]) -> Any:
    """A record with another value in each field, and with one that no schema declares."""
    if "properties" not in node:
        count[0] += 1
        return f"value {count[0]}."
    fields = {name: values(one, at, count) for name, one in node["properties"].items()}
    count[0] += 1
    unknown = "unknown" + "!" * (max(map(len, fields), default=0))
    return {**fields, unknown: f"value {count[0]}."}


@given(st.dictionaries(NAMES, SCHEMAS, min_size=1, max_size=6), SETTINGS)
@example(
    {"a__b": TEXT, "a": {"type": ["null", "object"], "properties": {"b": TEXT}}}, flattening(1)
)
@example(
    {
        "a": {
            "type": ["null", "object"],
            "properties": {"b": {"type": ["null", "object"], "properties": {"c": TEXT}}},
        },
        "a__b": TEXT,
    },
    flattening(2),
)
def test_every_value_has_a_column_or_is_rescued(
    fields: dict[str, Any], settings: dict[str, Any]
) -> None:
    fields.pop(RESCUED, None)
    rescue = {"type": ["null", "object"], "additionalProperties": True}
    whole = {"type": "object", "properties": {**fields, RESCUED: rescue}}
    told = columns.distinct(whole, settings)
    names = [*flattened(told, settings)]
    # What the SDK would have refused before is flattened, and no two names are one to a database.
    for same in (
        {name.encode()[:63].decode(errors="ignore").casefold() for name in names},
        {name.encode()[:63].decode(errors="ignore").lower() for name in names},
        {name.casefold().encode()[:63] for name in names},
    ):
        assert len(same) == len(names)
    longest = settings.get("flattening_max_key_length", 63)
    assert all(len(name.encode()) <= longest for name in names)
    count = [0]
    record = values({"properties": fields}, "", count)
    levels = columns.levels(settings)
    fit = compiled(columns.closed(whole, told, levels), ())
    row = flattened(told, settings, fit(copy.deepcopy(record)))
    arrived = json.dumps({name: row[name] for name in names if name in row})
    assert all(f"value {one}." in arrived for one in range(1, count[0] + 1))


@pytest.mark.parametrize("place", [None, {"city": "A", "more": None}, {"more": {"x": None}}, {}])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_no_column_is_written_that_is_not_declared(place: Any, depth: int) -> None:
    fact = {"id": "string", "place": {"city": "string", "more": {"x": {"y": "integer"}}}}
    node = schema._object(fact, ())  # noqa: SLF001  made of facts, as those of streams are
    fit = compiled(columns.closed(node, node, depth), ())
    row = columns.without_null_objects(fit({"id": "1", "place": place}), node, depth)
    written = flattened(node, flattening(depth), row)
    assert {*written} - {RESCUED} <= {*flattened(node, flattening(depth))}
    assert written["id"] == "1"
    assert written.get("place__city") == (place or {}).get("city")


def test_what_lies_less_deep_has_the_column() -> None:
    inner = {"type": ["null", "object"], "properties": {"B": TEXT, "c": TEXT, "C": TEXT}}
    declared = {"type": "object", "properties": {"a": inner, "a__b": TEXT}}
    told = columns.distinct(declared, flattening(1))
    assert [*flattened(told, flattening(1))] == ["a__c", "a__b"]
    assert [*declared["properties"]["a"]["properties"]] == ["B", "c", "C"]  # it is left alone


@pytest.mark.parametrize("settings", [{}, {"flattening_enabled": False}, flattening(0)], ids=repr)
def test_without_flattening_there_are_no_levels(settings: dict[str, Any]) -> None:
    assert columns.levels(settings) == 0


def test_fields_within_the_levels_are_rescued_if_nobody_declares_them() -> None:
    fact = {"id": "string", "place": {"city": "string", "more": {"x": "integer"}}, "rows": [{}]}
    node = schema._object(fact, ())  # noqa: SLF001  made of facts, as those of streams are
    node["properties"][RESCUED] = {"type": ["null", "object"]}
    sent = {
        "id": "1",
        "place": {"city": "A", "code": 7, "more": {"x": 1, "y": {"z": None}}},
        "rows": [{"new": 1}],
    }
    for depth, rescued in enumerate(
        [None, {"place.code": 7}, {"place.code": 7, "place.more.y": {"z": None}}]
    ):
        record = compiled(columns.closed(node, node, depth), ("id",))(copy.deepcopy(sent))
        assert record[RESCUED] == rescued
        assert record["rows"] == [{"new": 1}]


def test_the_oldest_of_attributes_that_are_called_alike_has_the_column() -> None:
    defined = [
        {"name": name, "data_type": "string", "created_at": at}
        for name, at in (("plan", 1_700_000_002), ("PLAN", 1_700_000_001), ("Plan", None))
    ]
    typed = schema.custom_properties(defined)
    assert [*typed] == ["PLAN", "plan", "Plan"]
    assert typed == schema.custom_properties(defined[::-1])
    node = {"type": ["null", "object"], "properties": typed}
    told = columns.distinct({"properties": {"custom_attributes": node}}, flattening(1))
    assert [*told["properties"]["custom_attributes"]["properties"]] == ["PLAN"]


@pytest.mark.parametrize(
    ("length", "most", "there"),
    [
        (44, None, True),
        (45, None, False),
        (45, 255, True),
        (230, 255, True),
    ],
)
def test_a_long_name_has_a_column_where_the_settings_allow_for_it(
    length: int, most: int | None, *, there: bool
) -> None:
    node = {"type": ["null", "object"], "properties": {"x" * length: TEXT}}
    settings = (
        flattening(1) if most is None else {**flattening(1), "flattening_max_key_length": most}
    )
    told = columns.distinct({"properties": {"custom_attributes": node}}, settings)
    assert bool(told["properties"]["custom_attributes"]["properties"]) is there


def test_a_key_keeps_its_name() -> None:
    declared = {"properties": {"side_conversation_id": TEXT, RESCUED: {"type": ["null", "object"]}}}
    keys = ("side_conversation_id",)
    settings = {**flattening(1), "flattening_max_key_length": 20}
    with pytest.raises(ValueError, match="must be more than 20, the length of side_conversation"):
        columns.distinct(declared, settings, keys)
    assert columns.distinct(declared, {**settings, "flattening_max_key_length": 21}, keys)
    with pytest.raises(ValueError, match="must be more than 13, the length of _rescued_data"):
        columns.distinct(declared, {**settings, "flattening_max_key_length": 13})


def test_what_a_target_is_not_told_is_not_declared() -> None:
    node = {"type": ["null", "object"], "properties": {"x": TEXT, "y": TEXT}}
    other = {"type": ["null", "object"], "properties": {"x": {"type": "integer"}, "z": TEXT}}
    own, told = {"properties": {"a": node, "b": TEXT}}, {"properties": {"a": other}}
    inner = {**node, "properties": {"x": TEXT}, "additionalProperties": False}
    assert columns.closed(own, told, 1)["properties"] == {"a": inner}
    assert columns.closed(own, told, 0)["properties"] == {"a": node}


def test_what_is_one_column_to_a_target_stays_open() -> None:
    """Of attributes that were typed after a catalog was written."""
    node = {"type": ["null", "object"], "properties": {"x": TEXT}}
    told = {"properties": {"a": {"type": ["null", "object"]}}}
    assert columns.closed({"properties": {"a": node}}, told, 1)["properties"] == {"a": node}
