"""What does the SDK ask of a stream?

Here is all that has to be otherwise than the SDK has it: records are made to fit by our own schemas
before stream maps see them, bookmarks move only by `checkpoint`, and the target hears of the end of
a table at its end.
"""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from singer_sdk.helpers._catalog import pop_deselected_record_properties
from singer_sdk.helpers.conform import TypeConformanceLevel
from typing_extensions import override

from tap_intercom.batches import BatchedRecords
from tap_intercom.records import columns, fitting, times

if TYPE_CHECKING:
    from collections.abc import Callable

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
            return columns.without_null_objects(fit(row), told, levels)

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
