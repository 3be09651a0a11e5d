"""What may be shown of what others say?

What a server says is data: an error, an id, a reason. In a log or on a terminal it must not begin
another line, colour or move anything, or turn letters around, so what would is shown as an escape.
And a secret that is in it, whole or in part, is masked. It is done for everything that is logged,
for every error that is shown, and for what is asked for by itself (`plain`).
"""

from __future__ import annotations

import logging
import re
import traceback
import unicodedata
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from click import ClickException
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

MASK = "***"
# So many characters of a secret in a row are masked. Intercom's tokens have 60, and who knows
# eleven of them knows nothing; a shorter secret is masked whole, and one of a few letters, as a
# password of the sandbox may be, is part of words. Nor is a piece masked that may be a word, as it
# is of the sandbox's tokens: of twelve characters in a row of Intercom's, hardly any are all small.
PIECE = 12
SHORTEST = 8
WORDS = re.compile("[a-z_-]+")

# What terminals obey, what cannot be seen, what turns letters around, and what ends a line. But
# for two that join letters, in Persian or in 👩‍🚒.
OBEYED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
JOINERS = frozenset("\u200c\u200d")


class Secrets:
    """What must not be shown, and how it may look."""

    def __init__(self) -> None:
        """Begin with none."""
        # By their length.
        self._pieces: dict[int, frozenset[str]] = {}

    def keep(self, secret: str) -> None:
        """Mask a secret from now on."""
        pieces = dict(self._pieces)
        for form in _forms(secret):
            if len(form) < SHORTEST:
                continue
            cut = (form[at : at + PIECE] for at in range(len(form) - PIECE + 1))
            for one in (form, *(piece for piece in cut if not WORDS.fullmatch(piece))):
                pieces[len(one)] = pieces.get(len(one), frozenset()) | {one}
        self._pieces = pieces  # whole, as others may look at them meanwhile

    def mask(self, text: str) -> str:
        """Mask each secret in a text, and each piece of one."""
        shown: list[str] = []
        end = 0
        for begin, stop in sorted(self._found(text)):
            if begin > end or not shown:
                shown += [text[end:begin], MASK]
            end = max(end, stop)
        return "".join([*shown, text[end:]])

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        for size, pieces in self._pieces.items():
            for at in range(len(text) - size + 1):
                if text[at : at + size] in pieces:
                    yield at, at + size


def _forms(secret: str) -> Iterator[str]:
    """Say how a secret may be written: as it is, in an address, or packed as headers are."""
    yield from (secret, quote(secret), quote(secret, safe=""), quote_plus(secret))
    # Three bytes become four letters, so how it looks depends on how many stand before it.
    for before in range(3):
        packed = b64encode(bytes(before) + secret.encode()).decode()
        whole = packed[-(-8 * before // 6) : 8 * (before + len(secret.encode())) // 6]
        yield from (whole, whole.translate(str.maketrans("+/", "-_")))


secrets = Secrets()


def masked(text: str) -> str:
    """Mask the secrets in a text that is written in a way of its own, as JSON is."""
    return secrets.mask(text)


def plain(text: str) -> str:
    """Give what may be shown of a text, in one line; of what has been through here, all."""
    text = masked(text)
    if text.isprintable():
        return text
    return "".join(
        one.encode("unicode_escape").decode()
        if unicodedata.category(one) in OBEYED and one not in JOINERS
        else one
        for one in text
    )


class Sentence(ClickException):
    """An error that is shown to people, in plain words."""

    def __init__(self, message: str) -> None:
        """Take the words, which may quote others."""
        super().__init__(plain(message))


class PlainRecord(logging.LogRecord):
    """What is logged, whoever logs it and in whatever form it is written."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make plain what is written as it is."""
        super().__init__(*args, **kwargs)
        if not self.args and isinstance(self.msg, str):
            self.msg = plain(self.msg)
        if self.exc_info and self.exc_info[0]:
            said = "".join(traceback.format_exception(*self.exc_info)).rstrip("\n").split("\n")
            # Indented, as a line of it may be quoted, and look like one of the log.
            self.exc_text = "\n".join(f"  {plain(line)}" for line in said)
            if any(line != plain(line) for line in said):
                self.exc_info = None  # of which others would write the words anew

    @override
    def getMessage(self) -> str:
        return plain(super().getMessage())


def log_plainly() -> None:
    """Make plain all that is logged in this process from now on."""
    logging.setLogRecordFactory(PlainRecord)
