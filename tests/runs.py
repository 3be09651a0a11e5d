"""Runs of the tap, in this process, against a sandbox: what they wrote and how they ended."""

from __future__ import annotations

import contextlib
import io
import json
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from comparing import differences

from tap_intercom.streams import STREAMS
from tap_intercom.tap import TapIntercom

if TYPE_CHECKING:
    from tap_intercom.sandbox import Sandbox


NAMES = sorted(stream.name for stream in STREAMS)

# The types that the sandbox has; Intercom has no list of them.
CUSTOM_OBJECT_TYPES = ["orders", "subscriptions"]


@dataclass
class Run:
    """What one run of the tap wrote, whether or not it ended well."""

    messages: list[dict[str, Any]]
    error: BaseException | None = None
    left_out: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def rows(self, stream: str) -> list[dict[str, Any]]:
        """The records of a stream, in the order written."""
        return [
            message["record"]
            for message in self.messages
            if message["type"] == "RECORD" and message["stream"] == stream
        ]

    def ids(self, stream: str) -> list[str]:
        """The ids of a stream's records, in the order written."""
        return [row["id"] for row in self.rows(stream)]

    @property
    def counts(self) -> Counter[str]:
        """The number of records per stream."""
        return Counter(
            message["stream"] for message in self.messages if message["type"] == "RECORD"
        )

    @property
    def state(self) -> dict[str, Any]:
        """The value of the last STATE."""
        return self.states[-1]

    @property
    def states(self) -> list[dict[str, Any]]:
        """The values of all STATEs."""
        return [message["value"] for message in self.messages if message["type"] == "STATE"]

    def bookmarks(self, stream: str) -> list[str]:
        """How far a stream was at each STATE; empty before its first bookmark."""
        return [
            state.get("bookmarks", {}).get(stream, {}).get("replication_key_value", "")
            for state in self.states
        ]

    @property
    def schemas(self) -> dict[str, dict[str, Any]]:
        """The SCHEMA of each stream."""
        return {one["stream"]: one for one in self.messages if one["type"] == "SCHEMA"}

    @property
    def records(self) -> list[tuple[str, dict[str, Any]]]:
        """All records with their streams, in the order written."""
        return [
            (message["stream"], message["record"])
            for message in self.messages
            if message["type"] == "RECORD"
        ]

    @property
    def in_any_order(self) -> list[tuple[str, str]]:
        """All records, sorted: rows of a parent that had to be asked about again come last."""
        return sorted((stream, json.dumps(row, sort_keys=True)) for stream, row in self.records)

    @property
    def kept(self) -> dict[str, list[str]]:
        """The ids of the parents that are kept in each bookmark, to be asked about again."""
        return {
            stream: [one["id"] for one in bookmark["failed"]]
            for stream, bookmark in self.state["bookmarks"].items()
            if bookmark.get("failed")
        }


@cache
def catalog() -> dict[str, dict[str, Any]]:
    """What discovery says of each stream."""
    found = TapIntercom(config={"api_key": "demo"}).catalog_dict["streams"]
    return {entry["tap_stream_id"]: entry for entry in found}


def catalog_of(*streams: str) -> dict[str, Any]:
    """A catalogue with these streams only, all fields selected."""
    chosen = json.loads(json.dumps([catalog()[stream] for stream in streams]))
    for entry in chosen:
        for metadata in entry["metadata"]:
            metadata["metadata"]["selected"] = True
    return {"streams": chosen}


def in_version(*streams: str) -> dict[str, str]:
    """Ask for a version that has all of these streams, where the one that comes unasked has not."""
    needed = {stream.min_version for stream in STREAMS if stream.name in streams}
    return {"api_version": "Preview"} if "Preview" in needed else {}


def sync(
    sandbox: Sandbox,
    *streams: str,
    state: dict[str, Any] | None = None,
    token: str = "demo",
    **settings: Any,
) -> Run:
    """Run the tap once, in this process: on these streams, or on all that are selected."""
    config = {"api_key": token, "api_url": sandbox.url, **in_version(*streams), **settings}
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    tap = TapIntercom(
        config=config,
        catalog=catalog_of(*streams) if streams else None,
        state=json.loads(json.dumps(state)),
    )
    error = None
    with contextlib.redirect_stdout(out):
        try:
            tap.sync_all()
        except Exception as raised:  # noqa: BLE001  handed to the test
            error = raised
    out.seek(0)
    messages = [json.loads(line) for line in out]
    audit = tap.run.audit
    failed = {name: str(audit.account(name).failed) for name in audit.failed}
    return Run(messages, error, audit.left_out, failed)


def amiss(stream: str, sent: dict[str, Any], row: dict[str, Any]) -> list[str]:
    """Where a row differs from what Intercom holds.

    Not counted are the columns that name its parent, and what Intercom adds to a list on demand.
    """
    shape = next(one for one in STREAMS if one.name == stream)
    added = {"merge_history", "monitor_evaluations", "scorecards"}
    if stream == "contact_tags" and row.get("url"):
        # Taken from the contact, which shows a tag's path, but not what it is called.
        added |= {"url"}
        sent = {name: sent[name] for name in sent if name in {"contact_id", "type", "id"}}
    if named := getattr(shape, "id_of", None):
        sent = {**sent, f"{named}_id": sent["id"]}
    if shape.of:
        added |= {f"{shape.of.noun}_id", f"{shape.of.noun}_updated_at"}
    own = {name: value for name, value in row.items() if name in sent or name not in added}
    return differences(sent, own)


def latest(*runs: Run) -> dict[tuple[str, str], dict[str, Any]]:
    """The last version of each record over some runs, as a target would hold it."""
    keys = {stream.name: stream.primary_keys for stream in STREAMS}
    return {
        (stream, *(row[key] for key in keys[stream])): row
        for run in runs
        for stream, row in run.records
    }
