"""What can go wrong with an export? How a job ends, and what is in a file that is no honest one.

Like those of `misfortunes`, they are chosen by the token.

    demo-export-failed            every job fails
    demo-export-no_data           every job finds nothing to export
    demo-export-canceled          every job is canceled by somebody; with -once, the first is
    demo-export-endless           no job is ever done
    demo-export-held              another app exports: the first three tries to begin are refused
    demo-export-expired           every file is gone when it is asked for; with -once, the first is
    demo-export-bomb              a member of the archive unpacks to half a gigabyte
    demo-export-paths             members of the archive are named as files elsewhere
    demo-export-wide              a file has a million columns
    demo-export-long              a value of a file goes on for 64 megabytes
    demo-export-torn              the archive is cut off, and its length is that of the rest
    demo-export-not-a-file        a page of HTML instead of a file
    demo-export-empty             a file of no bytes
    demo-export-other             a file of something else, with columns that nobody asked for
    demo-export-elsewhere         a job says that its file is on another host
    demo-export-drip              the length of the first chunk of a file does not end
    demo-export-redirect          whoever asks for a file is sent to another host
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from functools import lru_cache
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from .exchange import HTML, Call, Reply
from .files import alone, archived
from .jobs import CONTENT, REPORT, busy, missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .failures import Misfortune, Proceed
    from .state import State

HELD_FOR = 3
MEGABYTE = 1024 * 1024
BOMB = 512 * MEGABYTE
LONG = 64 * MEGABYTE
WIDE = 1_000_000
DRIP_EVERY = 0.2
MEMBER = "receipt_20260601-120000.csv"
ELSEWHERE = (f"../../../{MEMBER}", "/tmp/open_20260601-120000.csv", "C:\\click_20260601-120000.csv")  # noqa: S108  a name that must not be used

HOST_ELSEWHERE = "https://elsewhere.example.com"
BEGINS = ("/export/content/data", "/export/reporting_data/enqueue")
STATUS = ("/export/content/data/{job}", "/export/reporting_data/{job}")
CONTENT_FILE = "/download/content/data/{job}"
FILES = (CONTENT_FILE, "/download/reporting_data/{job}")


def _ended(reply: Reply, status: str) -> Reply:
    """Say of a job that it ended in this way, or has not."""
    told = {"status": status, "download_url": "", "download_expires_at": ""}
    return reply.changed(lambda job: job.update(told))


def ending(status: str) -> Misfortune:
    """Make every job end in this way."""

    def end(_: State, call: Call, proceed: Proceed) -> Reply:
        reply = proceed()
        return _ended(reply, status) if call.template in STATUS else reply

    return end


def canceled_once(state: State, call: Call, proceed: Proceed) -> Reply:
    """Cancel the first job."""
    reply = proceed()
    if call.template not in STATUS:
        return reply
    first = state.notes.setdefault((call.token, call.template), call.argument)
    return _ended(reply, "canceled") if first == call.argument else reply


def held(_: State, call: Call, proceed: Proceed) -> Reply:
    """Let another app export for a while."""
    if call.template in BEGINS and call.nth <= HELD_FOR:
        raise busy(CONTENT if call.template == BEGINS[0] else REPORT)
    return proceed()


def expired(_: State, call: Call, proceed: Proceed) -> Reply:
    """Have no file any more."""
    if call.template in FILES:
        raise missing(call.argument)
    return proceed()


def expired_once(_: State, call: Call, proceed: Proceed) -> Reply:
    """Have the first file no more."""
    if call.template in FILES and call.nth == 1:
        raise missing(call.argument)
    return proceed()


def file_of(made: Callable[[str], Reply]) -> Misfortune:
    """Hand out another file."""

    def instead(_: State, call: Call, proceed: Proceed) -> Reply:
        reply = proceed()
        return made(call.template) if call.template in FILES else reply

    return instead


def _zipped(*members: tuple[str, Iterator[bytes]]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, chunks in members:
            with archive.open(name, "w", force_zip64=True) as member:
                for chunk in chunks:
                    member.write(chunk)
    return file.getvalue()


def _served(template: str, chunks: Iterator[bytes]) -> Reply:
    """Serve a CSV as an archive, or by itself."""
    if template == CONTENT_FILE:
        return archived(_zipped((MEMBER, chunks)))
    return alone(b"".join(chunks))


@lru_cache(maxsize=1)
def bomb(_: str) -> Reply:
    """Unpack to half a gigabyte."""
    return archived(_zipped((MEMBER, _lines(BOMB))))


def _lines(size: int) -> Iterator[bytes]:
    yield b"receipt_id,received_at\r\n"
    chunk = b"4000000000,1780315200\r\n" * 50_000
    for _ in range(size // len(chunk)):
        yield chunk


def paths(template: str) -> Reply:
    """Name the members as files elsewhere."""
    if template != CONTENT_FILE:
        return alone(b"ID\r\n1\r\n")
    row = b"receipt_id,received_at\r\n17,1780315200\r\n"
    return archived(_zipped(*((name, iter([row])) for name in ELSEWHERE)))


def wide(template: str) -> Reply:
    """Have a million columns."""
    return _served(template, iter([b"c," * WIDE, b"c\r\n", b"1," * WIDE, b"1\r\n"]))


def long(template: str) -> Reply:
    """Go on and on."""
    head = b"receipt_id" if template == CONTENT_FILE else b"ID"
    chunks = (head + b'\r\n"', *(b"x" * MEGABYTE for _ in range(LONG // MEGABYTE)), b'"\r\n')
    return _served(template, iter(chunks))


def torn(_: State, call: Call, proceed: Proceed) -> Reply:
    """Cut the archive off."""
    reply = proceed()
    if call.template != CONTENT_FILE:
        return reply
    return replace(reply, body=reply.body[: len(reply.body) // 2])


def not_a_file(_: str) -> Reply:
    """Come with a page."""
    return Reply(body=b"<html><body>Please log in.</body></html>", content_type=HTML)


def empty(_: str) -> Reply:
    """Come with nothing."""
    return alone(b"")


def other(template: str) -> Reply:
    """Be about something else."""
    return _served(template, iter([b"fruit,weight\r\n", b"apple,3\r\n"]))


def elsewhere(_: State, call: Call, proceed: Proceed) -> Reply:
    """Say that files are on another host."""
    reply = proceed()
    if call.template not in STATUS:
        return reply

    def point(job: dict[str, Any]) -> None:
        job["download_url"] = job["download_url"] and f"{HOST_ELSEWHERE}{call.path}"

    return reply.changed(point)


def drip(_: str) -> Reply:
    """Send a length that does not end."""
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;"
    return Reply(raw=lambda: chain([head], repeat(b"x")), every=DRIP_EVERY)


def redirect(_: str) -> Reply:
    """Send whoever asks to another host."""
    location = ((b"location", f"{HOST_ELSEWHERE}/file".encode()),)
    return Reply(302, headers=location, content_type=HTML)


EXPORT_MISFORTUNES: dict[str, Misfortune] = {
    "demo-export-failed": ending("failed"),
    "demo-export-no_data": ending("no_data"),
    "demo-export-canceled": ending("canceled"),
    "demo-export-canceled-once": canceled_once,
    "demo-export-endless": ending("in_progress"),
    "demo-export-held": held,
    "demo-export-expired": expired,
    "demo-export-expired-once": expired_once,
    "demo-export-bomb": file_of(bomb),
    "demo-export-paths": file_of(paths),
    "demo-export-wide": file_of(wide),
    "demo-export-long": file_of(long),
    "demo-export-torn": torn,
    "demo-export-not-a-file": file_of(not_a_file),
    "demo-export-empty": file_of(empty),
    "demo-export-other": file_of(other),
    "demo-export-elsewhere": elsewhere,
    "demo-export-drip": file_of(drip),
    "demo-export-redirect": file_of(redirect),
}
