"""How is read what was sent to people, and what they did with it?

Out of one archive for all streams of the run that have a bookmark, asked for from the earliest
moment that any of them wants: each has its own rows in it. What is read whole has another one.
"""

from __future__ import annotations

import hashlib
import io
from contextlib import suppress
from typing import IO, TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_intercom import files
from tap_intercom.api.bodies import Garbled
from tap_intercom.api.errors import Gone
from tap_intercom.api.jobs import named
from tap_intercom.api.paginators import Request
from tap_intercom.records import times
from tap_intercom.shapes.exports import CALLS_OF_AN_EXPORT, Export
from tap_intercom.shapes.probes import Glimpse
from tap_intercom.spools import spooled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from requests import Response

    from tap_intercom.api.bodies import Record
    from tap_intercom.shapes.probes import Finding

PREFIX = "content_export_"

# What tells rows apart and is too long for a key, such as an address, is part of it by its digest,
# of which the column is called so. SQL has it, too: encode(sha256(convert_to(url, 'UTF8')), 'hex').
HASHED = "_sha256"
MOST_TOLD = 500

# An export of content has at most this many rows, and says nothing of those that it leaves out.
# https://developers.intercom.com/docs/references/rest-api/api.intercom.io/data-export
MOST_ROWS = 10_000_000


class ContentExport(Export):
    """The rows of one group in the archive that holds what was sent, and what came of it."""

    path = "/export/content/data"
    status_path = "/export/content/data/{id}"
    file_path = "/download/content/data/{id}"
    permission = "export_content_data"

    # The field that takes the columns that differ from one workspace to the next, if there are any.
    gathered: ClassVar[str | None] = None

    @override
    def exported(self, start: datetime, until: datetime) -> Iterator[tuple[Record, int]]:
        file, count = self.archive(start, until), 0
        known = self.schema["properties"].keys() - {self.gathered}
        hashed = [key for key in type(self).primary_keys if key.endswith(HASHED)]
        for member in self.members(file):
            if f"{PREFIX}{member.group}" != self.name:
                continue
            rows = self.read(file, member)
            names = files.columns(next(rows, []))
            self.check_keys(names)
            for cells in rows:
                count += 1
                row: Record = {**files.record(names, cells)}
                # A column that nobody knows is of interest where there is something in it.
                others = {name: row.pop(name) for name in row.keys() - known}
                told = {name: cell for name, cell in others.items() if cell is not None}
                row |= {self.gathered: told} if self.gathered else told
                for key in hashed:
                    if (cell := row.get(key.removesuffix(HASHED))) is not None:
                        row[key] = hashlib.sha256(cell.encode()).hexdigest()
                yield row, sum(map(len, cells))
        if count >= MOST_ROWS:
            self.logger.warning(
                "Intercom exports at most %s rows, and may have left out some: read shorter spans,"
                " with start_date and end_date.",
                f"{MOST_ROWS:,}",
            )

    def check_keys(self, names: Sequence[str]) -> None:
        """Warn of columns that should tell rows apart, and are not there."""
        wanted = [key.removesuffix(HASHED) for key in type(self).primary_keys]
        missing = [key for key in wanted if key not in names]
        if missing:
            self.logger.warning(
                "The export has no %s, so that rows may replace others. Please report this, with"
                " its columns: %s.",
                ", ".join(missing),
                ", ".join(names)[:MOST_TOLD],
            )

    def archive(self, start: datetime, until: datetime) -> IO[bytes]:
        """Give the file that streams of the run share; an empty one if there is nothing.

        What is read whole has one that goes back farther than those need that have a bookmark.
        """
        name = self.path if self.is_incremental else f"{self.path}, whole"
        return self.run.spools.kept(name, lambda: self.downloaded(start, until))

    def downloaded(self, start: datetime, until: datetime) -> IO[bytes]:
        """Have Intercom export, and give the file; an empty one if there is nothing."""
        with spooled(self.jobs.file(self.question(start, until))) as file:
            self.tell_unknown(file)
        return file

    def members(self, file: IO[bytes]) -> list[files.Member]:
        """List what is in the archive."""
        if file.seek(0, io.SEEK_END) == 0:
            return []
        try:
            return files.members(file)
        except files.BadFile as error:
            raise self.bad(error) from error

    def question(self, start: datetime, until: datetime) -> Request:
        """Ask for what was sent since the earliest moment that any stream that shares it wants."""
        sharing = (one for one in self.siblings if one.is_incremental == self.is_incremental)
        wanted = [one for one in sharing if one.selected and one.is_available]
        start = min([start, *(one.begins(one.reach().since) for one in wanted)])
        span = {"created_at_after": times.epoch(start), "created_at_before": times.epoch(until)}
        return Request(self.path, body=span)

    @property
    def siblings(self) -> list[ContentExport]:
        """All streams of the run that read the archive, selected or not."""
        return [one for one in self._tap.streams.values() if isinstance(one, ContentExport)]

    def tell_unknown(self, file: IO[bytes]) -> None:
        """Say which groups of rows there are that no stream has."""
        groups = {member.group for member in self.members(file)}
        unknown = sorted(one for one in groups if f"{PREFIX}{one}" not in self._tap.streams)
        if unknown:
            self.logger.warning(
                "The export has rows for which there is no stream: %s. Please report this.",
                ", ".join(unknown)[:MOST_TOLD],
            )

    @override
    def check_file(self, file: IO[bytes], response: Response) -> None:
        super().check_file(file, response)
        if not files.is_zip(file):
            msg = f"Intercom answered {response.status_code} with an archive that is not whole."
            raise Garbled(msg)

    @override
    def probe(self, parent: Finding | None) -> Glimpse:
        # Without a job of its own, which would be in the way: whoever may export hears that there
        # is no such job.
        with suppress(Gone):
            self.fetch(Request(named(self.status_path, "none")))
        first_of_all = min(one.name for one in self.siblings)
        pages = CALLS_OF_AN_EXPORT if self.name == first_of_all else 0
        return Glimpse(pages=pages, advice="one export for all")
