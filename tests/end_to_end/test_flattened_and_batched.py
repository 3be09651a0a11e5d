"""PostgreSQL takes flattened columns whatever attributes are called, and records out of files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from loaded import all_rows, primary_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from houses import House

RUN = ("run", "tap-intercom", "target-postgres")
CHOSEN = '["contacts.*", "tags.*", "content_export_click.*"]'
NAMES = ("plan", "Plan", "x" * 70 + "1", "x" * 70 + "2", "a__b", "Größe", "a b", "a-b", "'\"%s")
VALUES = {name: f"value of {name}" for name in NAMES} | {"brand new": [1]}


@pytest.fixture(scope="module")
def house(new_house: Callable[[int], AbstractContextManager[House]]) -> Iterator[House]:
    with new_house(17) as house:
        workspace = house.workspace
        definition = workspace.records("contact_attributes")[-1]
        for number, name in enumerate(NAMES):
            defined = {"name": name, "full_name": f"custom_attributes.{name}", "custom": True}
            made = {"data_type": "string", "created_at": 1_700_000_000 + number}
            workspace.put("contact_attributes", {**definition, **defined, **made})
        for contact in workspace.records("contacts"):
            workspace.put("contacts", {"id": contact["id"], "custom_attributes": VALUES})
        yield house


@pytest.fixture(scope="module")
def contacts(house: House) -> list[dict[str, Any]]:
    """What a flattened run brings to the database."""
    settings = {
        "TAP_INTERCOM_FLATTENING_ENABLED": "true",
        "TAP_INTERCOM_FLATTENING_MAX_DEPTH": "2",
        "TAP_INTERCOM_CUSTOM_ATTRIBUTES": "typed",
    }
    house.meltano(*RUN, TAP_INTERCOM__SELECT=CHOSEN, **settings)
    return list(all_rows(house.database)["contacts"].values())


def test_every_attribute_is_in_a_column_or_rescued(contacts: list[dict[str, Any]]) -> None:
    columns = [name for name in contacts[0] if name.startswith("custom_attributes__")]
    assert {"custom_attributes__plan", "custom_attributes__Größe", "custom_attributes__a b"} <= {
        *columns
    }
    for row in contacts:
        rescued = json.loads(row["_rescued_data"])
        found = [row[name] for name in columns] + [
            value for path, value in rescued.items() if path.startswith("custom_attributes.")
        ]
        assert all(value in found for value in VALUES.values())
        assert row["custom_attributes__plan"] == VALUES["plan"]
        assert rescued["custom_attributes.Plan"] == VALUES["Plan"]


@pytest.mark.usefixtures("contacts")
def test_of_records_out_of_files_only_those_that_are_gone_are_marked(
    house: House, tmp_path: Path
) -> None:
    storage = {"root": tmp_path.as_uri(), "prefix": ""}
    encoding = {"format": "jsonl", "compression": "gzip"}
    gone = house.workspace.records("tags")[0]["id"]
    assert house.workspace.delete("tags", gone)
    house.meltano(
        *RUN,
        TAP_INTERCOM__SELECT=CHOSEN,
        TAP_INTERCOM_BATCH_CONFIG=json.dumps(
            {"encoding": encoding, "storage": storage, "batch_size": 20}
        ),
        TAP_INTERCOM_EMIT_ACTIVATE_VERSION_MESSAGES="true",
    )
    assert len(list(tmp_path.iterdir())) > 1
    rows = all_rows(house.database)["tags"]
    assert len(rows) > 20
    assert {key for key, row in rows.items() if row["_sdc_deleted_at"] is not None} == {(gone,)}


@pytest.mark.usefixtures("contacts")
def test_the_key_of_a_click_is_no_address(house: House) -> None:
    key = {"receipt_id", "clicked_at", "url_sha256"}
    assert primary_key(house.database, "content_export_click") == key
