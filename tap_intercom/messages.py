"""How does a message leave whole, even when a signal comes, and soon?

The SDK writes the last STATE from its signal handler. Python runs that handler between any two
steps of the main thread, so also in the middle of a line, or before the record whose line it is has
been counted. Here a signal that comes while a line is being written waits until the line is out.

Lines of records are put together and leave in blocks (`write_record`). Any other message takes with
it all that waits before it, so a STATE is never late, and never early.
"""

from __future__ import annotations

import os
import select
import sys
from contextlib import suppress
from functools import cached_property
from threading import RLock, Thread
from typing import TYPE_CHECKING, Any, cast

import msgspec
from singer_sdk.contrib.msgspec import enc_hook
from singer_sdk.io_base import GenericSingerWriter
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib.encoding.simple import Message
from singer_sdk.streams import Stream
from typing_extensions import override

from tap_intercom.ending import TargetGone
from tap_intercom.records import times

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

BLOCK_BYTES = 64 * 1024

_encoder = msgspec.json.Encoder(enc_hook=enc_hook, decimal_format="number")
encoded = _encoder.encode


class WholeLineWriter(GenericSingerWriter[bytes, Message]):
    """Writes messages to standard output, one whole line each, signals notwithstanding."""

    def __init__(self) -> None:
        """Begin outside of any line."""
        self._waiting = bytearray()
        self._writing = False
        self._deferred: Callable[[], None] | None = None
        self._farewell = RLock()

    @override
    def serialize_message(self, message: Message) -> bytes:
        return _encoder.encode(message.to_dict()) + b"\n"

    @override
    def write_message(self, message: Message) -> None:
        """Write one line after all that wait, and run what was deferred meanwhile.

        Raises:
            TargetGone: Nobody reads any more.
        """
        line = self.serialize_message(message)
        self._writing = True
        try:
            self._waiting += line
            self._empty()
        finally:
            self._writing = False
        self._catch_up()

    def write_record(self, head: bytes, record: dict[str, Any], tail: bytes) -> None:
        """Write the line of a record, given what stands before and after it in the line.

        Raises:
            TargetGone: Nobody reads any more.
        """
        waiting = self._waiting
        begin = len(waiting)
        self._writing = True
        try:
            waiting += head
            _encoder.encode_into(record, waiting, -1)
            waiting += tail
            if len(waiting) >= BLOCK_BYTES:
                self._empty()
        except BaseException:
            del waiting[begin:]  # half a line, if any
            raise
        finally:
            self._writing = False
        if self._deferred is not None:
            self._catch_up()

    def flush(self) -> None:
        """Let all lines leave that wait.

        Raises:
            TargetGone: Nobody reads any more.
        """
        self._writing = True
        try:
            self._empty()
        finally:
            self._writing = False
        self._catch_up()

    def _empty(self) -> None:
        try:
            block, written = bytes(self._waiting), 0
            while written < len(block):
                # With PYTHONUNBUFFERED, a write that a signal interrupts is a part of one.
                written += sys.stdout.buffer.write(block[written:])
            sys.stdout.buffer.flush()
        except TargetGone:
            self._farewell.acquire()  # for good: it is said once
            raise
        finally:
            self._waiting.clear()

    def _catch_up(self) -> None:
        if self._deferred is not None:
            action, self._deferred = self._deferred, None
            action()

    def end_with_target(self, farewell: Callable[[], None]) -> None:
        """End the program when nobody reads any more, also while there is nothing to write.

        A call may take minutes, and of the companies nothing is written before all are read. The
        farewell is called before.
        """
        with suppress(AttributeError, OSError):  # a system without poll, an output without a file
            poll = select.poll()
            poll.register(sys.stdout.fileno(), 0)
            Thread(target=self._follow, args=(poll, farewell), daemon=True).start()

    def _follow(self, poll: select.poll, farewell: Callable[[], None]) -> None:
        if any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll()):
            with self._farewell:
                TargetGone().show()
                try:
                    farewell()
                finally:
                    os._exit(TargetGone.exit_code)

    def between_lines(self, action: Callable[[], None]) -> None:
        """Run an action now, or as soon as the line that is being written is out."""
        if self._writing:
            self._deferred = action
        else:
            action()


class PlainRecords(Stream):
    """A stream whose records become lines at once, where nothing is to be done to them any more.

    That is so unless a stream map, flattening or a deselected field is in play: then each record
    goes the SDK's own way, which costs ten times as much.
    """

    @override
    def _write_record_message(self, record: dict[str, Any]) -> None:
        if not self._is_plain:
            super()._write_record_message(record)
            return
        self._writer.write_record(self._head, record, self._tail)
        self.state_manager.is_flushed = False

    @property
    def message_writer(self) -> WholeLineWriter:
        """What writes the messages of the run."""
        return cast("WholeLineWriter", self._tap.message_writer)

    def extracted(self, at: datetime) -> None:
        """Note when the records that are written next were extracted."""
        version = b"" if self._stream_version is None else b',"version":%d' % self._stream_version
        self._tail = b'%s,"time_extracted":"%s"}\n' % (version, times.text(at).encode())

    @cached_property
    def _writer(self) -> WholeLineWriter:
        return self.message_writer

    @cached_property
    def _is_plain(self) -> bool:
        maps = self.stream_maps
        return (
            len(maps) == 1
            and type(maps[0]) is SameRecordTransform
            and not maps[0].flattening_enabled
            and all(self.mask.values())
        )

    @cached_property
    def _head(self) -> bytes:
        name = _encoder.encode(self.stream_maps[0].stream_alias)
        return b'{"type":"RECORD","stream":%s,"record":' % name
