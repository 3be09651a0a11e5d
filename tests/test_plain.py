"""What others say is shown in one line that nothing obeys, and without what is secret."""

from __future__ import annotations

import base64
import json
import logging
import unicodedata
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from answering import answer
from hypothesis import assume, given
from hypothesis import strategies as st
from singer_sdk.logging import ConsoleFormatter, StructuredFormatter

from tap_intercom import plain as room
from tap_intercom.api.errors import MOST_SAID, Failure, IntercomError
from tap_intercom.audit import Audit, RunError
from tap_intercom.ending import SettingsError
from tap_intercom.login.oauth import LoginError
from tap_intercom.login.tokens import StoreError
from tap_intercom.plain import MASK, PIECE, PlainRecord, Secrets, log_plainly, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TOKEN = "dG9rOmY0YjM/2+Nj_aWQtNDU2Ny04OTAxLWFiY2QtZWZnaGlqa2xtbm9wCg=="
OBEYED = (
    "\x00\x07\x08\t\n\r\x1b\x7f\x80\x85\x9b\x9d\u200b\u200e\u2028\u2029\u202a\u202e\u2066\ufeff"
)


@pytest.fixture
def _secret() -> None:
    room.secrets.keep(TOKEN)


@pytest.mark.parametrize("one", OBEYED, ids=ascii)
def test_what_a_terminal_obeys_is_shown_as_an_escape(one: str) -> None:
    assert plain(f"a{one}b") == "a" + one.encode("unicode_escape").decode() + "b"


@pytest.mark.parametrize(
    "text",
    ["", "é", "日本", "العربية", "שלום", "می‌خواهم", "👩‍🚒 🧵", "½ € “x”", "C:\\new", "100 %"],
)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


@given(st.text())
def test_of_anything_one_line_is_shown_and_shown_again_is_the_same(text: str) -> None:
    shown = plain(text)
    assert len(shown.splitlines()) <= 1
    assert not {unicodedata.category(one) for one in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert plain(shown) == shown
    shown.encode()


def packed(text: str, before: str = "") -> str:
    return base64.b64encode(f"{before}{text}".encode()).decode()


WRITTEN: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in an address": lambda text: quote(text, safe=""),
    "packed": packed,
    "packed for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "packed after one": lambda text: packed(text, ":"),
    "packed after two": lambda text: packed(text, "me"),
    "packed as a header": lambda text: packed(text, "Bearer "),
    "its first half": lambda text: text[: len(text) // 2],
    "its last half": lambda text: text[len(text) // 2 :],
    "a piece": lambda text: text[20 : 20 + PIECE],
    "half of it packed": lambda text: packed(text)[:40],
}


@pytest.mark.parametrize("way", WRITTEN)
@pytest.mark.usefixtures("_secret")
def test_a_secret_is_masked_however_it_is_written(way: str) -> None:
    written = WRITTEN[way](TOKEN)
    shown = plain(f"You sent {written}, and {written}.")
    assert shown.count(MASK) == 2
    # But for what belongs to what stands before or after it.
    assert len(shown) <= len(f"You sent {MASK}, and {MASK}.") + 2 * len(packed("Bearer "))


@given(st.text("abc", min_size=PIECE), st.text("abcé\n"), st.text("abc", max_size=40))
def test_no_piece_of_a_secret_is_shown(secret: str, before: str, after: str) -> None:
    secrets = Secrets()
    secrets.keep(secret)
    shown = secrets.mask(before + secret + after)
    pieces = {secret[at : at + PIECE] for at in range(len(secret) - PIECE + 1)}
    assert not [piece for piece in pieces if piece in shown]
    assert MASK in shown


@given(st.text("xyz\n é", max_size=40), st.text("xyz", min_size=8, max_size=PIECE))
def test_where_no_secret_is_nothing_is_masked(text: str, secret: str) -> None:
    assume(secret not in text)
    secrets = Secrets()
    secrets.keep(secret)
    assert secrets.mask(text) == text


@pytest.mark.parametrize(
    ("secret", "shown"), [("demo", "a demo-app"), ("demo-app", f"a {MASK}"), ("", "a demo-app")]
)
def test_a_short_secret_is_masked_whole_or_is_part_of_words(secret: str, shown: str) -> None:
    secrets = Secrets()
    secrets.keep(secret)
    assert secrets.mask("a demo-app") == shown
    assert secrets.mask("demo-ap") == "demo-ap"


# Where it is shown


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[logging.Formatter], list[str]]]:
    """What is logged in a test, as a formatter writes it."""
    monkeypatch.setattr(logging, "_logRecordFactory", logging.getLogRecordFactory())
    log_plainly()
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    logger = logging.getLogger("tap-intercom.plain-test")
    logger.addHandler(handler)
    yield lambda formatter: [formatter.format(one) for one in records]
    logger.removeHandler(handler)


SAID = f"\x1b[31m{TOKEN}\nINFO all is well\u202e é 日本"
SHOWN = f"\\x1b[31m{MASK}\\nINFO all is well\\u202e é 日本"


@pytest.mark.parametrize(
    "formatter", [ConsoleFormatter(), StructuredFormatter()], ids=["text", "JSON"]
)
@pytest.mark.usefixtures("_secret")
def test_whatever_is_logged_is_plain(
    lines: Callable[[logging.Formatter], list[str]], formatter: logging.Formatter
) -> None:
    logger = logging.getLogger("tap-intercom.plain-test")
    logger.warning(SAID)
    logger.warning("%s", SAID)
    logger.warning("%(said)s", {"said": SAID})
    found = lines(formatter)
    assert len(found) == 3
    for line in found:
        said = json.loads(line)["message"] if line.startswith("{") else line
        assert said.endswith(SHOWN)


@pytest.mark.parametrize(
    "formatter", [ConsoleFormatter(), StructuredFormatter()], ids=["text", "JSON"]
)
@pytest.mark.usefixtures("_secret")
def test_so_is_what_an_error_says(
    lines: Callable[[logging.Formatter], list[str]], formatter: logging.Formatter
) -> None:
    logger = logging.getLogger("tap-intercom.plain-test")
    try:
        float(SAID)
    except ValueError:
        logger.exception("It failed")
    [found] = lines(formatter)
    assert TOKEN not in found
    assert not {*found} & {"\x1b", "\u202e"}
    assert not any(line.startswith("INFO") for line in found.splitlines())


def test_an_error_that_says_nothing_odd_is_written_as_ever(
    lines: Callable[[logging.Formatter], list[str]],
) -> None:
    logger = logging.getLogger("tap-intercom.plain-test")
    try:
        float("odd")
    except ValueError:
        logger.exception("It failed")
    [text], [data] = lines(ConsoleFormatter()), lines(StructuredFormatter())
    assert text.splitlines()[1:2] == ["  Traceback (most recent call last):"]
    assert text.endswith("  ValueError: could not convert string to float: 'odd'")
    assert json.loads(data)["exception"]["message"].endswith("'odd'")


@pytest.mark.parametrize(
    "error",
    [
        RunError,
        LoginError,
        StoreError,
        lambda said: SettingsError([said]),
        lambda said: IntercomError("tags", said),
    ],
    ids=["run", "login", "store", "settings", "intercom"],
)
@pytest.mark.usefixtures("_secret")
def test_every_error_that_is_shown_is_plain(error: Callable[[str], Any]) -> None:
    made = error(SAID)
    assert made.format_message().endswith(SHOWN)
    assert str(made).endswith(SHOWN)


@pytest.mark.usefixtures("_secret")
def test_of_a_failure_only_so_much_is_repeated_and_no_piece_of_a_secret() -> None:
    long = "." * (MOST_SAID - 30) + TOKEN
    body = {"request_id": long, "errors": [{"code": long, "message": long}]}
    for response in (answer(400, body), answer(400, b"<p>", {"X-Request-Id": long})):
        if response.raw.getvalue() == b"<p>":
            response.reason = long
        said = str(Failure.of_answer(response))
        assert MASK in said
        assert TOKEN[:PIECE] not in said
        assert len(said) < 4 * MOST_SAID


@pytest.mark.usefixtures("_secret")
def test_a_summary_has_no_secret(tmp_path: Path) -> None:
    audit = Audit()
    audit.account("tags").skipped.append(f"1\n{TOKEN}")
    path = tmp_path / "summary.json"
    audit.write(str(path), ["tags"])
    assert json.loads(path.read_text())["streams"]["tags"]["skipped"] == [f"1\n{MASK}"]


def test_a_record_of_the_log_is_what_it_was() -> None:
    made = PlainRecord("a", logging.INFO, "path", 1, "METRIC: %s", ({"a": 1},), None)
    assert (made.msg, made.args, made.getMessage()) == ("METRIC: %s", {"a": 1}, "METRIC: {'a': 1}")
