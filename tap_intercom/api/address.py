"""Where is Intercom, in which version, and who asks?

https://developers.intercom.com/docs/build-an-integration/learn-more/rest-apis/making-requests
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from importlib.metadata import version as version_of
from urllib.parse import urlsplit

REGIONS = {
    "us": "https://api.intercom.io",
    "eu": "https://api.eu.intercom.io",
    "au": "https://api.au.intercom.io",
}

# Where a person allows an app to read a workspace.
# https://developers.intercom.com/docs/build-an-integration/learn-more/authentication/setting-up-oauth
PAGES = {
    "us": "https://app.intercom.com/oauth",
    "eu": "https://app.eu.intercom.com/oauth",
    "au": "https://app.au.intercom.com/oauth",
}

# In the order of their release; `Preview` has all that any of them has.
VERSIONS = (*(f"2.{minor}" for minor in range(18)), "Preview")

USER_AGENT = f"tap-intercom/{version_of('tap-intercom')}"


@dataclass(frozen=True)
class Address:
    """The base URL that every request goes to, the API version it speaks, and the name it gives."""

    url: str
    version: str
    user_agent: str = USER_AGENT

    def has(self, version: str) -> bool:
        """Say whether the version in use is this one or newer."""
        return VERSIONS.index(self.version) >= VERSIONS.index(version)

    @property
    def headers(self) -> dict[str, str]:
        """What every request says of itself."""
        return {
            "Intercom-Version": self.version,
            "Accept": "application/json",
            "User-Agent": self.user_agent,
        }

    def in_version(self, version: str | None) -> dict[str, str]:
        """What a request says of itself that speaks a version of its own, if it does."""
        return replace(self, version=version or self.version).headers


def base_url(url: str) -> str:
    """Write a URL as requests writes it: a port has no zeros before it, and no slash is last."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    place = f"[{host}]" if ":" in host else host
    if parts.port is not None:
        place += f":{parts.port}"
    return parts._replace(netloc=place).geturl().rstrip("/")


def url_problem(url: str, kind: str, example: str) -> str | None:
    """Say what is wrong with a URL that is to be an address and nothing more; None if nothing is.

    `kind` is what it is called, and `example` is one.
    """
    try:
        parts = urlsplit(url)
        fits = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # brackets or a port that are none
        fits = False
    if not fits or not re.fullmatch(r"[\x21-\x7e]+", url):
        return f"not a URL: write it like {example}"
    if parts.username or parts.password or parts.query or parts.fragment:
        return f"more than {kind}: leave out user, password, query and fragment"
    return None
