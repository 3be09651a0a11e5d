"""Which token does a request carry, and where does it come from?

From the settings: an access token of one's own workspace (`api_key`, or `access_token` as other
taps call it), or a ready OAuth token (`oauth_access_token`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from requests.auth import AuthBase
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from requests import PreparedRequest

TOKEN_SETTINGS = ("api_key", "access_token", "oauth_access_token")


class IntercomAuthenticator(AuthBase):
    """Signs requests to one host with a bearer token, and no others."""

    def __init__(self, token: str, url: str) -> None:
        """Take the token, and the base URL of the only host that may see it."""
        self._token = token
        self._host = urlsplit(url).netloc.lower()

    @override
    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if urlsplit(request.url or "").netloc.lower() == self._host:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def token_problem(config: Mapping[str, Any]) -> str | None:
    """Say in a sentence what is wrong with the token in the settings; None if nothing is."""
    token = configured_token(config)
    if not token:
        return (
            "No token: set api_key to an access token of your workspace (Developer Hub, your app, "
            "Configure, Authentication), for example in TAP_INTERCOM_API_KEY."
        )
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        name = next(name for name in TOKEN_SETTINGS if _text(config.get(name)))
        return f"The token in {name} has spaces or other characters that no token has."
    return None


def configured_token(config: Mapping[str, Any]) -> str:
    """Pick the token from the settings; empty if there is none."""
    return next((token for name in TOKEN_SETTINGS if (token := _text(config.get(name)))), "")


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
