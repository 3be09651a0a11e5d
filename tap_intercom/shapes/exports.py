"""How is read what Intercom has to put together first?

Out of a file that it exports on demand, for a span of time, row by row. What is selected is when
something began. What became of it later shows only when it is exported again, so each run goes back
some days before the bookmark.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from datetime import timedelta
from typing import IO, TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_intercom import files
from tap_intercom.api import errors
from tap_intercom.api.client import Rules, anything
from tap_intercom.api.errors import IntercomError
from tap_intercom.api.jobs import Jobs, check_file
from tap_intercom.api.retries import BRIEF
from tap_intercom.records import times
from tap_intercom.shapes.reach import INTERCOM_BEGAN
from tap_intercom.shapes.shape import Page, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from requests import Response

    from tap_intercom.api.bodies import Record
    from tap_intercom.shapes.reach import Reach

# What is handed out at once, and in memory.
ROWS_A_PAGE, CHARACTERS_A_PAGE = 1_000, 1024**2

# A first sync begins an export, looks at it a few times, and downloads its file.
CALLS_OF_AN_EXPORT = 5


class Export(Shape):
    """Rows out of a file that Intercom puts together on demand, for a span of time."""

    selected_by_default = False
    verdicts = errors.OF_EXPORTS

    # Where to ask how a job is doing, and for its file.
    status_path: ClassVar[str]
    file_path: ClassVar[str]

    @override
    def pages(self, reach: Reach) -> Iterator[Page]:
        if reach.is_trial:  # which asks whether it may, and has no job made
            self.but(patience=BRIEF).probe(None)
            return
        start = self.begins(reach.since)
        if start > reach.until:
            return
        page: list[Record] = []
        size = 0
        for record, characters in self.exported(start, reach.until):
            page.append(record)
            size += characters
            if len(page) == ROWS_A_PAGE or size > CHARACTERS_A_PAGE:
                yield Page(page)
                page, size = [], 0
        yield Page(page, reach.until)

    @abstractmethod
    def exported(self, start: datetime, until: datetime) -> Iterator[tuple[Record, int]]:
        """Yield the records of the time between two moments, each with its size in characters."""

    @override
    def reach(self, *, is_first: bool = False) -> Reach:
        # Also of what is read whole: an export has an end.
        end = times.known(self.config.get("end_date"))
        return replace(super().reach(is_first=is_first), end=end)

    def begins(self, since: datetime | None) -> datetime:
        """Say from when on to export: some days before the bookmark, or from the beginning."""
        first = times.known(self.config.get("start_date"))
        if since is None:
            return first or self.run.workspace_created_at or INTERCOM_BEGAN
        start = since - timedelta(days=self.config["export_lookback_days"])
        return max(start, first) if first else start

    @property
    @override
    def rules(self) -> Rules:
        # What is asked for are jobs, how they are doing, and files.
        return replace(super().rules, check=anything)

    @property
    def jobs(self) -> Jobs:
        """The exports of this kind."""
        return Jobs(
            status_path=self.status_path,
            file_path=self.file_path,
            send=self.fetch,
            rules=self.rules,
            minutes=self.config["export_timeout_minutes"],
            rest=self.message_writer.flush,
            check=self.check_file,
        )

    def check_file(self, file: IO[bytes], response: Response) -> None:
        """See that what was downloaded is what was asked for.

        Raises:
            Garbled: It is not; it may be when it is asked for again.
        """
        check_file(file, response)

    def read(self, file: IO[bytes], member: files.Member | None = None) -> Iterator[list[str]]:
        """Yield the rows of a file.

        Raises:
            IntercomError: The file is not what it should be.
        """
        try:
            yield from files.rows(file, member)
        except files.BadFile as error:
            raise self.bad(error) from error

    def bad(self, error: files.BadFile) -> IntercomError:
        """Say what is wrong with a file."""
        problem = f"The file that Intercom exported {error}. Nothing of it was kept on disk."
        return IntercomError(self.name, f"{problem} Run again later; if it stays, report this.")
