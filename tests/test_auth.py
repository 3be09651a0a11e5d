"""The token goes to its own host and nowhere else, and comes from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_intercom.login.auth import IntercomAuthenticator, configured_token, problems
from tap_intercom.login.oauth import LoginError
from tap_intercom.login.tokens import StoreError, TokenStore

if TYPE_CHECKING:
    from pathlib import Path


def authenticator(base: str, token: str = "tok") -> IntercomAuthenticator:
    return IntercomAuthenticator({"api_key": token}, base)


def signed(base: str, url: str) -> str | None:
    request = requests.Request("GET", url, auth=authenticator(base)).prepare()
    return request.headers.get("Authorization")


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://api.intercom.io", "https://api.intercom.io/contacts?page=2"),
        ("https://api.eu.intercom.io", "https://api.eu.intercom.io/me"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/me"),
        ("http://[::1]:8080", "http://[::1]:8080/me"),
        ("https://proxy.test/intercom", "https://proxy.test/intercom/me"),
        ("https://API.Intercom.io", "https://API.Intercom.io/me"),
    ],
)
def test_requests_to_its_own_host_are_signed(base: str, url: str) -> None:
    assert signed(base, url) == "Bearer tok"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.test/contacts",
        "https://api.intercom.io.evil.test/",
        "https://evil.test/https://api.intercom.io/",
        "https://api.intercom.io:8443/",
        "https://api.eu.intercom.io/",
        "https://intercom.io/",
        "https://evil.test#api.intercom.io",
        "https://evil.test?api.intercom.io",
    ],
)
def test_requests_to_other_hosts_are_not(url: str) -> None:
    assert signed("https://api.intercom.io", url) is None


def test_an_address_that_only_looks_like_its_own_host_is_not_signed() -> None:
    sign = authenticator("https://api.intercom.io")
    for url in ("https://api.intercom.io@evil.test/", "//evil.test", "", None):
        request = requests.PreparedRequest()
        request.url, request.headers = url, requests.structures.CaseInsensitiveDict()
        assert "Authorization" not in sign(request).headers


def test_the_token_does_not_show() -> None:
    one = IntercomAuthenticator(
        {"api_key": "sesame", "oauth_client_secret": "sesame"}, "https://api.intercom.io"
    )
    assert "sesame" not in f"{one!r} {one} {one.app!r} {one.app}"


@pytest.mark.parametrize(
    ("config", "token"),
    [
        ({"api_key": "a"}, "a"),
        ({"access_token": "b"}, "b"),
        ({"oauth_access_token": "c"}, "c"),
        ({"api_key": "a", "access_token": "b", "oauth_access_token": "c"}, "a"),
        ({"api_key": "", "access_token": "b"}, "b"),
        ({"api_key": " ", "access_token": None, "oauth_access_token": "c"}, "c"),
        ({"api_key": " a\n"}, "a"),
        ({"api_key": 5, "access_token": "b"}, "b"),
        ({}, ""),
    ],
    ids=repr,
)
def test_the_first_token_that_is_set_is_taken(config: dict[str, Any], token: str) -> None:
    assert configured_token(config)[1] == token


def test_with_oauth_an_api_key_does_not_count() -> None:
    config = {"auth_scheme": "OAUTH", "api_key": "a", "access_token": "b"}
    assert configured_token(config) == ("", "")
    config["oauth_access_token"] = "c"
    assert configured_token(config) == ("oauth_access_token", "c")


APP = {"auth_scheme": "OAUTH", "oauth_client_id": "app"}


@pytest.mark.parametrize(
    "config",
    [
        {"api_key": "dG9rOjE="},
        {"access_token": "a.b-c_d~e+f/g="},
        {"auth_scheme": "NONE", "oauth_access_token": "c"},
        {"auth_scheme": "OAUTH", "oauth_access_token": "c"},
        APP,
        {**APP, "initiate_oauth": "REFRESH", "callback_url": "https://example.com/back"},
        {**APP, "initiate_oauth": "GETANDREFRESH", "oauth_client_secret": "s"},
        {**APP, "callback_url": "http://[::1]:3333/back"},
    ],
    ids=repr,
)
def test_what_can_work_is_no_problem(config: dict[str, Any]) -> None:
    assert list(problems(config)) == []


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "No token: set api_key"),
        ({"oauth_client_id": "app"}, "or set auth_scheme to OAUTH"),
        ({"auth_scheme": "OAUTH"}, "oauth_client_id is missing"),
        ({"auth_scheme": "OAUTH", "api_key": "hush"}, "oauth_client_id is missing"),
        ({**APP, "initiate_oauth": "GETANDREFRESH"}, "oauth_client_secret is missing"),
        ({**APP, "oauth_access_token": "hush hush"}, "oauth_access_token has spaces"),
        ({**APP, "callback_url": "localhost:3333"}, "callback_url is not a URL"),
        ({**APP, "callback_url": "http://localhost:0"}, "callback_url is not a URL"),
        ({**APP, "callback_url": "http://localhost:99999"}, "callback_url is not a URL"),
        ({**APP, "callback_url": "ftp://localhost"}, "callback_url is not a URL"),
        ({**APP, "callback_url": "http://hush@localhost"}, "callback_url is more"),
        ({**APP, "callback_url": "http://localhost?hush"}, "callback_url is more"),
    ],
    ids=repr,
)
def test_what_cannot_work_is_a_sentence_without_a_secret(config: dict[str, Any], said: str) -> None:
    [sentence] = problems(config)
    assert said in sentence
    assert "hush" not in sentence


@pytest.mark.parametrize("token", ["two words", "line\nfeed", "tab\tted", "ünïcode", "nul\0"])
def test_a_token_that_cannot_be_one_is_a_problem_that_keeps_it_secret(token: str) -> None:
    [problem] = problems({"api_key": token})
    assert "api_key" in problem
    assert token not in problem


def test_no_token_is_a_problem_that_says_where_to_get_one() -> None:
    assert "Developer Hub" in " ".join(problems({}))


# From the store


def of_app(path: Path, initiate: str = "OFF", **more: str) -> IntercomAuthenticator:
    url = more.get("api_url") or "https://api.intercom.io"
    config = {**APP, "initiate_oauth": initiate, "oauth_settings_location": str(path), **more}
    return IntercomAuthenticator(config, url)


@pytest.mark.parametrize(
    ("settings", "place", "page"),
    [
        ({}, "us", "https://app.intercom.com/oauth"),
        ({"region": "us"}, "us", "https://app.intercom.com/oauth"),
        ({"region": "eu"}, "eu", "https://app.eu.intercom.com/oauth"),
        ({"region": "au"}, "au", "https://app.au.intercom.com/oauth"),
        (
            {"region": "eu", "api_url": "http://127.0.0.1:3210"},
            "http://127.0.0.1:3210",
            "http://127.0.0.1:3210/oauth",
        ),
    ],
)
def test_a_stored_token_is_that_of_the_app_and_the_region(
    tmp_path: Path, settings: dict[str, str], place: str, page: str
) -> None:
    path = tmp_path / "tokens.json"
    for app, region in [("app", place), ("app", "elsewhere"), ("another", place)]:
        TokenStore(path).write(app, region, {"access_token": f"{app}-{region}"})
    one = of_app(path, **settings)
    one.obtain()
    assert one.token == f"app-{place}"
    assert one.app.page_url == page


@pytest.mark.parametrize("initiate", ["OFF", "REFRESH"])
def test_without_one_it_says_how_to_log_in(tmp_path: Path, initiate: str) -> None:
    with pytest.raises(LoginError, match="tap-intercom-login") as raised:
        of_app(tmp_path / "tokens.json", initiate).obtain()
    assert "app (us)" in raised.value.message


def test_a_token_in_the_settings_wins_over_a_stored_one(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text("not even looked at")
    one = of_app(path, "GETANDREFRESH", oauth_access_token="mine")
    one.obtain()
    assert one.token == "mine"
    assert not one.replace()
    assert "check oauth_access_token" in one.advice


def test_a_store_that_cannot_be_read_ends_the_run(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text("{")
    with pytest.raises(StoreError, match=r"tokens\.json"):
        of_app(path).obtain()


@pytest.mark.parametrize("initiate", ["OFF", "REFRESH"])
def test_a_refused_token_that_nothing_can_renew_stays(tmp_path: Path, initiate: str) -> None:
    path = tmp_path / "tokens.json"
    TokenStore(path).write("app", "us", {"access_token": "old"})
    one = of_app(path, initiate)
    one.obtain()
    assert not one.replace()
    assert one.token == "old"
    assert "has been revoked" in one.advice
    assert "tap-intercom-login" in one.advice


def test_what_another_run_has_stored_meanwhile_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    TokenStore(path).write("app", "us", {"access_token": "old"})
    one = of_app(path, "REFRESH")
    one.obtain()
    TokenStore(path).write("app", "us", {"access_token": "new"})
    assert one.replace()
    assert one.token == "new"
