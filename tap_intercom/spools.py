"""What is read once and wanted by several, or too large for memory?

It lies in temporary files, which have no name: they are gone when they are closed, or the run is
killed. What is kept under a name is made once, on a thread of its own, and closed with the run.
"""

from __future__ import annotations

import tempfile
import weakref
from concurrent.futures import Future
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import msgspec

from tap_intercom.concurrency import at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


@contextmanager
def spooled(file: IO[bytes] | None = None) -> Iterator[IO[bytes]]:
    """Give a temporary file, which stays open for whoever gets it, unless what is done here fails.

    It is a new one, unless one is handed over.
    """
    file = tempfile.TemporaryFile() if file is None else file  # noqa: SIM115  it outlives this
    try:
        yield file
    except BaseException:
        file.close()
        raise


def write_page(page: Any, file: IO[bytes]) -> None:
    """Add a page of records to a file, as one line of JSON."""
    file.write(msgspec.json.encode(page) + b"\n")


def pages_in(file: IO[bytes]) -> Iterator[Any]:
    """Yield the pages of a file from its beginning, each decoded anew."""
    file.seek(0)
    yield from map(msgspec.json.decode, file)


class Spools:
    """The files of a run by the name of what is in them."""

    def __init__(self) -> None:
        """Begin with none; see to it that all are closed with the run."""
        self._made: dict[str, Future[IO[bytes]]] = {}
        weakref.finalize(self, _close, self._made)

    def begin(self, name: str, make: Callable[[], IO[bytes]]) -> None:
        """Begin to make the file that is kept under a name, unless that has begun."""
        if name not in self._made:
            (self._made[name],) = at_once(lambda make: make(), [make], 1)

    def kept(self, name: str, make: Callable[[], IO[bytes]]) -> IO[bytes]:
        """Give the file that is kept under a name, once it is made.

        What went wrong when it was made is raised each time.
        """
        self.begin(name, make)
        return self._made[name].result()

    def pages(self, name: str, read: Callable[[], Iterable[Any]]) -> Iterator[Any]:
        """Yield the pages that are kept under a name; read them first, if there are none.

        They are kept once they have been read to their end.
        """
        if name in self._made:
            yield from pages_in(self._made[name].result())
            return
        with spooled() as file:
            for page in read():
                write_page(page, file)
                yield page
        self._made[name] = Future()
        self._made[name].set_result(file)


def _close(made: dict[str, Future[IO[bytes]]]) -> None:
    for one in made.values():
        if one.done() and not one.exception():
            one.result().close()
