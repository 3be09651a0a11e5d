"""Whatever a record holds arrives: in its place, converted without loss, or in `_rescued_data`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from odd_records import INSIDE, ODD, RESOURCES, odd_record, unknown_fields
from runs import CUSTOM_OBJECT_TYPES, NAMES, amiss, sync

from tap_intercom.sandbox import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_intercom.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A small workspace of one's own."""
    with running(size=60) as sandbox:
        yield sandbox


@pytest.mark.parametrize("kind", sorted(ODD))
def test_odd_records_arrive_in_every_stream(sandbox: Sandbox, kind: str) -> None:
    odd = {
        resource: odd_record(resource, sandbox.records(resource)[0], kind) for resource in RESOURCES
    }
    for resource, record in odd.items():
        sandbox.put(resource, record)
    run = sync(sandbox, *NAMES, custom_object_types=CUSTOM_OBJECT_TYPES)
    assert run.error is None
    for resource, record in odd.items():
        sent = dict(record)
        inside = INSIDE.get(resource)
        parts = sent[inside][inside][-500:] if inside else []
        if resource == "conversations":  # their list comes without parts
            del sent[inside]
        key = "full_name" if "full_name" in sent else "id"
        row = next(row for row in run.rows(resource) if row[key] == str(sent[key]))
        assert amiss(resource, sent, row) == [], resource
        rows = {row["id"]: row for row in run.rows(inside)} if inside else {}
        for part in parts:
            assert amiss(inside, part, rows[part["id"]]) == [], inside


def test_b31_unknown_fields_of_the_root_are_rescued_and_others_stay(sandbox: Sandbox) -> None:
    """Targets drop, or fail on, a column that was not declared."""
    contact = sandbox.records("contacts")[0]
    sandbox.put("contacts", unknown_fields(contact))
    row = next(
        row for row in sync(sandbox, "contacts").rows("contacts") if row["id"] == contact["id"]
    )
    assert row["_rescued_data"] == {
        "brand_new": 7,
        "brand_new_object": {"deep": ["er", None, {"x": 1.5}]},
    }
    assert row["tags"]["brand_new"] == 7
