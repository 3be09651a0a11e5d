"""How is an export begun, waited for and fetched?

Intercom is asked for a span of time, answers with a job, and has a file when the job is done, which
it keeps for two days. A job is all that the tap ever asks to be made, and it holds what is there to
read.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from typing_extensions import override

from tap_intercom.api import transfer
from tap_intercom.api.bodies import Garbled, Refused, is_error, read_json
from tap_intercom.api.errors import Gone, IntercomError, Occupied
from tap_intercom.api.paginators import Request
from tap_intercom.spools import spooled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from requests import Response

    from tap_intercom.api.bodies import Body
    from tap_intercom.api.client import Rules

# How long to wait before a job is looked at again; longer each time.
FIRST_LOOK_SECONDS = 1.0
LONGEST_LOOK_SECONDS = 30.0
MINUTE = 60.0

# How often a job may be canceled by others, or its file be gone, before the run gives up.
STARTS = 3

# What nobody exports by mistake; more is a mistake of the server's.
MOST_BYTES = 64 * 1024**3

# An error is no longer than this.
MOST_SAID_BYTES = 2**16

CANCELED = frozenset({"canceled", "cancelled"})
ENDINGS = CANCELED | {"completed", "complete", "failed", "no_data"}


@dataclass(frozen=True)
class Download(Request):
    """A request for a file: where to write it, and how long and in which name that may go on.

    `check` looks at what has been written, and raises `Garbled` where it is not what it should be.
    """

    headers: ClassVar[Mapping[str, str]] = {
        "Accept": "application/octet-stream",
        "Accept-Encoding": "identity",
    }
    is_streamed: ClassVar[bool] = True

    file: IO[bytes] = field(kw_only=True)
    minutes: int = field(kw_only=True)
    stream: str = field(kw_only=True)
    check: Callable[[IO[bytes], Response], None] = field(kw_only=True)

    @override
    def read(self, response: Response) -> None:
        self.file.seek(0)
        self.file.truncate()
        self.write(response)
        self.check(self.file, response)

    def write(self, response: Response) -> None:
        """Write a file as it arrives, in whatever pieces.

        Raises:
            IntercomError: It is too large, takes too long, or there is no room for it.
        """
        size = 0
        # An archive comes with `Content-Encoding: zip`, or with gzip and is none: it is written as
        # it comes, and looked into later.
        with transfer.due(time.monotonic() + self.minutes * MINUTE):
            while chunk := self.received(response):
                size += len(chunk)
                if size > MOST_BYTES:
                    raise self.error(
                        f"The file is larger than {MOST_BYTES:,} bytes. Please report this."
                    )
                try:
                    self.file.write(chunk)
                    self.file.flush()
                except OSError as error:
                    raise self.error(
                        f"The file cannot be written to {tempfile.gettempdir()}"
                        f" ({error.strerror}). Make room, or set TMPDIR."
                    ) from error

    def received(self, response: Response) -> bytes:
        """Wait for the next bytes of the file, none at its end.

        Raises:
            IntercomError: It takes too long.
        """
        try:
            return transfer.received(response, unpack=False)
        except transfer.TooSlow as error:
            raise self.error(
                f"The file did not arrive within {said(self.minutes)}. Run again later."
            ) from error

    def error(self, problem: str) -> IntercomError:
        """Make an error of the stream that wants the file."""
        return IntercomError(self.stream, problem)


def check_file(file: IO[bytes], response: Response) -> None:
    """See that something has come.

    Raises:
        Garbled: It has not, or something else.
        Refused: It is an error.
    """
    kind = response.headers.get("Content-Type", "")
    if kind.startswith("application/json") and file.tell() <= MOST_SAID_BYTES:
        file.seek(0)
        with suppress(ValueError, RecursionError):
            body = read_json(file.read())
            if is_error(body):
                raise Refused(body)
    if file.tell() == 0 or kind.startswith(("text/html", "application/json")):
        msg = f"Intercom answered {response.status_code} with something that is not a file."
        raise Garbled(msg)


@dataclass(frozen=True)
class Jobs:
    """The exports of one kind: where to ask how a job is doing and for its file, and who asks.

    `minutes` is how long an export may take, `rest` is called before each wait, and `check` as
    `Download` has it.
    """

    status_path: str
    file_path: str
    send: Callable[[Request], Any]
    rules: Rules
    minutes: int
    rest: Callable[[], None]
    check: Callable[[IO[bytes], Response], None] = check_file

    def file(self, request: Request) -> IO[bytes] | None:
        """Have Intercom export, and give the file; None if there is nothing to export.

        Raises:
            IntercomError: It fails, or takes too long, or is canceled or gone each time.
        """
        deadline = time.monotonic() + self.minutes * MINUTE
        for _ in range(STARTS):
            job = self.begun(request, deadline)
            status = self.ended(job, deadline)
            if status == "no_data":
                return None
            if status == "failed":
                raise self.error(
                    f"Intercom says that the export failed (job {job}). Run again later."
                )
            if status in CANCELED:
                reason = "was canceled"
            else:
                try:
                    return self.downloaded(job)
                except Gone:
                    reason = "is no longer there to be downloaded"
            self.rules.logger.warning("The export %s (job %s).", reason, job)
        raise self.error(f"The export {reason}, {STARTS} times (last job {job}). Run again later.")

    def begun(self, request: Request, deadline: float) -> str:
        """Begin a job, once there is room for it, and give its name."""
        waits = self.waits(deadline)
        while True:
            try:
                job = self.send(request)
            except Occupied as error:
                if next(waits, None) is None:
                    raise self.error(
                        f"{error.problem} It did so for {said(self.minutes)}. Run again later, or"
                        " set a larger export_timeout_minutes."
                    ) from error
                continue
            name = job.get("job_identifier") if isinstance(job, dict) else None
            if not isinstance(name, str) or not name:
                raise self.error("Intercom's answer names no job. Please report this.")
            self.rules.logger.info("Intercom exports, as job %s", name)
            return name

    def ended(self, job: str, deadline: float) -> str:
        """Wait until a job has ended, and say how: done, or one of the other ways."""
        waits = self.waits(deadline)
        while True:
            try:
                found: Body = self.send(Request(named(self.status_path, job)))
            except Gone:
                return "gone"  # its file will be, too
            status = found.get("status") if isinstance(found, dict) else None
            if isinstance(status, str) and status in ENDINGS:
                return status
            if next(waits, None) is None:
                raise self.error(
                    f"After {said(self.minutes)}, Intercom still says {status!r} of the export (job"
                    f" {job}). Run again later, or set a larger export_timeout_minutes."
                )

    def waits(self, deadline: float) -> Iterator[float]:
        """Wait a little longer each time, until the deadline."""
        seconds = FIRST_LOOK_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            self.rest()
            time.sleep(min(seconds, left))
            yield seconds
            seconds = min(2 * seconds, LONGEST_LOOK_SECONDS)

    def downloaded(self, job: str) -> IO[bytes]:
        """Download the file of a job, into one that has no name and goes when it is closed.

        Raises:
            Gone: It is not there, or no longer.
            IntercomError: It cannot be had, or is none.
        """
        with spooled() as file:
            self.send(
                Download(
                    named(self.file_path, job),
                    file=file,
                    minutes=self.minutes,
                    stream=self.rules.stream,
                    check=self.check,
                )
            )
        return file

    def error(self, problem: str) -> IntercomError:
        """Make an error of the stream that wants the export."""
        return IntercomError(self.rules.stream, problem)


def named(path: str, job: str) -> str:
    """Put the name of a job into a path."""
    return path.format(id=quote(job, safe=""))


def said(minutes: int) -> str:
    """Say in words how long an export may take."""
    return "a minute" if minutes == 1 else f"{minutes} minutes"
