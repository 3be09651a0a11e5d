"""Settings that cannot work are refused: one clear sentence each, and no secret in it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from answering import TOKEN
from click.testing import CliRunner
from starting import ran

from tap_intercom.ending import SettingsError
from tap_intercom.tap import TapIntercom

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

# What is set, and what the sentence about it names.
BAD: list[tuple[dict[str, Any], str]] = [
    ({"api_key": None}, "api_key"),
    ({"api_key": ""}, "api_key"),
    ({"api_key": "  "}, "api_key"),
    ({"api_key": "two words"}, "api_key"),
    ({"api_key": "ünïcode"}, "api_key"),
    ({"api_key": 12345}, "api_key"),
    ({"api_key": ["s3cr3t"]}, "api_key"),
    ({"api_key": None, "access_token": "line\nfeed"}, "access_token"),
    ({"region": "mars"}, "region"),
    ({"region": "EU "}, "region"),
    ({"region": 1}, "region"),
    ({"api_version": "1.4"}, "api_version"),
    ({"api_version": "2.99"}, "api_version"),
    ({"api_version": 2.1}, "api_version"),
    ({"api_url": "api.intercom.io"}, "api_url"),
    ({"api_url": "ftp://api.intercom.io"}, "api_url"),
    ({"api_url": "https://"}, "api_url"),
    ({"api_url": "http://[::1"}, "api_url"),
    ({"api_url": "https://api.intercom.io:port"}, "api_url"),
    ({"api_url": "https://api intercom.io"}, "api_url"),
    ({"api_url": "https://user:hunter2@api.intercom.io"}, "api_url"),
    ({"api_url": "https://api.intercom.io?a=1"}, "api_url"),
    ({"api_url": 5}, "api_url"),
    ({"start_date": "banana"}, "start_date"),
    ({"start_date": "2026-02-30"}, "start_date"),
    ({"start_date": 5}, "start_date"),
    ({"end_date": "31/01/2026"}, "end_date"),
    ({"start_date": "2026-02-01", "end_date": "2026-01-01"}, "end_date"),
    ({"lookback_seconds": -1}, "lookback_seconds"),
    ({"lookback_seconds": "long"}, "lookback_seconds"),
    ({"lookback_seconds": 10**15}, "lookback_seconds"),
    ({"page_size": 0}, "page_size"),
    ({"page_size": 151}, "page_size"),
    ({"page_size": 2.5}, "page_size"),
    ({"max_concurrency": 0}, "max_concurrency"),
    ({"max_concurrency": 257}, "max_concurrency"),
    ({"rate_limit_share": 0}, "rate_limit_share"),
    ({"rate_limit_share": 101}, "rate_limit_share"),
    ({"rate_limit_share": "half"}, "rate_limit_share"),
    ({"request_timeout": 0}, "request_timeout"),
    ({"request_timeout": 10**15}, "request_timeout"),
    ({"user_agent": "snowman ☃"}, "user_agent"),
    ({"user_agent": "two\r\nlines"}, "user_agent"),
    ({"user_agent": 5}, "user_agent"),
    ({"display_as": "pdf"}, "display_as"),
    ({"strict": "sometimes"}, "strict"),
]
SECRETS = (TOKEN, "two words", "ünïcode", "12345", "s3cr3t", "hunter2", "line\nfeed")


@pytest.mark.parametrize(
    ("settings", "named"), BAD, ids=[json.dumps(settings) for settings, _ in BAD]
)
def test_a_bad_setting_is_named_in_one_sentence(
    make_tap: Callable[..., TapIntercom], settings: dict[str, Any], named: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        make_tap(**settings)
    [sentence] = raised.value.errors
    assert named in sentence
    assert not [secret for secret in SECRETS if secret in str(raised.value)]


@pytest.mark.parametrize(
    "settings",
    [
        {"api_key": "two words"},
        {"api_key": ["s3cr3t"]},
        {"region": "mars"},
        {"api_version": "2.99"},
        {"api_url": "http://[::1"},
        {"api_url": "https://user:hunter2@api.intercom.io"},
        {"rate_limit_share": "half"},
        {"max_concurrency": "many"},
        {"page_size": "many"},
    ],
    ids=json.dumps,
)
def test_discovery_has_no_traceback_for_it_and_tells_no_secret(
    make_tap: Callable[..., TapIntercom], tmp_path: Path, settings: dict[str, Any]
) -> None:
    assert make_tap  # it takes the signal handlers back
    path = written(tmp_path, json.dumps({"api_key": TOKEN, **settings}))
    result = CliRunner().invoke(TapIntercom.cli, ["--discover", "--config", path])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert not [secret for secret in SECRETS if secret in result.output]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"region": "eu"},
        {"api_url": "http://127.0.0.1:8080"},
        {"api_url": "https://proxy.test/intercom/"},
        {"api_url": "http://[::1]:8080"},
        {"api_version": "2.10"},
        {"api_version": "Preview"},
        {"start_date": "2026-01-31"},
        {"start_date": "2026-01-31T12:00:00Z", "end_date": "2026-01-31T12:00:00+00:00"},
        {"api_key": None, "access_token": TOKEN},
        {"api_key": None, "oauth_access_token": TOKEN},
        {"lookback_seconds": 0, "page_size": 1, "max_concurrency": 1, "rate_limit_share": 1},
        {"display_as": "plaintext", "strict": True, "user_agent": "acme/1 (é)"},
        {"some_new_setting": "of another tap"},
    ],
    ids=json.dumps,
)
def test_good_settings_are_accepted(
    make_tap: Callable[..., TapIntercom], settings: dict[str, Any]
) -> None:
    assert make_tap(**settings).run.client.address.url.startswith("http")


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "https://api.intercom.io"),
        ({"region": "us"}, "https://api.intercom.io"),
        ({"region": "eu"}, "https://api.eu.intercom.io"),
        ({"region": "au"}, "https://api.au.intercom.io"),
    ],
    ids=json.dumps,
)
def test_region_and_url_choose_the_host(
    make_tap: Callable[..., TapIntercom], settings: dict[str, Any], url: str
) -> None:
    assert make_tap(api_url=None, **settings).run.client.address.url == url


def test_an_address_wins_over_the_region(make_tap: Callable[..., TapIntercom]) -> None:
    tap = make_tap(region="eu", api_url="https://proxy.test/x/")
    assert tap.run.client.address.url == "https://proxy.test/x"


def test_all_that_is_wrong_is_said_at_once(make_tap: Callable[..., TapIntercom]) -> None:
    with pytest.raises(SettingsError) as raised:
        make_tap(api_key="two words", start_date="banana", api_url="nowhere")
    assert len(raised.value.errors) == 3


# As a user meets it


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: one for name, one in os.environ.items() if not name.startswith("TAP_")}
    return ran("tap-intercom", *arguments, env={**inherited, **environment})


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "config.json"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "No token"),
        ('{"api_key": "two words", "start_date": "banana"}', "start_date is not a date"),
        ('{"api_key": "tok", "api_url": "http://127.0.0.1:1"}', "http://127.0.0.1:1"),
        ('{"api_key": "tok",', "config.json"),
        ('["api_key"]', "config.json"),
    ],
)
def test_on_the_command_line_it_is_a_line_and_no_traceback(
    tmp_path: Path, text: str, said: str
) -> None:
    done = run("--config", written(tmp_path, text), "--test")  # which has little patience
    assert done.returncode not in {0, -1}
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "two words" not in done.stderr


def test_a_setting_of_the_environment_is_checked_alike() -> None:
    done = run("--config", "ENV", TAP_INTERCOM_API_KEY=TOKEN, TAP_INTERCOM_MAX_CONCURRENCY="many")
    assert done.returncode != 0
    assert "MAX_CONCURRENCY" in done.stderr.upper()
    assert "Traceback" not in done.stderr
    assert TOKEN not in done.stderr


def test_b41_discovery_needs_no_token_and_no_network() -> None:
    """A catalogue can be chosen from before anybody has been given a token."""
    done = run("--discover")
    assert done.returncode == 0
    assert json.loads(done.stdout)["streams"]


def test_the_description_of_the_tap_tells_no_token() -> None:
    done = run("--about", "--format=json", "--config", "ENV", TAP_INTERCOM_API_KEY=TOKEN)
    assert done.returncode == 0
    assert TOKEN not in done.stdout + done.stderr
    assert json.loads(done.stdout)["settings"]["properties"]["api_key"]["secret"] is True
