"""What the workspace holds is what comes out: every record, every field, every child row."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from reported import numbered, reported
from runs import NAMES, amiss, sync

from tap_intercom.records.corrections import CORRECTIONS
from tap_intercom.records.times import canonical
from tap_intercom.sandbox.records.exports import QUESTIONS
from tap_intercom.shapes.children import Children
from tap_intercom.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from runs import Run

    from tap_intercom.sandbox import Sandbox

COMBINED = "content_export_answer_combined"

# Rows that are no record of their own in the workspace: where they lie there.
INSIDE = {
    "conversation_parts": ("conversations", "conversation_parts", "conversation"),
    "ticket_parts": ("tickets", "ticket_parts", "ticket"),
}


def held(sandbox: Sandbox, stream: str) -> list[dict[str, Any]]:
    """What the sandbox holds of a stream, with the links that the tap adds to rows."""
    if stream == "workspace":
        me = dict(sandbox.records("workspace")[0])
        workspace = me.pop("app")
        return [{**workspace, "id": workspace["id_code"], "admin": me}]
    if stream == "conversations":
        return [without(one, "conversation_parts") for one in sandbox.records(stream)]
    if stream == "conversation_attributes":
        built_in = sandbox.records("conversation_data_attributes")
        return [*sandbox.records(stream), *({**one, "id": one["full_name"]} for one in built_in)]
    if stream.startswith("report_"):
        return [reported(stream, one) for one in sandbox.records(stream)]
    if stream not in INSIDE:
        rows = [reduced(stream, one) for one in sandbox.records(stream)]
        return numbered(rows) if stream == "hitl_events" else rows
    resource, wrapper, noun = INSIDE[stream]
    return [
        {**part, f"{noun}_id": parent["id"], f"{noun}_updated_at": parent["updated_at"]}
        for parent in sandbox.records(resource)
        for part in parent[wrapper][wrapper][-MOST[noun] :]
    ]


# How many parts there are to be had; those of a conversation are asked for by their types.
MOST = {"conversation": 10_000, "ticket": 500}


# What a stream does not ask for, as it costs a call more, or is another stream's.
NOT_ASKED_FOR = {
    "data_connector_executions": ("request_body", "response_body", "raw_response_body"),
}
KEPT = {
    "call_transcripts": ("call_id", "conversation_id", "transcript", "transcript_status"),
    "contact_companies": ("contact_id", "id", "type"),
    COMBINED: tuple(CORRECTIONS[COMBINED].keys() - {"answers"}),
}
# Keys that the tap makes out of what is there.
MADE: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "content_export_click": lambda row: {
        "url_sha256": hashlib.sha256(row["url"].encode()).hexdigest()
    },
    "handling_events": lambda row: {"teammate_id": str(row["teammate"]["id"])},
    "ip_allowlist": lambda _: {"workspace_id": "sandbox1"},
    COMBINED: lambda row: {"answers": {one: row[one] for one in QUESTIONS if row[one]}},
}


def reduced(stream: str, record: dict[str, Any]) -> dict[str, Any]:
    kept = KEPT.get(stream, tuple(record))
    left = {name: record[name] for name in kept if name not in NOT_ASKED_FOR.get(stream, ())}
    return {**left, **MADE.get(stream, lambda _: {})(record)}


def without(record: dict[str, Any], name: str) -> dict[str, Any]:
    return {other: value for other, value in record.items() if other != name}


def keyed(stream: str, rows: list[dict[str, Any]]) -> dict[tuple[str, ...], dict[str, Any]]:
    keys = next(one.primary_keys for one in STREAMS if one.name == stream)
    return {tuple(same_time(key, str(row[key])) for key in keys): row for row in rows}


def same_time(key: str, text: str) -> str:
    """Write a time that is part of a key as the tap does."""
    if key.endswith("_at") and text.isdigit():
        return str(canonical(int(text)))
    return text.replace("Z", "+00:00") if text[:2] == "20" and text[-1:] == "Z" else text


@pytest.mark.parametrize("stream", NAMES)
def test_every_record_arrives_once_with_every_value(
    quiet: Sandbox, everything: Run, stream: str
) -> None:
    rows = everything.rows(stream)
    delivered = keyed(stream, rows)
    expected = keyed(stream, held(quiet, stream))
    assert expected, "the sandbox holds none, so nothing is shown"
    assert len(delivered) == len(rows), "a key came twice"
    assert delivered.keys() == expected.keys()
    assert {
        key: wrong for key, raw in expected.items() if (wrong := amiss(stream, raw, delivered[key]))
    } == {}


def test_the_sandbox_shows_the_hard_cases(quiet: Sandbox, whole: Run) -> None:
    """Keep the test above from passing on a workspace without difficulties."""
    contacts = quiet.records("contacts")
    assert any(contact["tags"]["has_more"] for contact in contacts)
    assert len({contact["updated_at"] for contact in contacts}) < len(contacts)
    assert any(row["_rescued_data"] for _, row in whole.records)
    assert any(
        len(one["conversation_parts"]["conversation_parts"]) > 500
        for one in quiet.records("conversations")
    )


@pytest.mark.parametrize(
    "stream",
    [one for one in STREAMS if issubclass(one, Children)],
    ids=lambda stream: stream.name,
)
def test_b25_children_join_their_parents_without_casts(
    everything: Run, stream: type[Children]
) -> None:
    """A join that compares text with numbers finds nothing, or fails."""
    links = {row[f"{stream.of.noun}_id"] for row in everything.rows(stream.name)}
    assert links
    assert links <= set(everything.ids(stream.of.name))


@pytest.mark.parametrize("version", ["2.11", "2.14", "2.16", "Preview"])
def test_types_stay_the_same_over_the_versions(quiet: Sandbox, whole: Run, version: str) -> None:
    run = sync(quiet, api_version=version)
    assert run.error is None
    assert run.counts["contacts"] == whole.counts["contacts"]
    before, after = types_of(whole), types_of(run)
    assert {field: types for field, types in after.items() if len(types | before[field]) > 1} == {}


def types_of(run: Run) -> dict[tuple[str, str], set[type]]:
    """The types of all values but nulls, by stream and field."""
    types: dict[tuple[str, str], set[type]] = defaultdict(set)
    for stream, row in run.records:
        for name, value in row.items():
            if value is not None:
                types[stream, name].add(type(value))
    return types
