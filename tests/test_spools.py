"""What is read once lies in files that have no name, and are closed with the run."""

from __future__ import annotations

import gc
import tempfile
from typing import TYPE_CHECKING, Any

import pytest

from tap_intercom.spools import Spools, pages_in, spooled, write_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES: list[Any] = [[{"id": "é\n"}], [], [{"id": 1}, {"id": None}]]


def test_pages_come_back_as_they_were_and_again() -> None:
    with spooled() as file:
        for page in PAGES:
            write_page(page, file)
    with file:
        assert list(pages_in(file)) == list(pages_in(file)) == PAGES
        first, second = next(pages_in(file)), next(pages_in(file))
        assert first == second
        assert first is not second  # whoever changes one does not change the other's


def test_a_file_stays_open_unless_what_is_done_with_it_fails() -> None:
    with spooled() as kept:
        kept.write(b"x")
    assert not kept.closed
    with spooled(kept) as same:
        assert same is kept
    with pytest.raises(KeyboardInterrupt), spooled(kept):
        raise KeyboardInterrupt
    assert kept.closed
    with pytest.raises(ValueError, match="oh"), spooled() as lost:
        raise ValueError("oh")
    assert lost.closed


def test_a_file_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with spooled() as file:
        assert list(tmp_path.iterdir()) == []
    file.close()


def test_what_is_kept_under_a_name_is_made_once() -> None:
    spools, made = Spools(), []

    def make() -> Any:
        made.append(tempfile.TemporaryFile())  # noqa: SIM115
        return made[-1]

    assert spools.kept("a", make) is spools.kept("a", make)
    assert spools.kept("b", make) is not spools.kept("a", make)
    assert len(made) == 2
    del spools
    gc.collect()
    assert [one.closed for one in made] == [True, True]


def test_pages_are_read_once_and_again_by_whoever_comes_later() -> None:
    spools, read = Spools(), 0

    def pages() -> Iterator[Any]:
        nonlocal read
        read += 1
        yield from PAGES

    assert list(spools.pages("a", pages)) == PAGES
    assert list(spools.pages("a", pages)) == PAGES
    assert read == 1
    assert list(spools.pages("b", pages)) == PAGES
    assert read == 2


def test_pages_that_were_not_read_to_their_end_are_read_anew() -> None:
    spools = Spools()
    begun = spools.pages("a", lambda: PAGES)
    next(begun)
    del begun
    assert list(spools.pages("a", lambda: ["other"])) == ["other"]

    def failing() -> Iterator[Any]:
        yield PAGES[0]
        raise ValueError("oh")

    with pytest.raises(ValueError, match="oh"):
        list(spools.pages("b", failing))
    assert list(spools.pages("b", lambda: PAGES)) == PAGES


def test_each_page_is_given_out_as_it_is_read() -> None:
    read: list[Any] = []

    def pages() -> Iterator[Any]:
        for page in PAGES:
            read.append(page)
            yield page

    found = Spools().pages("a", pages)
    assert next(found) == PAGES[0]
    assert read == PAGES[:1]
