"""How does Intercom hand over what it has to put together first?

It is asked for a span of time, answers with a job, and has a file when the job is done, which it
keeps for two days. A job is all that the tap ever asks to be made, and it holds what is there to
read. The file is downloaded into a temporary one, which has no name, and read from there row by
row.

    ContentExport   what was sent to people, and what they did with it: one job for all streams
    ReportExport    a report's dataset, with the columns that the workspace has: a job for each
"""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import time
from abc import abstractmethod
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from requests import Response, codes
from singer_sdk.exceptions import RetriableAPIError
from typing_extensions import override

from tap_intercom import files, times, transfer
from tap_intercom.client import Answer, Gone, IntercomError, NotAvailable
from tap_intercom.paginators import Request
from tap_intercom.shapes import INTERCOM_BEGAN, Page, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from requests import Session

    from tap_intercom.paginators import Body

    Record = dict[str, Any]

# How long to wait before a job is looked at again; longer each time.
FIRST_LOOK_SECONDS = 1.0
LONGEST_LOOK_SECONDS = 30.0
MINUTE = 60.0

# How often a job may be canceled by others, or its file be gone, before the run gives up.
STARTS = 3

# What nobody exports by mistake; more is a mistake of the server's.
MOST_BYTES = 64 * 1024**3
MOST_OF_AN_ERROR = 1024**2

# What is handed out at once, and in memory.
ROWS_A_PAGE, CHARACTERS_A_PAGE = 1_000, 1024**2

# An export of content has at most this many rows, and says nothing of those that it leaves out.
# https://developers.intercom.com/docs/references/rest-api/api.intercom.io/data-export
MOST_ROWS = 10_000_000

# Reports go back two years, or three where a workspace has paid for it; a day less, as it passes.
RETAINED = timedelta(days=729)

DATASETS = "/export/reporting_data/get_datasets"


class JobsRunning(IntercomError):
    """As many jobs are under way as a workspace may have (429)."""


class Export(Shape):
    """Rows out of a file that Intercom puts together on demand, for a span of time.

    What is selected is when something began. What became of it later shows only when it is
    exported again, so each run goes back some days before the bookmark.
    """

    selected_by_default = False

    # Where to ask how a job is doing, and for its file.
    status_path: ClassVar[str]
    file_path: ClassVar[str]

    @override
    def pages(self, since: datetime | None) -> Iterator[Page]:
        start = self.begins(since)
        if start > self.until:
            return
        page: list[Record] = []
        size = 0
        for record, characters in self.exported(start):
            page.append(record)
            size += characters
            if len(page) == ROWS_A_PAGE or size > CHARACTERS_A_PAGE:
                yield Page(page)
                page, size = [], 0
        yield Page(page, self.until)

    @abstractmethod
    def exported(self, start: datetime) -> Iterator[tuple[Record, int]]:
        """Yield the records of the time from a moment to `until`, each with its size."""

    @property
    @override
    def end(self) -> datetime | None:
        # Also of what is read whole: an export has an end.
        end = self.config.get("end_date")
        return times.parse(end) if end else None

    def begins(self, since: datetime | None) -> datetime:
        """Say from when on to export: some days before the bookmark, or from the beginning."""
        if since is None:
            return self.connection.workspace_created_at or INTERCOM_BEGAN
        start = since - timedelta(days=self.config["export_lookback_days"])
        first = self.config.get("start_date")
        return max(start, times.parse(first)) if first else start

    # A job

    def file(self, request: Request) -> IO[bytes] | None:
        """Have Intercom export, and give the file; None if there is nothing to export.

        Raises:
            IntercomError: It fails, or takes too long, or is canceled or gone each time.
        """
        deadline = time.monotonic() + self.config["export_timeout_minutes"] * MINUTE
        for _ in range(STARTS):
            job = self.begun(request, deadline)
            status = self.ended(job, deadline)
            if status == "no_data":
                return None
            if status == "failed":
                problem = f"Intercom says that the export failed (job {job}). Run again later."
                raise IntercomError(self.name, problem)
            if status in CANCELED:
                reason = "was canceled"
            else:
                try:
                    return self.downloaded(job)
                except Gone:
                    reason = "is no longer there to be downloaded"
            self.logger.warning("The export %s (job %s).", reason, job)
        problem = f"The export {reason}, {STARTS} times (last job {job}). Run again later."
        raise IntercomError(self.name, problem)

    def begun(self, request: Request, deadline: float) -> str:
        """Begin a job, once there is room for it, and give its name."""
        waits = self.waits(deadline)
        while True:
            try:
                job = self.fetch(request)
            except JobsRunning as error:
                if next(waits, None) is None:
                    problem = (
                        f"{error.problem} It did so for {self.minutes}. Run again later, or set"
                        " a larger export_timeout_minutes."
                    )
                    raise IntercomError(self.name, problem) from error
                continue
            name = job.get("job_identifier") if isinstance(job, dict) else None
            if not isinstance(name, str) or not name:
                problem = "Intercom's answer names no job. Please report this."
                raise IntercomError(self.name, problem)
            self.logger.info("Intercom exports, as job %s", name)
            return name

    def ended(self, job: str, deadline: float) -> str:
        """Wait until a job has ended, and say how: done, or one of the other ways."""
        waits = self.waits(deadline)
        while True:
            try:
                found = self.fetch(Request(_named(self.status_path, job)))
            except Gone:
                return "gone"  # its file will be, too
            status = found.get("status") if isinstance(found, dict) else None
            if status in ENDINGS:
                return str(status)
            if next(waits, None) is None:
                problem = (
                    f"After {self.minutes}, Intercom still says {status!r} of the export (job"
                    f" {job}). Run again later, or set a larger export_timeout_minutes."
                )
                raise IntercomError(self.name, problem)

    @property
    def minutes(self) -> str:
        """How long an export may take."""
        minutes = self.config["export_timeout_minutes"]
        return "a minute" if minutes == 1 else f"{minutes} minutes"

    def waits(self, deadline: float) -> Iterator[float]:
        """Wait a little longer each time, until the deadline."""
        seconds = FIRST_LOOK_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            self.message_writer.flush()
            time.sleep(min(seconds, left))
            yield seconds
            seconds = min(2 * seconds, LONGEST_LOOK_SECONDS)

    # Its file

    def downloaded(self, job: str) -> IO[bytes]:
        """Download the file of a job, into one that has no name and goes when it is closed.

        Raises:
            Gone: It is not there, or no longer.
            IntercomError: It cannot be had, or is none.
        """
        file = tempfile.TemporaryFile()  # noqa: SIM115  it is read later
        try:
            self.exchange(Download(_named(self.file_path, job), file=file))
        except BaseException:
            file.close()
            raise
        return file

    @override
    def attempt(self, request: Request) -> tuple[Body, Mapping[str, str]]:
        if isinstance(request, Download):
            return None, self.download(request.path, request.file)
        return super().attempt(request)

    def download(self, path: str, file: IO[bytes]) -> Mapping[str, str]:
        """Ask once for a file, write what comes as it comes, and give the headers."""
        file.seek(0)
        file.truncate()
        prepared = self.build_prepared_request(
            method="GET",
            url=self.url_base + path,
            headers={
                **self.http_headers,
                "Accept": "application/octet-stream",
                "Accept-Encoding": "identity",
            },
        )
        session: Session = self.requests_session
        with self.accounted():
            response = session.send(
                self.authenticator(prepared),
                stream=True,
                timeout=self.timeout,
                allow_redirects=self.allow_redirects,
            )
        with response:
            if response.status_code >= codes.multiple_choices:
                content = response.iter_content(MOST_OF_AN_ERROR)
                response._content = next(content, b"")  # noqa: SLF001  what it reads its text from
            self.validate_response(response)
            self.write(response, file)
            self.check_file(file, response)
            return response.headers

    def write(self, response: Response, file: IO[bytes]) -> None:
        """Write a file as it arrives, in whatever pieces."""
        size, deadline = 0, time.monotonic() + self.config["export_timeout_minutes"] * MINUTE
        # An archive comes with `Content-Encoding: zip`, or with gzip and is none: it is written as
        # it comes, and looked into later.
        while chunk := transfer.received(response, unpack=False):
            size += len(chunk)
            problem = ""
            if size > MOST_BYTES:
                problem = f"The file is larger than {MOST_BYTES:,} bytes. Please report this."
            elif time.monotonic() > deadline:
                problem = f"The file did not arrive within {self.minutes}. Run again later."
            else:
                try:
                    file.write(chunk)
                    file.flush()
                except OSError as error:
                    problem = f"The file cannot be written to {tempfile.gettempdir()}"
                    problem += f" ({error.strerror}). Make room, or set TMPDIR."
            if problem:
                raise IntercomError(self.name, problem)
        self.connection.received.bytes += size

    def check_file(self, file: IO[bytes], response: Response) -> None:
        """See that something has come.

        Raises:
            RetriableAPIError: It has not, or something else.
        """
        kind = response.headers.get("Content-Type", "")
        if file.tell() == 0 or kind.startswith(("text/html", "application/json")):
            msg = f"Intercom answered {response.status_code} with something that is not a file."
            raise RetriableAPIError(msg, response)

    @override
    def validate_response(self, response: Response) -> None:
        if response.status_code == codes.too_many_requests:
            answer = Answer.read(response)
            if PENDING in answer.text:
                raise JobsRunning(self.name, str(answer), answer)
        super().validate_response(response)

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


CANCELED = frozenset({"canceled", "cancelled"})
ENDINGS = CANCELED | {"completed", "complete", "failed", "no_data"}

# "Exceeded rate limit of 1 pending message data export jobs": not the limit of calls.
PENDING = "pending"


@dataclass(frozen=True)
class Download(Request):
    """A request for a file, and where to write it."""

    file: IO[bytes] = field(kw_only=True)


def _named(path: str, job: str) -> str:
    return path.format(id=quote(job, safe=""))


class ContentExport(Export):
    """The rows of one group in the archive that holds what was sent, and what came of it."""

    path = "/export/content/data"
    status_path = "/export/content/data/{id}"
    file_path = "/download/content/data/{id}"
    permission = "export_content_data"

    @override
    def exported(self, start: datetime) -> Iterator[tuple[Record, int]]:
        file, count = self.archive(start), 0
        known = self.schema["properties"].keys()
        for member in self.members(file):
            if f"{PREFIX}{member.group}" != self.name:
                continue
            rows = self.read(file, member)
            names = files.columns(next(rows, []))
            self.check_keys(names)
            for cells in rows:
                count += 1
                row = files.record(names, cells)
                # A column that nobody knows is of interest where there is something in it.
                empty = [name for name, cell in row.items() if cell is None and name not in known]
                for name in empty:
                    del row[name]
                yield row, sum(map(len, cells))
        if count >= MOST_ROWS:
            self.logger.warning(
                "Intercom exports at most %s rows, and may have left out some: read shorter spans,"
                " with start_date and end_date.",
                f"{MOST_ROWS:,}",
            )

    def check_keys(self, names: Sequence[str]) -> None:
        """Warn of columns that should tell rows apart, and are not there."""
        missing = [key for key in type(self).primary_keys if key not in names]
        if missing:
            self.logger.warning(
                "The export has no %s, so that rows may replace others. Please report this, with"
                " its columns: %s.",
                ", ".join(missing),
                ", ".join(names)[:MOST_TOLD],
            )

    def archive(self, start: datetime) -> IO[bytes]:
        """Give the file that all streams of the run share; an empty one if there is nothing."""
        drained = self.connection.drained
        if self.path not in drained:
            file = self.file(self.question(start))
            drained[self.path] = file or tempfile.TemporaryFile()  # noqa: SIM115  closed with the run
            self.tell_unknown(drained[self.path])
        return drained[self.path]

    def members(self, file: IO[bytes]) -> list[files.Member]:
        """List what is in the archive."""
        if file.seek(0, io.SEEK_END) == 0:
            return []
        try:
            return files.members(file)
        except files.BadFile as error:
            raise self.bad(error) from error

    def question(self, start: datetime) -> Request:
        """Ask for what was sent since the earliest moment that any stream of the run wants."""
        for stream in self.siblings:
            if stream.selected and stream.is_available:
                start = min(start, stream.begins(stream.since()))
        span = {
            "created_at_after": times.epoch(start),
            "created_at_before": times.epoch(self.until),
        }
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
            raise RetriableAPIError(msg, response)


PREFIX = "content_export_"
MOST_TOLD = 500


class ReportExport(Export):
    """The rows of one dataset, with all the columns that it has in the workspace.

    Which these are differs from one workspace to the next, and from one day to the next; so they
    are kept in one open object, by the names that Intercom gives to attributes, and as text.
    """

    path = "/export/reporting_data/enqueue"
    status_path = "/export/reporting_data/{id}"
    file_path = "/download/reporting_data/{id}"
    permission = "export_reporting_data"
    component = "report_row"
    replication_key = "time"
    min_version = "2.14"
    # The attribute that names a row; without it, a row is named by what is in it.
    named_by: ClassVar[str | None] = None

    @override
    def begins(self, since: datetime | None) -> datetime:
        return max(super().begins(since), self.connection.started_at - RETAINED)

    @override
    def exported(self, start: datetime) -> Iterator[tuple[Record, int]]:
        dataset = self.dataset
        attributes = [Attribute.of(one) for one in dataset.get("attributes") or []]
        if not self.connection.has(QUALIFIED_SINCE):
            attributes = plain(attributes)
        file = self.file(self.question(start, attributes)) if attributes else None
        if file is None:
            return
        with file:
            rows = self.read(file)
            heads = next(rows, [])
            names = headed(heads, attributes)
            if heads and not {one.name for one in attributes} & {*names}:
                raise self.bad(files.BadFile("has none of the columns that were asked for"))
            time_name = found(dataset.get("default_time_attribute_id"), attributes)
            own_name = found(self.named_by, attributes)
            for cells in rows:
                values = files.record(names, cells)
                row = {
                    "id": values.get(own_name) or digest(values),
                    "time": values.get(time_name),
                    "attributes": values,
                }
                yield row, sum(map(len, cells))

    was_empty = False

    @override
    def check_file(self, file: IO[bytes], response: Response) -> None:
        # Without rows a report may be an empty file. So may an answer be that went wrong, and asked
        # for again it is not.
        if file.tell() == 0 and self.was_empty:
            return
        self.was_empty = file.tell() == 0
        super().check_file(file, response)

    @cached_property
    def dataset(self) -> Record:
        """What Intercom tells of the dataset, asked for once a run for all of them.

        Raises:
            NotAvailable: The workspace has no such dataset.
        """
        known = self.connection.definitions
        if DATASETS not in known:
            known[DATASETS] = self.dig(self.fetch(Request(DATASETS)))
        wanted = self.name.removeprefix("report_")
        for one in known[DATASETS]:
            if one.get("id") == wanted:
                return one
        problem = f"Intercom has no dataset `{wanted}` for this workspace; deselect the stream."
        raise NotAvailable(self.name, problem)

    def question(self, start: datetime, attributes: Sequence[Attribute]) -> Request:
        """Ask for a span of time, of which the end may or may not be part."""
        is_qualified = self.connection.has(QUALIFIED_SINCE)
        body = {
            "dataset_id": self.dataset["id"],
            "attribute_ids": [one.name if is_qualified else one.id for one in attributes],
            "start_time": times.epoch(start),
            "end_time": times.epoch(self.until) + 1,
        }
        return Request(self.path, body=body)


@dataclass(frozen=True)
class Attribute:
    """A column of a report: its full name, its plain id, and what heads it."""

    name: str
    id: str
    head: str

    @classmethod
    def of(cls, told: Record) -> Attribute:
        """Read what Intercom tells of an attribute."""
        plain = str(told.get("id") or told.get("qualified_id"))
        name = str(told.get("qualified_id") or plain)
        return cls(name, plain, str(told.get("name") or plain))


# Since this version attributes are asked for by their full names; before, by their plain ids.
QUALIFIED_SINCE = "2.16"


def plain(attributes: Sequence[Attribute]) -> list[Attribute]:
    """Ask once for those that have one plain id, and call them by it: nobody says which it is."""
    count = Counter(one.id for one in attributes)
    named = [one if count[one.id] == 1 else replace(one, name=one.id) for one in attributes]
    return list({one.name: one for one in named}.values())


def found(wanted: str | None, attributes: Sequence[Attribute]) -> str:
    """Give the name of an attribute that is called by its plain id, or by its name; else none."""
    return next((one.name for one in attributes if wanted in {one.id, one.name}), "")


def headed(heads: Sequence[str], attributes: Sequence[Attribute]) -> list[str]:
    """Name the columns of a report by the attributes that were asked for.

    By their place, since headings repeat. Where there are more columns, or fewer, they are told
    apart by their headings, and one that was not asked for keeps its own.
    """
    if len(heads) == len(attributes):
        return files.columns([one.name for one in attributes])
    names, place = [], 0
    for head in heads:
        words = range(place, len(attributes))
        at = next((one for one in words if head in vars(attributes[one]).values()), None)
        if at is None:
            names.append(head)
        else:
            names.append(attributes[at].name)
            place = at + 1
    return files.columns(names)


def digest(values: Mapping[str, str | None]) -> str:
    """Name a row by what is in it; columns that are empty in it make no difference."""
    there = {name: value for name, value in values.items() if value is not None}
    written = json.dumps(there, sort_keys=True).encode()
    return "row-" + hashlib.sha256(written).hexdigest()[:32]
