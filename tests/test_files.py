"""Files of rows: packed or not, in whatever encoding, damaged or made to do harm."""

from __future__ import annotations

import csv
import gzip
import io
import struct
import zipfile

import pytest

from tap_intercom import files
from tap_intercom.files import BadFile

CSV = b"a,b\r\n1,2\r\n"
ROWS = [["a", "b"], ["1", "2"]]


def archive(members: dict[str, str | bytes], comment: bytes = b"") -> io.BytesIO:
    """An archive of some members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
        opened.comment = comment
    return file


def damaged(file: io.BytesIO, place: int, change: int = 0xFF) -> io.BytesIO:
    """A copy of which one byte is another."""
    file.seek(0)
    content = bytearray(file.read())
    content[place] ^= change
    return io.BytesIO(bytes(content))


def table(*rows: list[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def read(content: bytes) -> list[list[str]]:
    return list(files.rows(io.BytesIO(content)))


# Plain text


def test_values_keep_commas_quotes_and_line_breaks_of_all_kinds() -> None:
    rows = [["a", "b"], ["1,2", 'x,"\ny'], ["\r\n", "\r"]]
    assert read(table(*rows)) == rows


def test_a_row_need_not_end() -> None:
    assert read(b"a,b\n1,2") == ROWS


def test_empty_lines_are_no_rows() -> None:
    assert read(b"\r\na,b\r\n\r\n1,2\r\n\r\n") == ROWS


def test_an_empty_file_has_no_rows() -> None:
    assert read(b"") == []


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\xef\xbb\xbfa", "a"),
        ("\u20ac \U0001f600".encode(), "\u20ac \U0001f600"),
        (b"caf\xe9", "caf\ufffd"),
        (b"a\0b", "ab"),
    ],
    ids=["byte order mark", "beyond ASCII", "no UTF-8", "NUL"],
)
def test_text_is_utf_8_and_what_is_not_is_marked(content: bytes, text: str) -> None:
    assert read(content) == [[text]]


def test_a_byte_order_mark_within_the_text_stays() -> None:
    assert read("a\ufeff".encode()) == [["a\ufeff"]]


def test_a_file_is_read_from_its_beginning_and_left_open() -> None:
    file = io.BytesIO(CSV)
    for _ in range(2):
        file.seek(3)
        assert list(files.rows(file)) == ROWS
    assert not file.closed


def test_a_reader_that_stops_leaves_the_file_open() -> None:
    file = io.BytesIO(CSV)
    rows = files.rows(file)
    assert next(rows) == ["a", "b"]
    rows.close()  # type: ignore[attr-defined]
    assert not file.closed


def test_rows_are_given_as_they_are_read() -> None:
    file = io.BytesIO(b"a,b\r\n" + b"1,2\r\n" * 20_000)
    assert next(files.rows(file)) == ["a", "b"]
    assert file.tell() < 20_000


# How large it may be


def test_as_many_columns_as_can_be_are_read_and_one_more_is_not() -> None:
    row = b"," * (files.MOST_COLUMNS - 1)
    [cells] = read(row)
    assert len(cells) == files.MOST_COLUMNS
    with pytest.raises(BadFile, match=r"has 10,001 columns, more than the 10,000 that can be"):
        read(row + b",")


@pytest.fixture
def short_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_OF_A_ROW", 10)


@pytest.mark.usefixtures("short_rows")
def test_a_row_as_long_as_can_be_is_read() -> None:
    assert read(b"12345678\r\n12345678\r\n") == [["12345678"]] * 2
    assert read(b'"1\r\n3456"') == [["1\r\n3456"]]
    with pytest.raises(BadFile, match="a row of more than 10 characters"):
        read(b"123456789\r\n")


@pytest.mark.usefixtures("short_rows")
@pytest.mark.parametrize("row", [b"12345678901", b'"1\r\n4\r\n7\r\n10"'], ids=["line", "lines"])
def test_a_longer_row_is_not_however_many_lines_it_is_in(row: bytes) -> None:
    with pytest.raises(BadFile, match="a row of more than 10 characters"):
        read(b"a\r\n" + row)


def test_a_value_may_be_longer_than_python_reads_by_default() -> None:
    value = "x" * 200_000
    assert read(table([value])) == [[value]]


# Packed


@pytest.mark.parametrize(
    "packed",
    [CSV, gzip.compress(CSV), archive({"report.csv": CSV}).getvalue()],
    ids=["plain", "gzip", "zip"],
)
def test_rows_are_the_same_however_they_are_packed(packed: bytes) -> None:
    assert read(packed) == ROWS


def test_the_rows_of_an_archive_are_those_of_all_its_files() -> None:
    assert list(files.rows(archive({"a.csv": "1", "b/": "", "b/c.csv": "2"}))) == [["1"], ["2"]]


def test_an_archive_lists_its_files_and_not_its_folders() -> None:
    listed = files.members(archive({"x/": "", "x/open_1.csv": "a", "click_2.csv": CSV}))
    assert [(one.info.filename, one.group) for one in listed] == [
        ("x/open_1.csv", "open"),
        ("click_2.csv", "click"),
    ]


def test_a_member_is_read_by_itself() -> None:
    file = archive({"a.csv": "1", "b.csv": CSV})
    _, member = files.members(file)
    assert list(files.rows(file, member)) == ROWS


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("receipt_20260601-120000.csv", "receipt"),
        ("tour_step_view_20260601-120000.CSV", "tour_step_view"),
        ("Open.csv", "open"),
        ("a/b\\open.csv", "open"),
        ("../../etc/passwd", "passwd"),
        ("Read_me.txt", "read_me.txt"),
        ("1.csv", ""),
        ("", ""),
        ("_" * 60_000 + ".csv", ""),
    ],
    ids=lambda text: text[:20],
)
def test_a_member_is_of_the_group_that_its_name_begins_with(name: str, group: str) -> None:
    assert files.group(name) == group


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", False),
        (b"PK", False),
        (b"PK,b\r\n", False),
        (gzip.compress(CSV), False),
        (b"a" + archive({"a.csv": CSV}).getvalue(), False),
    ],
    ids=["empty", "mark", "text", "gzip", "something before"],
)
def test_an_archive_is_told_from_what_is_none(content: bytes, *, expected: bool) -> None:
    assert files.is_zip(io.BytesIO(content)) is expected


def test_a_text_that_begins_like_an_archive_is_read() -> None:
    assert read(b"PK,b\r\n1,2\r\n") == [["PK", "b"], ["1", "2"]]


@pytest.mark.parametrize("content", [b"", CSV, gzip.compress(CSV)], ids=["empty", "text", "gzip"])
def test_members_of_what_is_no_archive_are_not_listed(content: bytes) -> None:
    with pytest.raises(BadFile, match="is no archive, or not a whole one"):
        files.members(io.BytesIO(content))


def test_half_an_archive_is_none() -> None:
    whole = archive({"a.csv": CSV}).getvalue()
    with pytest.raises(BadFile, match="not a whole one"):
        files.members(io.BytesIO(whole[:-30]))


# Damaged, or packed otherwise


def test_a_damaged_member_is_said_to_be_damaged() -> None:
    file = damaged(archive({"open.csv": "receipt_id\r\n" + "1\r\n" * 1_000}), 45)
    [member] = files.members(file)
    with pytest.raises(BadFile, match="is damaged"):
        list(files.rows(file, member))


@pytest.mark.parametrize(
    "content",
    [gzip.compress(CSV)[:-4], gzip.compress(CSV)[:12], gzip.compress(CSV)[:-1] + b"x"],
    ids=["no end", "hardly a beginning", "another length"],
)
def test_a_damaged_gzip_is_said_to_be_damaged(content: bytes) -> None:
    with pytest.raises(BadFile, match="is damaged"):
        read(content)


def test_a_member_with_a_password_is_said_to_be_unreadable() -> None:
    file = archive({"a.csv": CSV})
    file.seek(0)
    listed = file.read().rindex(b"PK\1\2")
    locked = damaged(damaged(file, 6, 1), listed + 8, 1)
    [member] = files.members(locked)
    with pytest.raises(BadFile, match="packed in a way that cannot be read"):
        list(files.rows(locked, member))


def test_a_method_of_packing_that_nobody_knows_is_said_to_be_unreadable() -> None:
    file = archive({"a.csv": CSV})
    file.seek(0)
    listed = file.read().rindex(b"PK\1\2")
    [member] = files.members(strange := damaged(damaged(file, 8, 0x50), listed + 10, 0x50))
    with pytest.raises(BadFile, match="packed in a way that cannot be read"):
        list(files.rows(strange, member))


# Made to do harm


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little is less than it is."""
    monkeypatch.setattr(files, "LITTLE", 1000)


@pytest.mark.usefixtures("small")
def test_an_archive_may_unpack_to_a_little_whatever_it_is_packed_in() -> None:
    assert len(files.members(archive({"a.csv": "1" * 1000}))) == 1


@pytest.mark.usefixtures("small")
def test_an_archive_may_unpack_to_so_many_times_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    file = archive({"a.csv": "1" * 500, "b.csv": "2" * 501})
    size = file.seek(0, io.SEEK_END)
    monkeypatch.setattr(files, "MOST_TIMES", 1001 / size)
    assert len(files.members(file)) == 2
    monkeypatch.setattr(files, "MOST_TIMES", 1000 / size)
    with pytest.raises(BadFile, match=rf"would unpack from {size:,} to 1,001 bytes"):
        files.members(file)


@pytest.mark.usefixtures("small")
def test_a_gzip_may_unpack_to_so_many_times_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(b"1,2\r\n" * 300)
    monkeypatch.setattr(files, "MOST_TIMES", 1500 / len(packed))
    assert len(read(packed)) == 300
    monkeypatch.setattr(files, "MOST_TIMES", 1499 / len(packed))
    with pytest.raises(BadFile, match="far more than it is packed in"):
        read(packed)


@pytest.mark.usefixtures("small")
def test_a_text_that_is_not_packed_may_be_of_any_length() -> None:
    assert len(read(b"1,2\r\n" * 1_000)) == 1_000


@pytest.mark.usefixtures("small")
def test_what_unpacks_without_end_is_not_read_to_its_end() -> None:
    packed = io.BytesIO(gzip.compress(b"1,2\r\n" * 100_000))
    given: list[list[str]] = []
    with pytest.raises(BadFile, match="far more than it is packed in"):
        given.extend(files.rows(packed))
    assert 200 <= len(given) < 100_000


@pytest.fixture(params=[b"", b"a comment"], ids=["bare", "with a comment"])
def comment(request: pytest.FixtureRequest) -> bytes:
    return bytes(request.param)


def listed(file: io.BytesIO) -> int:
    """How many bytes the list of members of an archive has."""
    file.seek(0)
    content = file.read()
    [size] = struct.unpack_from("<L", content, content.rindex(b"PK\5\6") + 12)
    return int(size)


def test_a_list_of_members_that_is_too_long_is_not_read(
    monkeypatch: pytest.MonkeyPatch, comment: bytes
) -> None:
    file = archive({"open_1.csv": "a", "open_2.csv": "a"}, comment)
    monkeypatch.setattr(files, "MOST_OF_A_LIST", listed(file))
    assert [one.group for one in files.members(file)] == ["open", "open"]
    monkeypatch.setattr(files, "MOST_OF_A_LIST", listed(file) - 1)
    with pytest.raises(BadFile, match="has a list of members that is too long"):
        files.members(file)


def test_the_length_of_the_list_is_also_found_in_the_large_format(
    monkeypatch: pytest.MonkeyPatch, comment: bytes
) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    file = archive({"open_1.csv": "a", "open_2.csv": "a"}, comment)
    monkeypatch.undo()
    file.seek(0)
    assert b"PK\6\7" in file.read()
    hidden = damaged(file, file.seek(0, io.SEEK_END) - len(comment) - 22 + 12, listed(file))
    assert listed(hidden) == 0
    assert len(files.members(file)) == 2
    monkeypatch.setattr(files, "MOST_OF_A_LIST", listed(file) - 1)
    with pytest.raises(BadFile, match="has a list of members that is too long"):
        files.members(hidden)


def test_a_mark_within_the_end_of_an_archive_is_not_taken_for_the_end() -> None:
    content = bytearray(archive({"open_1.csv": "a"}).getvalue())
    content[-14:-10] = b"PK\5\6"  # where the members are counted, which nobody relies on
    assert [one.group for one in files.members(io.BytesIO(content))] == ["open"]


# Names


@pytest.mark.parametrize(
    ("heads", "names"),
    [
        ([], []),
        (["a", " b ", "\t"], ["a", "b", "column 3"]),
        (["a", "a", "a"], ["a", "a.2", "a.3"]),
        (["a", "", "a", "a.2", "a"], ["a", "column 2", "a.2", "a.2.2", "a.3"]),
        (["column 2", ""], ["column 2", "column 2.2"]),
    ],
    ids=["none", "spaces", "same", "same as another's second", "same as one without"],
)
def test_each_column_has_a_name_of_its_own(heads: list[str], names: list[str]) -> None:
    assert files.columns(heads) == names


@pytest.mark.parametrize(
    ("names", "cells", "expected"),
    [
        (["a", "b"], ["1", ""], {"a": "1", "b": None}),
        (["a"], ["1", "2", ""], {"a": "1", "column 2": "2", "column 3": None}),
        (["a", "b"], ["1"], {"a": "1"}),
        (["a"], ["0"], {"a": "0"}),
    ],
    ids=["empty", "longer", "shorter", "nought"],
)
def test_cells_get_the_names_of_their_columns(
    names: list[str], cells: list[str], expected: dict[str, str | None]
) -> None:
    assert files.record(names, cells) == expected
