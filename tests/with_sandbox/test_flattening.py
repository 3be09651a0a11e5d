"""Flattened, all that came arrives: in a column that a database takes, or in `_rescued_data`."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from comparing import differences
from odd_records import RESOURCES, odd_record
from runs import CUSTOM_OBJECT_TYPES, NAMES, Run, catalog, catalog_of, sync
from singer_sdk.helpers._flattening import flatten_key
from thorough import the_first_of

from tap_intercom.ending import SettingsError
from tap_intercom.sandbox import running
from tap_intercom.tap import TapIntercom

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_intercom.sandbox import Sandbox

RESCUED = "_rescued_data"
SETTINGS: dict[str, Any] = {"custom_object_types": CUSTOM_OBJECT_TYPES}


def flattening(depth: int) -> dict[str, Any]:
    return {"flattening_enabled": True, "flattening_max_depth": depth}


@pytest.fixture(scope="module")
def odd() -> Iterator[Sandbox]:
    """A workspace with fields that nobody described, in every object of a record of each kind."""
    with running(size=20) as sandbox:
        for resource in RESOURCES:
            for record in sandbox.records(resource)[:3]:
                sandbox.put(resource, odd_record(resource, record, "unknown fields"))
        yield sandbox


@pytest.fixture(scope="module")
def plain(odd: Sandbox) -> Run:
    """What arrives without flattening, which other tests compare with what Intercom holds."""
    run = sync(odd, *NAMES, **SETTINGS)
    assert run.error is None
    return run


def unflattened(declared: dict[str, Any], row: dict[str, Any], depth: int) -> dict[str, Any]:
    """Put the columns of a row together again."""

    def inner(properties: dict[str, Any], path: list[str]) -> dict[str, Any]:
        found = {}
        for name, node in properties.items():
            if len(path) < depth and "properties" in node:
                found[name] = inner(node["properties"], [*path, name])
            else:
                value = row.get(flatten_key(name, path))
                kind = node["type"][-1]
                found[name] = json.loads(value) if value and kind in {"object", "array"} else value
        return found

    return inner(declared["properties"], [])


def missing(sent: Any, found: Any) -> list[str]:
    """Say what of a record without flattening is nowhere in one that was flattened."""
    known, rescued = sent.pop(RESCUED) or {}, found.pop(RESCUED) or {}
    assert {path: rescued.pop(path, None) for path in known} == known
    return differences(sent, {**emptied(sent, found), RESCUED: rescued})


def emptied(sent: Any, found: Any) -> Any:
    """Let there be no object where none was sent; its columns are null."""
    if not isinstance(found, dict):
        return found
    if not isinstance(sent, dict):
        return None if all(emptied(None, one) is None for one in found.values()) else found
    return {name: emptied(sent.get(name), one) for name, one in found.items()}


@pytest.mark.parametrize("depth", the_first_of(10, 1))
def test_all_that_came_arrives_of_every_stream(odd: Sandbox, plain: Run, depth: int) -> None:
    run = sync(odd, *NAMES, **SETTINGS, **flattening(depth))
    assert run.error is None
    assert run.counts == plain.counts
    rescued = 0
    for (name, row), (stream, sent) in zip(run.records, plain.records, strict=True):
        assert name == stream
        properties = run.schemas[name]["schema"]["properties"]
        assert {*row} <= {*properties}, name
        found = unflattened(catalog()[name]["schema"], row, depth)
        rescued += bool(found[RESCUED])
        assert missing(copy.deepcopy(sent), found) == [], name
    assert rescued > len(RESOURCES)
    for stream, told in run.schemas.items():
        names = [name.casefold()[:63] for name in told["schema"]["properties"]]
        assert len({*names}) == len(names), stream


# Whatever attributes are called

ODD_NAMES = (
    "plan", "Plan", "PLAN", "x" * 70 + "1", "x" * 70 + "2", "y" * 300 + "1", "y" * 300 + "2",
    "a__b", "a", "__", "_", " ", "a.b", "a.", "ß", "ss", "SS", "İ", "🧵", "年齢", "type", "id",
    "properties", "items", "_rescued_data", "custom_attributes", "__class__", "$ref", "%s", "{0}",
    "'", '"', "\\", "line\nbreak", "a b", "a-b", "1", "-", "None",
)  # fmt: skip


@pytest.fixture
def named(sandbox: Sandbox) -> Sandbox:
    """A workspace whose attributes have odd names, and values of each."""
    for number, name in enumerate(ODD_NAMES):
        definition = sandbox.records("contact_attributes")[-1]
        defined = {"name": name, "full_name": f"custom_attributes.{name}", "custom": True}
        sandbox.put(
            "contact_attributes",
            {**definition, **defined, "data_type": "string", "created_at": 1_700_000_000 + number},
        )
    for contact in sandbox.records("contacts"):
        sandbox.put("contacts", {"id": contact["id"], "custom_attributes": VALUES})
    return sandbox


def typed(sandbox: Sandbox) -> dict[str, Any]:
    """What discovery says of contacts where attributes are typed, all of it selected."""
    config = {"api_key": "demo", "api_url": sandbox.url, "custom_attributes": "typed"}
    found = TapIntercom(config=config).catalog_dict["streams"]
    [entry] = [one for one in found if one["tap_stream_id"] == "contacts"]
    for metadata in entry["metadata"]:
        metadata["metadata"]["selected"] = True
    return {"streams": [entry]}


VALUES = {**{name: f"value of {name}" for name in ODD_NAMES}, "brand new": 7, "nothing": None}


@pytest.mark.parametrize("depth", [1, 3])
def test_attributes_may_be_called_anything(
    named: Sandbox, monkeypatch: pytest.MonkeyPatch, depth: int
) -> None:
    catalog = typed(named)
    monkeypatch.setattr("runs.catalog_of", lambda *_: catalog)
    run = sync(named, "contacts", custom_attributes="typed", **flattening(depth))
    assert run.error is None
    assert not run.failed
    names = [*run.schemas["contacts"]["schema"]["properties"]]
    assert len({name.encode()[:63].lower() for name in names}) == len(names)
    assert {"custom_attributes__plan", "custom_attributes__年齢", RESCUED} <= {*names}
    for row in run.rows("contacts"):
        rescued = json.loads(row[RESCUED])
        found = {
            name: row[column]
            for name in VALUES
            if (column := flatten_key(name, ["custom_attributes"])) in names and row.get(column)
        }
        kept = {
            path.removeprefix("custom_attributes."): value
            for path, value in rescued.items()
            if path.startswith("custom_attributes.")
        }
        # What has the column of another by the SDK's shortening is told apart by its value.
        found = {name: value for name, value in found.items() if value == VALUES[name]}
        assert {**kept, **found} == {**VALUES, **found}
        assert found.keys() | kept.keys() == VALUES.keys()


def test_open_attributes_are_one_column(named: Sandbox) -> None:
    for row in sync(named, "contacts", **flattening(3)).rows("contacts"):
        assert json.loads(row["custom_attributes"]) == VALUES


def test_untyped_ones_are_one_column_too(named: Sandbox) -> None:
    """Without the permission to read the definitions."""
    token = "demo-no-permission-contact_attributes"
    run = sync(named, "contacts", token=token, custom_attributes="typed", **flattening(3))
    for row in run.rows("contacts"):
        assert json.loads(row["custom_attributes"]) == VALUES


def test_what_was_defined_after_a_catalog_was_written_is_rescued(
    named: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SCHEMA is the catalog's, and a target takes no column that it does not name."""
    before = catalog_of("contacts")
    text = {"type": ["null", "string"]}
    fields = {
        "properties": {"plan": text},
        "type": ["null", "object"],
        "additionalProperties": True,
    }
    before["streams"][0]["schema"]["properties"]["custom_attributes"] = fields
    monkeypatch.setattr("runs.catalog_of", lambda *_: before)
    run = sync(named, "contacts", custom_attributes="typed", **flattening(1))
    for row in run.rows("contacts"):
        assert row["custom_attributes__plan"] == "value of plan"
        assert json.loads(row[RESCUED])["custom_attributes.a b"] == "value of a b"


def test_a_catalog_that_has_attributes_open_keeps_them_in_one_column(named: Sandbox) -> None:
    for row in sync(named, "contacts", custom_attributes="typed", **flattening(1)).rows("contacts"):
        assert json.loads(row["custom_attributes"]) == VALUES


def test_what_is_not_selected_is_not_rescued(odd: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = catalog_of("contacts")
    for entry in chosen["streams"][0]["metadata"]:
        if tuple(entry["breadcrumb"]) == ("properties", "location"):
            entry["metadata"]["selected"] = False
    monkeypatch.setattr("runs.catalog_of", lambda *_: chosen)
    rows = sync(odd, "contacts", **flattening(1)).rows("contacts")
    assert any("tags.brand_new" in (row[RESCUED] or "") for row in rows)
    assert not any("location" in (row[RESCUED] or "") for row in rows)
    assert not any(name.startswith("location") for row in rows for name in row)


def test_maps_and_flattening_go_together(odd: Sandbox) -> None:
    maps = {"contacts": {"email": "md5(id)", "name": None}}
    run = sync(odd, "contacts", stream_maps=maps, **flattening(1))
    assert run.error is None
    assert any("location.brand_new" in (row[RESCUED] or "") for row in run.rows("contacts"))
    assert {len(row["email"]) for row in run.rows("contacts")} == {32}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"stream_maps": {"contacts": {"location__city": "'x'"}}}, "Duplicate column name"),
        ({"flattening_max_key_length": 10}, "flattening_max_key_length must be more than 13"),
    ],
    ids=["a map", "short names"],
)
def test_what_cannot_be_flattened_is_said_before_the_run(
    odd: Sandbox, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        sync(odd, "contacts", **flattening(1), **settings)
