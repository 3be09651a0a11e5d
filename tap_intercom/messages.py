"""How does a message leave whole, even when a signal comes?

The SDK writes the last STATE from its signal handler. Python runs that handler between any two
steps of the main thread, so also in the middle of a line, or before the record whose line it is has
been counted. Here a signal that comes while a line is being written waits until the line is out.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from click import ClickException
from singer_sdk.io_base import SingerWriter
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable

    from singer_sdk.singerlib.encoding.simple import Message


class TargetGone(ClickException):
    """The program that reads the tap's output has ended."""


class WholeLineWriter(SingerWriter):
    """Writes messages to standard output, one whole line each, signals notwithstanding."""

    def __init__(self) -> None:
        """Begin outside of any line."""
        self._writing = False
        self._deferred: Callable[[], None] | None = None

    @override
    def write_message(self, message: Message) -> None:
        """Write one line and run what was deferred meanwhile.

        Raises:
            TargetGone: Nobody reads any more.
        """
        self._writing = True
        try:
            self._write(message)
        finally:
            self._writing = False
        if self._deferred is not None:
            action, self._deferred = self._deferred, None
            action()

    def _write(self, message: Message) -> None:
        try:
            super().write_message(message)
        except BrokenPipeError as error:
            # What Python still holds for the closed pipe would raise once more at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            msg = "The target ended before the tap did; its own log says why."
            raise TargetGone(msg) from error

    def between_lines(self, action: Callable[[], None]) -> None:
        """Run an action now, or as soon as the line that is being written is out."""
        if self._writing:
            self._deferred = action
        else:
            action()
