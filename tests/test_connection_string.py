"""A connection string says what it says, and where it cannot, which part of it is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_intercom.ending import SettingsError
from tap_intercom.login.connection_string import PROPERTIES, settings_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_intercom.tap import TapIntercom

KEY = r"Profile=C:\profiles\Intercom.apip;ProfileSettings='APIKey=my_api_key';"
OAUTH = (
    r"Profile=C:\profiles\Intercom.apip;AuthScheme=OAuth;InitiateOAuth=GETANDREFRESH;"
    "OAuthClientId=my_id;OAuthClientSecret=my_secret;CallbackUrl=http://localhost:33333;"
)


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        (KEY, {"api_key": "my_api_key"}),
        (
            OAUTH,
            {
                "auth_scheme": "OAUTH",
                "initiate_oauth": "GETANDREFRESH",
                "oauth_client_id": "my_id",
                "oauth_client_secret": "my_secret",
                "callback_url": "http://localhost:33333",
            },
        ),
        ("", {}),
        (" ; ;; ", {}),
        ("apikey=a", {"api_key": "a"}),
        ("APIKEY = a ; ", {"api_key": "a"}),
        ("APIKey=dG9rOjE=", {"api_key": "dG9rOjE="}),
        ("APIKey=a=b;authscheme=none", {"api_key": "a=b", "auth_scheme": "NONE"}),
        ("APIKey='a;b'", {"api_key": "a;b"}),
        ('APIKey="a;b"', {"api_key": "a;b"}),
        ("APIKey='it''s'", {"api_key": "it's"}),
        ('APIKey="a""b";', {"api_key": 'a"b'}),
        ("APIKey='a\"b'", {"api_key": 'a"b'}),
        ("APIKey=it's", {"api_key": "it's"}),
        ("APIKey=;AuthScheme=''", {}),
        ("ProfileSettings='APIKey=''a;b'';AuthScheme=NONE'", {"api_key": "a;b"}),
        ("ProfileSettings=", {}),
        ("OAuthSettingsLocation=~/tokens.json", {"oauth_settings_location": "~/tokens.json"}),
    ],
)
def test_it_is_read_as_settings(text: str, settings: dict[str, str]) -> None:
    assert settings_in(text).items() >= settings.items()
    assert bool(settings_in(text)) == bool(settings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Token=hush", "no property 'Token'"),
        ("APIKey=hush;=hush", "no property of that name"),
        ("ProfileSettings='Key=hush'", "no property 'Key'"),
        ("APIKey=hush;hush", "after APIKey"),
        ("hush", "after its beginning"),
        ("APIKey='hush", "after its beginning"),
        ("AuthScheme=NONE;APIKey='hush'hush;", "after AuthScheme"),
        ("APIKey=hush;apikey=hush", "apikey twice"),
        ("APIKey=hush;ProfileSettings='APIKey=hush'", "APIKey twice"),
    ],
)
def test_what_cannot_be_read_is_named_and_no_value_is_told(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        settings_in(text)
    assert said in str(raised.value)
    assert "hush" not in str(raised.value)


def test_an_unknown_property_comes_with_a_list_of_those_there_are() -> None:
    with pytest.raises(ValueError, match="Colour") as raised:
        settings_in("Colour=blue")
    assert all(name in str(raised.value) for name in [*PROPERTIES, "Profile", "ProfileSettings"])


def quoted(value: str, quote: str) -> str:
    return quote + value.replace(quote, quote * 2) + quote


FREE = {
    name: one for name, one in PROPERTIES.items() if name not in {"AuthScheme", "InitiateOAuth"}
}


@given(
    values=st.dictionaries(st.sampled_from(sorted(FREE)), st.text(min_size=1), min_size=1),
    quote=st.sampled_from("'\""),
    inside=st.booleans(),
)
def test_what_is_quoted_comes_back_as_it_was(
    values: dict[str, str], quote: str, *, inside: bool
) -> None:
    text = ";".join(f"{name}={quoted(value, quote)}" for name, value in values.items())
    if inside:
        text = f"ProfileSettings={quoted(text, quote)}"
    assert settings_in(text) == {PROPERTIES[name]: value for name, value in values.items()}


@given(st.text() | st.text(alphabet="AP=;'\" ikey"))
def test_any_text_is_read_or_refused_in_a_sentence(text: str) -> None:
    try:
        said: object = settings_in(text)
    except ValueError as error:
        said = str(error)
    assert isinstance(said, dict) or said


# In the tap


def test_a_token_in_its_place_is_not_taken_for_a_name() -> None:
    for text in ("dG9rOjE=", "OAuthClientSecret=abc;half-a-secret=x", "x" * 25 + "=1"):
        with pytest.raises(ValueError, match="has no property of that name"):
            settings_in(text)


@pytest.mark.parametrize(
    ("explicit", "string", "token"),
    [
        ({"access_token": "mine"}, "APIKey=theirs", "mine"),
        ({"api_key": "mine"}, "AuthScheme=OAuth;OAuthClientId=x", "mine"),
        ({"api_key": "mine"}, "OAuthAccessToken=theirs", "mine"),
        ({"auth_scheme": "OAUTH"}, "APIKey=theirs;OAuthAccessToken=ready", "ready"),
    ],
)
def test_a_token_that_is_set_by_itself_takes_the_place_of_the_strings(
    make_tap: Callable[..., TapIntercom], explicit: dict[str, str], string: str, token: str
) -> None:
    tap = make_tap(**{"api_key": None, **explicit}, connection_string=string)
    assert tap.run.token.token == token


def test_an_empty_setting_that_no_string_can_hold_stays_wrong(
    make_tap: Callable[..., TapIntercom],
) -> None:
    with pytest.raises(SettingsError, match="region"):
        make_tap(region="", connection_string=KEY)


def test_it_sets_what_is_not_set(make_tap: Callable[..., TapIntercom]) -> None:
    tap = make_tap(api_key=None, connection_string=KEY)
    assert tap.run.token.token == "my_api_key"


def test_explicit_settings_win(make_tap: Callable[..., TapIntercom]) -> None:
    text = f"{OAUTH}OAuthAccessToken=theirs"
    tap = make_tap(
        api_key="", connection_string=text, oauth_access_token="mine", oauth_client_id="mine_too"
    )
    assert tap.run.token.token == "mine"
    assert tap.run.token.app.client_id == "mine_too"
    assert tap.run.token.app.client_secret == "my_secret"
    assert tap.run.token.app.callback_url == "http://localhost:33333"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Colour=hush", "connection_string has no property 'Colour'; there are APIKey,"),
        ("AuthScheme=Basic;APIKey=hush", "has 'Basic' for AuthScheme, which may be NONE, OAUTH"),
        ("APIKey=hush;InitiateOAuth=maybe", "has 'maybe' for InitiateOAuth, which may be OFF, REF"),
        ("APIKey=hush;AuthScheme=hush=1", "has for AuthScheme, which may be NONE, OAUTH"),
        ("APIKey='hush", "connection_string cannot be read"),
    ],
)
def test_what_is_wrong_is_a_sentence_before_any_request(
    make_tap: Callable[..., TapIntercom], text: str, said: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        make_tap(connection_string=text)
    assert said in str(raised.value)
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize("wrong", [5, ["APIKey=a"]])
def test_it_has_to_be_text(make_tap: Callable[..., TapIntercom], wrong: Any) -> None:
    with pytest.raises(SettingsError, match="connection_string must be text"):
        make_tap(connection_string=wrong)
