r"""What does a connection string say?

The connection in one text, as drivers and integration tools are given it:

    Profile=C:\profiles\Intercom.apip;ProfileSettings='APIKey=my_api_key';
    AuthScheme=OAuth;InitiateOAuth=GETANDREFRESH;OAuthClientId=my_id;OAuthClientSecret=my_secret;

Names are written in any case. A value with a semicolon is put in quotes, single or double, and a
quote within them is doubled. `ProfileSettings` holds properties of its own; `Profile` says nothing
that the tap needs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tap_intercom.login.auth import INITIATIONS, TOKEN_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

# Property -> setting.
PROPERTIES: Mapping[str, str] = {
    "APIKey": "api_key",
    "AuthScheme": "auth_scheme",
    "CallbackURL": "callback_url",
    "InitiateOAuth": "initiate_oauth",
    "OAuthAccessToken": "oauth_access_token",
    "OAuthClientId": "oauth_client_id",
    "OAuthClientSecret": "oauth_client_secret",
    "OAuthSettingsLocation": "oauth_settings_location",
}

_SETTINGS = {name.lower(): setting for name, setting in PROPERTIES.items()}
_PROFILE, _INSIDE = "profile", "profilesettings"

# What may be said of some, in any case.
_CHOICES: Mapping[str, Collection[str]] = {
    "auth_scheme": TOKEN_SETTINGS.keys(),
    "initiate_oauth": INITIATIONS,
}

# What else stands before a `=` may be a secret, or half of one.
_WORD = re.compile(r"[A-Za-z ]{1,24}")

_PAIR = re.compile(
    r"""\s*(?P<name>[^=;]*?)\s*=\s*
    (?: '(?P<single>(?:[^']|'')*)' | "(?P<double>(?:[^"]|"")*)" | (?P<plain>(?!['"])[^;]*?) )
    \s*(?:;|$)""",
    re.VERBOSE,
)


def settings_in(text: str) -> dict[str, str]:
    """Read a connection string as settings of the tap; empty values are left out.

    Raises:
        ValueError: It cannot be read. The message is a sentence, and quotes no value.
    """
    found: dict[str, str] = {}
    for name, value in _properties(text):
        setting = _SETTINGS.get(name.lower())
        if setting is None:
            known = ", ".join([*PROPERTIES, "Profile", "ProfileSettings"])
            shown = repr(name) if _WORD.fullmatch(name) else "of that name"
            raise ValueError(f"has no property {shown}; there are {known}")
        if setting in found:
            raise ValueError(f"names {name} twice")
        found[setting] = _chosen(name, value, _CHOICES[setting]) if setting in _CHOICES else value
    return {setting: value for setting, value in found.items() if value}


def _chosen(name: str, value: str, choices: Collection[str]) -> str:
    if value and value.upper() not in choices:
        shown = f" {value!r}" if _WORD.fullmatch(value) else ""
        raise ValueError(f"has{shown} for {name}, which may be {', '.join(choices)}")
    return value.upper()


def _properties(text: str) -> Iterator[tuple[str, str]]:
    """Yield names and values, also those inside `ProfileSettings`."""
    texts = [text]
    while texts:
        for name, value in _pairs(texts.pop()):
            if name.lower() == _INSIDE:
                texts.append(value)
            elif name.lower() != _PROFILE:
                yield name, value


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    position, last = 0, "its beginning"
    while position < len(text):
        if text[position] == ";" or text[position].isspace():
            position += 1
            continue
        pair = _PAIR.match(text, position)
        if pair is None:
            # What is there may be half a secret, so it is not quoted.
            raise ValueError(
                f"cannot be read after {last}: write Name=value; and put a value with a semicolon "
                "or a quote in quotes, each quote within it doubled"
            )
        yield pair["name"], _value(pair)
        position, last = pair.end(), pair["name"]


def _value(pair: re.Match[str]) -> str:
    if pair["single"] is not None:
        return pair["single"].replace("''", "'")
    if pair["double"] is not None:
        return pair["double"].replace('""', '"')
    return pair["plain"]
