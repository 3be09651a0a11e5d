"""Where is a token kept between two runs?

In a file of JSON that only its owner may read, `{client id: {place: token}}`, where the place is a
region, or the address that stands in its stead. A token is what Intercom answered: `access_token`,
and should it ever issue one, `refresh_token`.
"""

from __future__ import annotations

import json
import logging
import os
import re
import stat
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from tap_intercom.plain import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from filelock import FileLock

    Token = dict[str, Any]

OWNER_ONLY = stat.S_IRUSR | stat.S_IWUSR
FOLDER = OWNER_ONLY | stat.S_IXUSR
OTHERS = stat.S_IRWXG | stat.S_IRWXO

# Who waits for the lock waits for a person who logs in, who is given five minutes.
LOCK_SECONDS = 330.0

logger = logging.getLogger("tap-intercom.tokens")


class StoreError(Sentence):
    """The file of tokens cannot be used; the message names it."""


def is_token(value: Any) -> bool:
    """Say whether a value may be a token: text that a header can carry."""
    return isinstance(value, str) and re.fullmatch(r"[\x21-\x7e]+", value) is not None


def default_location() -> Path:
    """Name the file that is used unless another one is set."""
    return platformdirs.user_data_path("tap-intercom") / "tokens.json"


class TokenStore:
    """The tokens of one file."""

    def __init__(self, path: str | Path | None = None) -> None:
        """Take the file, which need not be there yet.

        Raises:
            StoreError: It is in the home of somebody who is not known here, or no name at all.
        """
        try:
            self.path = Path(path).expanduser() if path else default_location()
            self.path.lstat()
        except OSError:
            pass  # it need not be there yet
        except (RuntimeError, ValueError) as error:
            raise StoreError(f"There is no {path}: {error}") from error

    @cached_property
    def _lock(self) -> FileLock:
        from filelock import FileLock  # noqa: PLC0415  most runs have no use for it

        return FileLock(f"{self.path}.lock", mode=OWNER_ONLY)

    def read(self, client_id: str, place: str) -> Token | None:
        """Give the token of an app in a place, if there is one.

        Raises:
            StoreError: The file cannot be read, or holds something else.
        """
        return self._all().get(client_id, {}).get(place)

    def write(self, client_id: str, place: str, token: Token) -> None:
        """Keep a token, and all others that are there.

        Raises:
            StoreError: The file cannot be written, or holds something else.
        """
        with self.locked():
            tokens = self._all()
            tokens.setdefault(client_id, {})[place] = token
            self._replace(tokens)

    def forget(self, client_id: str, place: str) -> None:
        """Remove a token, and keep all others.

        Raises:
            StoreError: As for `write`.
        """
        with self.locked():
            tokens = self._all()
            tokens.get(client_id, {}).pop(place, None)
            self._replace({name: places for name, places in tokens.items() if places})

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other run from changing the file; may be nested.

        Raises:
            StoreError: Another run does not let go of it, or there can be no such file.
        """
        try:
            self._make_folder()
            self._acquire()
        except TimeoutError as error:
            raise StoreError(
                f"Another run has held {self.path} for {LOCK_SECONDS:.0f} seconds; run again when "
                "it is done."
            ) from error
        except OSError as error:
            raise self._unusable("written", error) from error
        try:
            yield
        finally:
            self._lock.release()

    def _acquire(self) -> None:
        try:
            self._lock.acquire(timeout=0)
        except TimeoutError:
            logger.warning("Waiting for another run, which is logging in.")
            self._lock.acquire(timeout=LOCK_SECONDS)

    def _make_folder(self) -> None:
        if not self.path.parent.is_dir():
            self.path.parent.mkdir(mode=FOLDER, parents=True, exist_ok=True)

    def _tidy(self) -> None:
        """Remove what a run that was killed may have left, unless another one is writing it."""
        with suppress(OSError, RuntimeError):  # a busy lock, or links that go round in a circle
            new = unfinished(self.path.resolve())
            if os.path.lexists(new):
                with self._lock.acquire(timeout=0):
                    new.unlink(missing_ok=True)

    def _all(self) -> dict[str, dict[str, Token]]:
        self._tidy()
        try:
            tokens = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._unusable("read", error) from error
        except (ValueError, RecursionError) as error:
            raise self._foreign() from error
        if not _holds_tokens(tokens):
            raise self._foreign()
        self._hide()
        return tokens  # type: ignore[no-any-return]

    def _hide(self) -> None:
        """Take from others what a copy or a careless hand may have given them."""
        if os.name != "posix" or not (mode := self.path.stat().st_mode) & OTHERS:
            return
        try:
            self.path.chmod(stat.S_IMODE(mode) & ~OTHERS)
        except OSError:
            logger.warning("Others can read %s; it should be readable by you alone.", self.path)
        else:
            logger.warning("Others could read %s; now only you can.", self.path)

    def _replace(self, tokens: dict[str, dict[str, Token]]) -> None:
        try:
            write_private(self.path, tokens)
        except OSError as error:
            raise self._unusable("written", error) from error

    def _unusable(self, how: str, error: OSError) -> StoreError:
        return StoreError(
            f"The token store {self.path} cannot be {how}: {error.strerror}. Set "
            "oauth_settings_location to a file of your own."
        )

    def _foreign(self) -> StoreError:
        return StoreError(
            f"{self.path} does not hold tokens of this tap, and is left as it is. Move it away, or "
            "set oauth_settings_location to another file."
        )


def write_private(path: Path, content: dict[str, Any]) -> None:
    """Write a file of JSON that only its owner may read, whole or not at all.

    Where the system can, what is being written has no name, and is gone if the run is killed.

    Raises:
        OSError: It cannot be written; what was there still is.
    """
    path = path.resolve()  # a link stays a link
    new = unfinished(path)
    new.unlink(missing_ok=True)
    nameless = _nameless(path.parent)
    descriptor = os.open(new, NEW_FILE, OWNER_ONLY) if nameless is None else nameless
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
            if nameless is not None:
                _name(nameless, new)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL
OPEN_FILES = Path("/proc/self/fd")


def unfinished(path: Path) -> Path:
    """Say what a file is called before it takes the place of the one that is there."""
    return path.with_name(f".{path.name}.new")


def _nameless(folder: Path) -> int | None:
    """Open a new file that has no name yet; None where the system or the folder has no such."""
    try:
        return (
            os.open(folder, os.O_WRONLY | os.O_TMPFILE, OWNER_ONLY) if OPEN_FILES.is_dir() else None
        )
    except (AttributeError, OSError):
        return None


def _name(descriptor: int, path: Path) -> None:
    """Give a name to a file that has none."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        # With a folder, as only then the link to the file is followed.
        os.link(OPEN_FILES / str(descriptor), path, src_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)


def _holds_tokens(tokens: Any) -> bool:
    """Say whether the file holds what `_replace` writes."""
    return isinstance(tokens, dict) and all(
        isinstance(places, dict)
        and all(
            isinstance(token, dict) and is_token(token.get("access_token"))
            for token in places.values()
        )
        for places in tokens.values()
    )
