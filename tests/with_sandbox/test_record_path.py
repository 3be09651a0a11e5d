"""Records become the same lines on the short way and on the SDK's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from runs import CUSTOM_OBJECT_TYPES, NAMES, Run, catalog_of, sync

from tap_intercom.messages import PlainRecords
from tap_intercom.tap import TapIntercom

if TYPE_CHECKING:
    from tap_intercom.sandbox import Sandbox

FIELD = ("properties", "email")


def told(run: Run) -> list[dict[str, Any]]:
    """Every message, but for what depends on when it was written."""
    return [
        {
            "type": one["type"],
            "stream": one.get("stream"),
            "record": one.get("record"),
            "has_version": "version" in one,
            "has_time": "time_extracted" in one,
        }
        for one in run.messages
    ]


def test_every_stream_is_written_alike(quiet: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    settings: dict[str, Any] = {
        "custom_object_types": CUSTOM_OBJECT_TYPES,
        "emit_activate_version_messages": True,
    }
    short = sync(quiet, *NAMES, **settings)
    monkeypatch.setattr(PlainRecords, "_is_plain", False)
    long = sync(quiet, *NAMES, **settings)
    assert short.error is long.error is None
    assert {one["has_version"] for one in told(short)} == {True, False}
    assert told(short) == told(long)


def is_plain(sandbox: Sandbox, catalog: dict[str, Any], **settings: Any) -> bool:
    config = {"api_key": "demo", "api_url": sandbox.url, **settings}
    stream = TapIntercom(config=config, catalog=catalog).streams["contacts"]
    assert isinstance(stream, PlainRecords)
    return stream._is_plain  # noqa: SLF001  which way it takes is what is tested


def test_a_stream_without_further_wishes_takes_the_short_way(quiet: Sandbox) -> None:
    assert is_plain(quiet, catalog_of("contacts"))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"stream_maps": {"contacts": {"email": "md5(email)"}}}, 32),
        ({"stream_maps": {"contacts": {"__filter__": "email is None"}}}, None),
        ({"flattening_enabled": True, "flattening_max_depth": 1}, "location__city"),
    ],
    ids=["map", "filter", "flattening"],
)
def test_maps_and_flattening_take_the_sdks_way(
    quiet: Sandbox, settings: dict[str, Any], expected: Any
) -> None:
    assert not is_plain(quiet, catalog_of("contacts"), **settings)
    rows = sync(quiet, "contacts", **settings).rows("contacts")
    if isinstance(expected, int):
        assert {len(row["email"]) for row in rows if row["email"]} == {expected}
    elif expected is None:
        assert {row["email"] for row in rows} <= {None}
    else:
        assert all(expected in row for row in rows)


def test_a_deselected_field_takes_the_sdks_way(
    quiet: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = catalog_of("contacts")
    for entry in catalog["streams"][0]["metadata"]:
        if tuple(entry["breadcrumb"]) == FIELD:
            entry["metadata"]["selected"] = False
    assert not is_plain(quiet, catalog)
    monkeypatch.setattr("runs.catalog_of", lambda *_: catalog)
    rows = sync(quiet, "contacts").rows("contacts")
    assert rows
    assert all("email" not in row for row in rows)


def test_other_streams_still_take_the_short_way_where_one_is_mapped(quiet: Sandbox) -> None:
    settings = {"stream_maps": {"companies": {"name": "md5(name)"}}}
    assert is_plain(quiet, catalog_of("contacts", "companies"), **settings)
