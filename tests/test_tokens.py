"""Tokens are kept between runs: for their owner only, whole, and never over something else."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from starting import ran

from tap_intercom.login import tokens
from tap_intercom.login.tokens import StoreError, TokenStore, is_token

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = {"access_token": "hush"}
OTHER = {"access_token": "hush-too", "refresh_token": "hush-again"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "tokens.json"


@pytest.fixture
def store(path: Path) -> TokenStore:
    return TokenStore(path)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_written_is_read_by_the_next_run(store: TokenStore, path: Path) -> None:
    assert store.read("app", "us") is None
    store.write("app", "us", TOKEN)
    assert TokenStore(str(path)).read("app", "us") == TOKEN


def test_apps_and_regions_have_tokens_of_their_own(store: TokenStore) -> None:
    store.write("app", "us", TOKEN)
    store.write("app", "eu", OTHER)
    store.write("another", "us", OTHER)
    store.forget("app", "eu")
    store.forget("app", "au")
    store.forget("nobody", "us")
    assert store.read("app", "us") == TOKEN
    assert store.read("app", "eu") is None
    assert store.read("another", "us") == OTHER


def test_the_last_one_forgotten_leaves_nothing_behind(store: TokenStore, path: Path) -> None:
    store.write("app", "us", TOKEN)
    store.forget("app", "us")
    assert json.loads(path.read_text()) == {}


def test_only_the_owner_may_read(store: TokenStore, path: Path) -> None:
    before = os.umask(0)
    try:
        store.write("app", "us", TOKEN)
    finally:
        os.umask(before)
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700
    assert {mode(one) for one in path.parent.iterdir()} == {0o600}


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    TokenStore(tmp_path / "tokens.json").write("app", "us", TOKEN)
    assert mode(tmp_path) == 0o755


def test_what_others_could_read_is_hidden_from_them(
    store: TokenStore, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.write("app", "us", TOKEN)
    path.chmod(0o644)
    assert store.read("app", "us") == TOKEN
    assert mode(path) == 0o600
    assert str(path) in caplog.text
    assert "hush" not in caplog.text


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    TokenStore(real).write("app", "us", TOKEN)
    link.symlink_to(real)
    TokenStore(link).write("app", "eu", OTHER)
    assert link.is_symlink()
    assert TokenStore(real).read("app", "eu") == OTHER


def test_home_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert TokenStore("~/tokens.json").path == tmp_path / "tokens.json"


def test_without_a_place_it_is_in_the_users_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert TokenStore().path.is_relative_to(tmp_path)
    assert "tap-intercom" in TokenStore().path.parts


FOREIGN = [
    "",
    "{",
    "hush",
    "[]",
    '"hush"',
    '{"app": "hush"}',
    '{"app": {"us": "hush"}}',
    '{"app": {"us": {"token": "hush"}}}',
    '{"app": {"us": {"access_token": "two words"}}}',
    "\x00\xff",
]


@pytest.mark.parametrize("content", FOREIGN, ids=repr)
def test_a_file_of_something_else_is_named_and_left_as_it_is(
    store: TokenStore, path: Path, content: str
) -> None:
    path.parent.mkdir()
    path.write_text(content)
    for action in (
        lambda: store.read("app", "us"),
        lambda: store.write("app", "us", TOKEN),
        lambda: store.forget("app", "us"),
    ):
        with pytest.raises(StoreError) as raised:
            action()
        assert str(path) in raised.value.message
        assert "hush" not in raised.value.message
    assert path.read_text() == content


def test_a_file_of_something_else_keeps_its_mode(store: TokenStore, path: Path) -> None:
    path.parent.mkdir()
    path.write_text("[]")
    path.chmod(0o644)
    with pytest.raises(StoreError):
        store.read("app", "us")
    assert mode(path) == 0o644


def test_what_cannot_be_hidden_can_still_be_read(
    store: TokenStore, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As on a volume that is mounted for reading only."""
    store.write("app", "us", TOKEN)
    path.chmod(0o644)

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(tokens.Path, "chmod", refuse)
    assert store.read("app", "us") == TOKEN
    assert "Others can read" in caplog.text


def test_a_home_that_nobody_has_is_named() -> None:
    with pytest.raises(StoreError, match="~nosuch/x"):
        TokenStore("~nosuch/x")


def test_bytes_that_are_no_text_are_foreign_too(store: TokenStore, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StoreError, match="does not hold tokens"):
        store.read("app", "us")


def test_a_folder_in_its_place_is_named(store: TokenStore, path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(StoreError, match=r"cannot be read: Is a directory"):
        store.read("app", "us")


def test_a_place_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = TokenStore(tmp_path / "file" / "tokens.json")
    with pytest.raises(StoreError, match="oauth_settings_location"):
        store.write("app", "us", TOKEN)


def test_a_write_that_fails_leaves_what_was_there(
    store: TokenStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("app", "us", TOKEN)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tokens.os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        store.write("app", "us", OTHER)
    assert store.read("app", "us") == TOKEN
    assert sorted(one.name for one in path.parent.iterdir()) == ["tokens.json", "tokens.json.lock"]


@pytest.mark.parametrize("value", ["dG9rOjE=", "a", "a.b-c_d~e+f/g="])
def test_a_token_is_text_that_a_header_can_carry(value: str) -> None:
    assert is_token(value)


@pytest.mark.parametrize("value", ["", "two words", "line\n", "ünïcode", None, 5, ["a"]])
def test_nothing_else_is_a_token(value: object) -> None:
    assert not is_token(value)


# Several runs at once

HOLDER = """
import sys, time
from tap_intercom.login.tokens import TokenStore
with TokenStore(sys.argv[1]).locked():
    print("held", flush=True)
    time.sleep(60)
"""


def test_who_waits_for_another_run_says_so_and_does_not_wait_for_ever(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tokens, "LOCK_SECONDS", 0.2)
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreError, match="Another run"):
            TokenStore(path).write("app", "us", TOKEN)
        assert "Waiting for another run" in caplog.text
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    TokenStore(path).write("app", "us", TOKEN)  # a run that was killed holds nothing
    assert TokenStore(path).read("app", "us") == TOKEN


def test_the_lock_may_be_held_around_a_write(store: TokenStore) -> None:
    began = time.monotonic()
    with store.locked():
        store.write("app", "us", TOKEN)
        assert store.read("app", "us") == TOKEN
    assert time.monotonic() - began < tokens.LOCK_SECONDS


def test_who_has_written_lets_go_of_the_file(
    store: TokenStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "LOCK_SECONDS", 0.0)
    store.write("app", "us", TOKEN)
    with pytest.raises(KeyError), store.locked():
        raise KeyError
    another = TokenStore(path)
    another.write("app", "eu", OTHER)
    assert store.read("app", "eu") == OTHER


# A run that is killed

KILLED = """
import os, signal, sys
from pathlib import Path
from tap_intercom.login import tokens
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
tokens.TokenStore(sys.argv[1]).write("app", "us", {"access_token": "hush"})
"""


def test_a_run_that_is_killed_leaves_no_token_behind(tmp_path: Path) -> None:
    store = tmp_path / "tokens.json"
    assert ran("-c", KILLED, str(store)).returncode == -signal.SIGKILL
    assert [one for one in tmp_path.iterdir() if "hush" in one.read_text()] == []


def test_where_it_must_the_next_one_removes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a system may have no files without a name."""
    store, modes = TokenStore(tmp_path / "tokens.json"), []
    new = tokens.unfinished(store.path)
    monkeypatch.setattr(tokens, "_nameless", lambda _: None)
    monkeypatch.setattr("os.fsync", lambda _: modes.append(new.stat().st_mode & 0o777))
    store.write("app", "us", {"access_token": "one"})
    assert modes == [0o600]
    assert store.read("app", "us") == {"access_token": "one"}
    new.write_text('{"app": {"us": {"access_token": "half"')
    assert store.read("app", "us") == {"access_token": "one"}
    assert not new.exists()


def test_what_another_run_is_writing_stays(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    store.write("app", "us", {"access_token": "one"})
    new = tokens.unfinished(store.path)
    new.write_text("being written")
    with FileLock(f"{store.path}.lock"):
        assert store.read("app", "us") == {"access_token": "one"}
        assert new.exists()


def test_links_that_go_round_in_a_circle_are_no_store(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    store.path.symlink_to(store.path)
    with pytest.raises(StoreError, match="cannot be read"):
        store.read("app", "us")
