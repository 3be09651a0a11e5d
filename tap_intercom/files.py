"""What is in a file that Intercom exported, however large it is, or whatever somebody made of it?

Rows are read from the file as they are needed, out of an archive too: nothing of one is unpacked
onto the disk, and what its members are called names nothing but a kind of row.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import re
import struct
import zipfile
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Cells = list[str]

# Exports of messages pack to a tenth or less; an archive that unpacks to so many times its size,
# and to more than a little, was made to do harm. Python reads no more of a member than it says.
MOST_TIMES = 200
LITTLE = 100 * 1024**2

# The widest report that has been seen has 690 columns.
MOST_COLUMNS = 10_000
# Characters of one row, whose values may have line breaks in them.
MOST_OF_A_ROW = 4 * 1024**2
# Bytes of an archive's own list of its members, of which there is one for each group.
MOST_OF_A_LIST = 1024**2

ZIP, GZIP = b"PK", b"\x1f\x8b"

_FOLDER = re.compile(r"[/\\]")
_WORD = re.compile(r"[A-Za-z_]*")


class BadFile(Exception):
    """A file is not what it should be; the message goes on from "The file"."""


@dataclass(frozen=True)
class Member:
    """A file of rows in an archive, of some group."""

    info: zipfile.ZipInfo
    group: str


def members(file: IO[bytes]) -> list[Member]:
    """List the files of rows in an archive.

    Raises:
        BadFile: It is no archive, or one that was made to do harm.
    """
    with _reading(), _opened(file) as archive:
        infos = [one for one in archive.infolist() if not one.is_dir()]
        _check_size(file, sum(one.file_size for one in infos))
        return [Member(one, group(one.filename)) for one in infos]


def group(name: str) -> str:
    """Read the group of rows from a name, `receipt_20260601-120000.csv`, in whatever folder."""
    name = _FOLDER.split(name)[-1].lower()
    word = _WORD.match(name)
    return word[0].strip("_") if word and name.endswith(".csv") else name


def rows(file: IO[bytes], member: Member | None = None) -> Iterator[Cells]:
    """Yield the rows of a file, or of a member of an archive, with the headings as the first.

    Raises:
        BadFile: It has no rows, or is too large in some way.
    """
    with _reading():
        if member is not None:
            with _opened(file) as archive, archive.open(member.info) as inside:
                yield from _cells(inside)
        elif is_zip(file):
            for one in members(file):
                yield from rows(file, one)
        elif _begins(file, GZIP):
            unpacked = max(LITTLE, MOST_TIMES * _length(file))
            file.seek(0)
            yield from _cells(gzip.GzipFile(fileobj=file), unpacked)
        else:
            file.seek(0)
            yield from _cells(file)


def is_zip(file: IO[bytes]) -> bool:
    """Say whether a file is an archive, whole as far as can be seen."""
    return _begins(file, ZIP) and zipfile.is_zipfile(file)


def columns(heads: Sequence[str]) -> list[str]:
    """Name the columns by their headings, of which some may be the same, or empty."""
    names: dict[str, None] = {}
    for place, head in enumerate(heads, 1):
        name = head.strip() or f"column {place}"
        count = 1
        while (name if count == 1 else f"{name}.{count}") in names:
            count += 1
        names[name if count == 1 else f"{name}.{count}"] = None
    return list(names)


def record(names: Sequence[str], cells: Sequence[str]) -> dict[str, str | None]:
    """Put names to the cells of a row; an empty one is null, and one without a name gets one."""
    if len(cells) > len(names):
        names = [*names, *(f"column {place}" for place in range(len(names) + 1, len(cells) + 1))]
    return {name: cell or None for name, cell in zip(names, cells, strict=False)}


# How it is read


@contextmanager
def _reading() -> Iterator[None]:
    """Say of whatever goes wrong that the file is bad."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, gzip.BadGzipFile, EOFError, csv.Error) as error:
        msg = f"is damaged ({error})"
        raise BadFile(msg) from error
    except (NotImplementedError, RuntimeError, KeyError, struct.error) as error:
        msg = f"is packed in a way that cannot be read ({error})"
        raise BadFile(msg) from error


@contextmanager
def _opened(file: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    if not is_zip(file):
        msg = "is no archive, or not a whole one"
        raise BadFile(msg)
    _check_list(file)
    with zipfile.ZipFile(file) as archive:
        yield archive


def _begins(file: IO[bytes], magic: bytes) -> bool:
    file.seek(0)
    found = file.read(len(magic)) == magic
    file.seek(0)
    return found


def _length(file: IO[bytes]) -> int:
    return file.seek(0, io.SEEK_END)


def _check_size(file: IO[bytes], unpacked: int) -> None:
    packed = _length(file)
    if unpacked > max(LITTLE, MOST_TIMES * packed):
        msg = f"would unpack from {packed:,} to {unpacked:,} bytes, and is not unpacked"
        raise BadFile(msg)


# The end of an archive, a mark and what follows it: after 12 bytes the size of the list of members;
# and where there is a pointer to another record before it, in that after 40 bytes.
# https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3.14 to 4.3.16
_END, _POINTER, _END_64 = b"PK\5\6", b"PK\6\7", b"PK\6\6"
_END_BYTES, _POINTER_BYTES, _END_64_BYTES = 22, 20, 56
_END_AT_MOST = _END_64_BYTES + _POINTER_BYTES + _END_BYTES + 2**16


def _check_list(file: IO[bytes]) -> None:
    """Look how long the list of members is before it is read, as it is read whole."""
    file.seek(max(0, _length(file) - _END_AT_MOST))
    tail = file.read()
    file.seek(0)
    end = len(tail) - _END_BYTES
    if not (tail[end:].startswith(_END) and tail.endswith(b"\0\0")):  # there is a comment after it
        end = tail.rindex(_END)
    [size] = struct.unpack_from("<L", tail, end + 12)
    pointer = end - _POINTER_BYTES
    other = pointer - _END_64_BYTES
    if other >= 0 and tail.startswith(_POINTER, pointer) and tail.startswith(_END_64, other):
        [size] = struct.unpack_from("<Q", tail, other + 40)
    if size > MOST_OF_A_LIST:
        msg = "has a list of members that is too long"
        raise BadFile(msg)


def _cells(file: Any, at_most: float = math.inf) -> Iterator[Cells]:
    """Yield the rows of a CSV, none of them larger than can be, nor so many characters in all."""
    text = io.TextIOWrapper(file, "utf-8-sig", "replace", newline="")
    lines = _Lines(text, at_most)
    csv.field_size_limit(MOST_OF_A_ROW)  # smaller than a long text, as it comes with Python
    try:
        for cells in csv.reader(lines):
            lines.taken = 0
            if len(cells) > MOST_COLUMNS:
                msg = f"has {len(cells):,} columns, more than the {MOST_COLUMNS:,} that can be"
                raise BadFile(msg)
            if cells:
                yield cells
    finally:
        with suppress(ValueError):  # it has been closed
            text.detach()  # closing it is not ours


class _Lines:
    """The lines of a text, as far as they can belong to one row."""

    def __init__(self, text: io.TextIOWrapper, at_most: float) -> None:
        self.text = text
        self.left = at_most
        self.taken = 0  # characters since the last row

    def __iter__(self) -> Iterator[str]:
        while line := self.text.readline(MOST_OF_A_ROW + 1):
            self.taken += len(line)
            self.left -= len(line)
            if self.left < 0:
                msg = "unpacks to far more than it is packed in, and is not read to its end"
                raise BadFile(msg)
            if self.taken > MOST_OF_A_ROW:
                msg = f"has a row of more than {MOST_OF_A_ROW:,} characters"
                raise BadFile(msg)
            yield line.replace("\0", "")
