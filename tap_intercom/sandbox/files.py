"""What does an exported file look like? An archive of CSV files, or one CSV by itself."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING

from .exchange import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .records.exports import Row

OCTETS = b"application/octet-stream"


def csv_of(names: list[str], rows: Iterable[Row], heads: list[str] | None = None) -> bytes:
    """Write rows as CSV, under the names of their columns or other headings."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(heads or names)
    writer.writerows([row[name] or "" for name in names] for row in rows)
    return text.getvalue().encode()


def zip_of(members: Mapping[str, bytes]) -> bytes:
    """Pack files into an archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def archived(body: bytes, rows: int = 0) -> Reply:
    """Answer with an archive, whose encoding nobody has registered."""
    encoding = ((b"content-encoding", b"zip"),)
    return Reply(body=body, headers=encoding, content_type=OCTETS, records=rows)


def alone(body: bytes, rows: int = 0) -> Reply:
    """Answer with a CSV by itself."""
    return Reply(body=body, content_type=OCTETS, records=rows)
