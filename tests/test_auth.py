"""The token goes to its own host and nowhere else, and comes from the settings."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tap_intercom.auth import IntercomAuthenticator, configured_token, token_problem


def signed(base: str, url: str) -> str | None:
    request = requests.Request("GET", url, auth=IntercomAuthenticator("tok", base)).prepare()
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
    authenticator = IntercomAuthenticator("tok", "https://api.intercom.io")
    for url in ("https://api.intercom.io@evil.test/", "//evil.test", "", None):
        request = requests.PreparedRequest()
        request.url, request.headers = url, requests.structures.CaseInsensitiveDict()
        assert "Authorization" not in authenticator(request).headers


def test_the_token_does_not_show() -> None:
    authenticator = IntercomAuthenticator("sesame", "https://api.intercom.io")
    assert "sesame" not in f"{authenticator!r} {authenticator}"


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
    assert configured_token(config) == token


@pytest.mark.parametrize("config", [{"api_key": "dG9rOjE="}, {"access_token": "a.b-c_d~e+f/g="}])
def test_a_token_is_no_problem(config: dict[str, Any]) -> None:
    assert token_problem(config) is None


@pytest.mark.parametrize("token", ["two words", "line\nfeed", "tab\tted", "ünïcode", "nul\0"])
def test_a_token_that_cannot_be_one_is_a_problem_that_keeps_it_secret(token: str) -> None:
    problem = token_problem({"api_key": token})
    assert problem is not None
    assert "api_key" in problem
    assert token not in problem


def test_no_token_is_a_problem_that_says_where_to_get_one() -> None:
    assert "Developer Hub" in (token_problem({}) or "")
