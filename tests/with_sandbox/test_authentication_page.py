"""What docs/authentication.md says of properties and messages is true."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from home import APP, Home
from terminal import decide

from tap_intercom.login.connection_string import PROPERTIES, settings_in
from tap_intercom.sandbox import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "authentication.md").read_text("utf-8")
TEXTS = re.findall(r"^```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
MESSAGES = [" ".join(text.split()) for text in TEXTS if "Profile=" not in text]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with running(size=10) as sandbox:
        yield Home.of(tmp_path, sandbox)


def alone(**settings: str | None) -> Callable[[Home], str]:
    """Run the tap where there is no terminal."""
    return lambda home: home.but(**settings).alone("tap-intercom").stderr


def in_ci(home: Home) -> str:
    with home.but(initiate_oauth="GETANDREFRESH").run_tap(CI="true") as job:
        return job.end()[2]


def revoked(home: Home) -> str:
    home.store.parent.mkdir(parents=True)
    home.store.write_text(f'{{"{APP}": {{"{home.sandbox.url}": {{"access_token": "gone"}}}}}}')
    return home.alone("tap-intercom").stderr


def damaged(home: Home) -> str:
    home.store.parent.mkdir(parents=True)
    home.store.write_text("damaged")
    return home.alone("tap-intercom").stderr


def taken(home: Home) -> str:
    port = urlsplit(home.callback).port or 0
    with socket.create_server(("127.0.0.1", port)), home.log_in() as person:
        return person.end()[2]


def slow(home: Home) -> str:
    with home.log_in("--timeout", "0.1") as person:
        return person.end()[2]


def answered(decision: str, **settings: str) -> Callable[[Home], str]:
    """Log in as far as the answer."""

    def answer(home: Home) -> str:
        with home.but(**settings).log_in() as person:
            decide(person.address(), decision)
            return person.end()[2]

    return answer


# The beginning of a message -> how it comes about.
OCCASIONS: dict[str, Callable[[Home], str]] = {
    "No token:": alone(auth_scheme=None),
    "oauth_client_id is missing": alone(oauth_client_id=None),
    "No token is stored": alone(),
    "The token stored": revoked,
    "There is no terminal": alone(initiate_oauth="GETANDREFRESH"),
    "A CI job": in_ci,
    "Cannot listen": taken,
    "Nobody logged in": slow,
    "Access was not granted": answered("deny"),
    "Intercom answered 401": answered("authorize", oauth_client_secret="wrong"),
    "… does not hold tokens": damaged,
    "connection_string has": alone(connection_string="Colour=blue"),
}


def test_every_message_has_an_occasion() -> None:
    assert len(MESSAGES) == len(OCCASIONS)
    for beginning in OCCASIONS:
        assert [text for text in MESSAGES if text.startswith(beginning)], beginning


@pytest.mark.parametrize("beginning", OCCASIONS)
def test_a_quoted_message_is_what_is_said(home: Home, beginning: str) -> None:
    [message] = [text for text in MESSAGES if text.startswith(beginning)]
    message = message.replace("Unauthorized Code", "…")  # depends on what is wrong
    said = " ".join(OCCASIONS[beginning](home).split())
    assert re.search(".*".join(map(re.escape, message.split("…"))), said), said


def test_the_examples_of_connection_strings_can_be_read() -> None:
    [examples] = [text for text in TEXTS if "Profile=" in text]
    read = [settings_in(line) for line in examples.splitlines()]
    assert [one.get("api_key") or one["oauth_client_id"] for one in read] == [
        "my_api_key",
        "my_client_id",
    ]


def test_the_table_has_every_property_and_its_setting() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| `(\w+)`", PAGE, re.MULTILINE))
    assert {name: rows[name] for name in PROPERTIES} == dict(PROPERTIES)


def test_each_command_that_is_named_is_there(home: Home) -> None:
    options = set(re.findall(r"tap-intercom-login (--[a-z-]+)", PAGE))
    assert {"--status", "--logout", "--print", "--write-config", "--timeout"} <= options
    helped = home.alone("tap-intercom-login", "--help").stdout
    assert all(option in helped for option in options)
