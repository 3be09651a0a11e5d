"""How does a program end, and what does its exit code say?

    0        all there: what was asked for has been done
    1        not all there: a stream failed, or the token, Intercom, a file or the target did
    2        nothing was begun: settings, options, state or catalog cannot work
    128 + n  signal n ended it: 130 is Ctrl-C, 143 is SIGTERM

A sandbox that is told to end has done what it was asked for, and ends with 0. Whatever else
happens, a person reads a sentence: of files, of a full disk, of a standard stream that is not there
no traceback is seen.
"""

from __future__ import annotations

import errno
import io
import os
import select
import signal
import socket
import sys
import time
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click
from click import ClickException
from typing_extensions import override

from tap_intercom.plain import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Buffer

BY_SIGNAL = 128

# A whole line and a STATE are written in less; Docker and others kill after ten seconds.
GRACE_SECONDS = 3.0


class SettingsError(Sentence):
    """The settings cannot work; each message says which one, and what it may be."""

    exit_code = 2

    def __init__(self, errors: list[str]) -> None:
        """Take one sentence per setting."""
        super().__init__(" ".join(errors))
        self.errors = errors


class TargetGone(Sentence):
    """The program that reads the tap's output has ended."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("The target ended before the tap did; its own log says why.")


class Unwritable(Sentence):
    """Standard output takes nothing: the disk is full, or it was closed from the beginning."""


class Output(io.FileIO):
    """Where standard output goes; that it goes nowhere is said once."""

    _is_lost = False

    @override
    def write(self, data: Buffer, /) -> int:
        """Write, and wait where whoever reads has no room, even if they would not have it so.

        Raises:
            TargetGone, Unwritable: It cannot be written.
        """
        if self._is_lost:
            return len(memoryview(data))
        try:
            while (written := super().write(data)) is None:
                select.select([], [self], [])
        except BrokenPipeError as error:
            self._is_lost = True
            raise TargetGone from error
        except OSError as error:
            self._is_lost = True
            msg = f"Standard output cannot be written: {error.strerror}."
            raise Unwritable(msg) from error
        return written


class Log(io.FileIO):
    """Where standard error goes; that nobody can read it is no reason to end."""

    @override
    def write(self, data: Buffer, /) -> int:
        try:
            return super().write(data) or 0
        except OSError:
            return len(memoryview(data))


class Program(click.Command):
    """A command that ends as it is said above, when it is started as a program."""

    @override
    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        with as_a_program():
            super().__call__(*args, **kwargs)
        raise AssertionError


@contextmanager
def as_a_program() -> Iterator[None]:
    """Run what is done here as a program, and end it."""
    open_streams()
    end_in_time()
    code: Any = 0
    try:
        try:
            yield
        except SystemExit as ended:
            code = ended.code
        sys.stdout.flush()
    except ClickException as error:
        error.show()
        code = code or error.exit_code
    except OSError as error:
        if error.strerror is None:
            raise
        Sentence(sentence(error)).show()
        code = 1
    sys.exit(code)


def open_streams() -> None:
    """Open the standard streams so that one which is closed, full or narrow harms nothing.

    What is opened next would else take the number of a closed one, and what is printed with it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)  # takes the lowest number that is free
    if getattr(sys, "stdin", None) is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    out, log = Output(1, "wb", closefd=False), Log(2, "wb", closefd=False)
    sys.stdout = _text(out, sys.stdout, "replace")
    sys.stderr = _text(log, sys.stderr, "backslashreplace")


def _text(raw: io.FileIO, before: TextIO | None, errors: str) -> TextIO:
    encoding = before.encoding if before else "utf-8"
    by_line = raw.fileno() == 2 or raw.isatty()  # noqa: PLR2004  standard error
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=encoding, errors=errors, line_buffering=by_line
    )


def end_in_time() -> None:
    """See to it that a signal ends the program, also if Python cannot hear it.

    Python handles a signal between two steps of its main thread. That may wait for a target which
    does not read, or for the address of a host.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until there is something to be put in order
    hears, tells = socket.socketpair()
    tells.settimeout(0)
    signal.set_wakeup_fd(tells.detach(), warn_on_full_buffer=False)
    Thread(target=_end_after_signal, args=(hears,), daemon=True).start()


def _end_after_signal(hears: socket.socket) -> None:
    while (number := hears.recv(1)[0]) not in {signal.SIGINT, signal.SIGTERM}:
        pass
    time.sleep(GRACE_SECONDS)
    os._exit(BY_SIGNAL + number)


def sentence(error: OSError) -> str:
    """Say what the system refuses, and what may be done about it."""
    name = f"{error.filename}: " if error.filename else ""
    return f"{name}{error.strerror}.{ADVICE.get(error.errno or 0, '')}"


ADVICE = {
    errno.EMFILE: " Allow more of them (ulimit -n), or lower max_concurrency.",
    errno.ENOSPC: " Where it is temporary files that have no room, TMPDIR may name another folder.",
}
