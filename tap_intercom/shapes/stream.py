"""What does the SDK ask of a stream?

Here is all that has to be otherwise than the SDK has it: records are made to fit by our own schemas
before stream maps see them, bookmarks move only by `checkpoint`, and the target hears of the end of
a table at its end.
"""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from singer_sdk.helpers._catalog import pop_deselected_record_properties
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from typing_extensions import override

from tap_intercom.batches import BatchedRecords
from tap_intercom.records import columns, fitting, times

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from singer_sdk.mapper import StreamMap


class IntercomStream(BatchedRecords):
    """A Singer stream: one kind of thing in the workspace."""

    # The SDK's own conforming drops unknown fields of objects and reads the text "false" as true.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    STATE_MSG_FREQUENCY = 1000

    primary_keys: Any = ("id",)
    replication_key: str | None = None

    @cached_property
    def _fit(self) -> Callable[[dict[str, Any]], dict[str, Any]]:
        keys = type(self).primary_keys  # whatever a catalog says
        if not (levels := columns.levels(self.config)):
            return fitting.compiled(self.schema, keys)
        told = columns.distinct(self.effective_schema, self.config)
        fit = fitting.compiled(columns.closed(self.schema, told, levels), keys)

        def fit_selected(row: dict[str, Any]) -> dict[str, Any]:
            # Nothing of what is not selected is to be rescued.
            pop_deselected_record_properties(row, self.schema, self.mask)
            return fit(row)

        return fit_selected

    @property
    @override
    def stream_maps(self) -> list[StreamMap]:
        if self.name not in self._tap.mapper.stream_maps:
            cast("Any", self._tap).map_whole(self.name)
        return super().stream_maps

    @override
    def post_process(self, row: dict[str, Any], context: object = None) -> dict[str, Any]:
        return self._fit(row)

    @override
    def _process_record(self, *_args: object, **_kwargs: object) -> None:
        """Look for no children: no stream has any in the sense of the SDK."""

    @property
    def is_incremental(self) -> bool:
        """Say whether the stream has a bookmark, which the catalog may have switched off."""
        return bool(self.replication_key) and self.replication_method != REPLICATION_FULL_TABLE

    @property
    def bookmark(self) -> Any:
        """The time up to which the runs before have handed out all; None if there was none."""
        bookmarks = self.tap_state.get("bookmarks", {})
        return bookmarks.get(self.name, {}).get("replication_key_value")

    # The settings by which a run may read less, and whether what was read with one value holds all
    # that there is with another, which comes second.
    state_settings: ClassVar[Mapping[str, Callable[[Any, Any], bool]]] = {}

    @property
    def made_with(self) -> dict[str, Any]:
        """The settings that the bookmark was made with, as far as it says so."""
        found = self.tap_state.get("bookmarks", {}).get(self.name, {}).get("made_with")
        return found if isinstance(found, dict) else {}

    @property
    def holds_less(self) -> bool:
        """Say whether the bookmark was made with settings by which less is read than by today's."""
        return self._held_less(self.made_with)

    def _held_less(self, known: Mapping[str, Any]) -> bool:
        return any(
            name in known and not holds(known[name], self.config.get(name))
            for name, holds in self.state_settings.items()
        )

    def checkpoint(self, reached: datetime) -> None:
        """Move the bookmark: all that changed up to this moment has been handed out.

        It may move back where it was made with settings by which less is read.
        """
        value, known = times.text(reached), self.progress.get("replication_key_value") or ""
        made_with = self.progress.get("made_with") or {}
        is_new = not known or self._held_less(made_with)
        if not is_new and value <= known and self.state_settings.keys() <= made_with.keys():
            return
        settings = {name: self.config.get(name) for name in self.state_settings}
        start = self.config.get("start_date")
        first = (start and times.canonical(start)) if is_new else made_with.get("start_date")
        if first:
            settings["start_date"] = first
        moved = {
            "replication_key": self.replication_key,
            "replication_key_value": value if is_new else max(value, known),
        }
        if settings or made_with:
            moved["made_with"] = settings
        self.progress.update(moved)  # in one step, whenever a signal comes
        self.state_manager.is_flushed = False

    @property
    def remembered(self) -> list[dict[str, Any]]:
        """The parents that the bookmark has passed, and whose rows are still to be read."""
        kept = self.progress.get("failed") if self.is_incremental else None
        return [parent for parent in kept or [] if isinstance(parent, dict)]

    def remember(self, parents: list[dict[str, Any]]) -> None:
        """Keep parents in the bookmark, of a stream that has one."""
        if not self.is_incremental or (not parents and "failed" not in self.progress):
            return
        self.progress["failed"] = parents
        self.state_manager.is_flushed = False

    @override
    def _increment_stream_state(self, *_args: object, **_kwargs: object) -> None:
        """Leave the bookmark alone: the SDK would move it with each record, in whatever order."""

    @override
    def get_replication_key_signpost(self, context: object = None) -> None:
        """Set no upper bound for the SDK: a `Reach` has its own."""

    @override
    def compare_start_date(self, value: str, start_date_value: str) -> str:
        return max(value, start_date_value, key=times.parse)

    @override
    def _write_activate_version_message(self, full_table_version: int) -> None:
        """Leave it to `activate_version`, after the last record.

        The SDK would send it before the first, and a run that fails would leave a target without
        the rows of the run before.
        """

    def activate_version(self) -> None:
        """Tell the target that what it has not been given in this run is no longer there."""
        if self._stream_version is not None:
            super()._write_activate_version_message(self._stream_version)

    @property
    def is_trial(self) -> bool:
        """Say whether no more than a few records are wanted, as of `--test`."""
        return self.ABORT_AT_RECORD_COUNT is not None

    @override
    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        """Log what the SDK has to say, but for the end of a trial, which it calls an error."""
        if not self.is_trial or level < logging.ERROR:
            super().log(message, *args, level=level, **kwargs)
