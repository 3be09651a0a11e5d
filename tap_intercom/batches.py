"""How do records leave in files, which messages name, instead of lines?

So many at a time are written to a file, and named in a BATCH. Only then does the bookmark take in
how far they reach: a STATE counts no record of which no message has told, whenever a run ends.
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from functools import cached_property
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from singer_sdk.batch import Batcher
from singer_sdk.helpers._batch import BatchConfig, BatchFileFormat, SDKBatchMessage
from typing_extensions import override

from tap_intercom.audit import RunError
from tap_intercom.ending import SettingsError
from tap_intercom.messages import PlainRecords, encoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Record = dict[str, Any]


# Targets of the SDK note in this column which version the line of a RECORD names, and look at it
# when a version is activated. Of the rows of a file they note only what is in them, and without it
# target-postgres takes all of them for deleted.
VERSION = "_sdc_table_version"


def check(settings: Mapping[str, Any]) -> None:
    """Look whether files can be written as the settings say.

    Raises:
        SettingsError: They cannot.
    """
    try:
        config = BatchConfig.from_dict(dict(settings))
    except TypeError as error:
        raise SettingsError(["batch_config needs an encoding and a storage."]) from error
    if type(config.batch_size) is not int or config.batch_size < 1:
        raise SettingsError(["batch_config.batch_size must be a whole number, 1 or more."])
    if config.encoding.format == BatchFileFormat.PARQUET and find_spec("pyarrow") is None:
        msg = "batch_config asks for parquet, which needs the package pyarrow; jsonl does not."
        raise SettingsError([msg])


class BatchedRecords(PlainRecords):
    """A stream whose records go to files where the settings say so."""

    @cached_property
    def progress(self) -> dict[str, Any]:
        """The bookmark, as far as records have been handed out; STATE tells `stream_state`."""
        return self.stream_state

    @override
    def get_batch_config(self, config: Mapping[str, Any]) -> BatchConfig | None:
        found = super().get_batch_config(config)
        if found and found.encoding.format == BatchFileFormat.JSONL:
            found.encoding.compression = found.encoding.compression or "gzip"
        return found

    @override
    def _sync_batches(self, batch_config: BatchConfig, context: Any = None) -> None:
        self.progress = dict(self.stream_state)
        leaving = self._leaving(self._sync_records(context, write_messages=False))
        with self.get_batch_counter() as counter:
            while some := list(islice(leaving, batch_config.batch_size)):
                for message in self._named(some, batch_config):
                    counter.increment()
                    self._tap.write_message(message)
                self._take_over()
        self._take_over()

    def _take_over(self) -> None:
        """Let STATE tell how far records reach that have been named."""
        self.stream_state.update(self.progress)  # in one step, whenever a signal comes
        self.state_manager.is_flushed = False
        self._write_state_message()

    def _leaving(self, records: Iterable[Record]) -> Iterator[tuple[str, Record]]:
        """Give what becomes of records, and the names of its streams."""
        for record in records:
            if self._is_plain:
                yield self.stream_maps[0].stream_alias, record
            else:
                for message in self._generate_record_messages(record):
                    yield message.stream, message.record

    def _named(
        self, some: Iterable[tuple[str, Record]], config: BatchConfig
    ) -> Iterator[SDKBatchMessage]:
        """Write records to files, one for each stream, and name these.

        Raises:
            RunError: It cannot be done.
        """
        by_stream = defaultdict(list)
        for stream, record in some:
            if self._stream_version is not None:
                record[VERSION] = self._stream_version
            by_stream[stream].append(record)
        for stream, rows in by_stream.items():
            try:
                manifest = self._written(stream, rows, config)
            except Exception as error:
                msg = f"A batch of {stream} cannot be written to the storage of batch_config"
                raise RunError(f"{msg}: {type(error).__name__}: {error}") from error
            yield SDKBatchMessage(
                stream=stream,
                encoding=config.encoding,
                manifest=manifest,
                version=self._stream_version,
            )

    def _written(self, stream: str, rows: list[Record], config: BatchConfig) -> list[str]:
        """Write rows to files, and give their addresses."""
        if config.encoding.format != BatchFileFormat.JSONL:
            found = Batcher(self.tap_name, stream, config).get_batches(iter(rows))
            return [address for files in found for address in files]
        # The SDK's own compresses, whatever the encoding says.
        lines = b"".join(encoded(row) + b"\n" for row in rows)
        ending, content = "", lines
        if config.encoding.compression == "gzip":
            ending, content = ".gz", gzip.compress(lines)
        name = f"{config.storage.prefix or ''}{self.tap_name}--{stream}-{uuid4()}.json{ending}"
        with config.storage.open(name, "wb") as file:
            file.write(content)
        return [config.storage.get_url(name)]
