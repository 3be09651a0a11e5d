"""Which token does a request carry, and where does it come from?

From the settings: the access token of one's own workspace (`api_key`, or `access_token` as other
taps call it), or a ready OAuth token (`oauth_access_token`). Or, with `auth_scheme` set to `OAUTH`,
from the store, where a login has put it; `initiate_oauth` says whether a run may log in by itself:

    OFF             never
    REFRESH         renew a stored token, should Intercom ever make that possible; ask nobody
    GETANDREFRESH   also ask a person, where there is no stored token or it has been revoked
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from requests.auth import AuthBase
from typing_extensions import override

from tap_intercom.api.address import PAGES, url_problem
from tap_intercom.ending import SettingsError
from tap_intercom.login import oauth
from tap_intercom.login.oauth import LoginError, Refused
from tap_intercom.login.tokens import TokenStore, is_token
from tap_intercom.plain import secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from requests import PreparedRequest

    from tap_intercom.login.tokens import Token

OAUTH = "OAUTH"
INITIATIONS = OFF, REFRESH, GETANDREFRESH = "OFF", "REFRESH", "GETANDREFRESH"

# Where a token is looked for in the settings, by the scheme.
TOKEN_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "NONE": ("api_key", "access_token", "oauth_access_token"),
    OAUTH: ("oauth_access_token",),
}


class IntercomAuthenticator(AuthBase):
    """Signs requests to one host with the token that the settings lead to, and no others."""

    def __init__(self, config: Mapping[str, Any], url: str) -> None:
        """Take the settings, and the base URL of the only host that may see the token."""
        self._host = urlsplit(url).netloc.lower()
        self._initiate = config.get("initiate_oauth") or OFF
        self._is_oauth = config.get("auth_scheme") == OAUTH
        self.setting, token = configured_token(config)
        self._carry(token)
        # What a token is stored under, beside the app.
        self.place: str = url if config.get("api_url") else config.get("region") or "us"
        self.app = oauth.App(
            client_id=_text(config.get("oauth_client_id")),
            client_secret=_text(config.get("oauth_client_secret")),
            callback_url=_text(config.get("callback_url")),
            page_url=f"{url}/oauth" if config.get("api_url") else PAGES[self.place],
            api_url=url,
        )
        secrets.keep(self.app.client_secret)
        self._location = config.get("oauth_settings_location")

    @cached_property
    def store(self) -> TokenStore:
        """Where logins keep their tokens."""
        return TokenStore(self._location)

    @override
    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if urlsplit(request.url or "").netloc.lower() == self._host:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    @property
    def token(self) -> str:
        """The token that requests carry; empty as long as there is none."""
        return self._token

    @property
    def is_stored(self) -> bool:
        """Say whether the token is the store's to give: the settings do not."""
        return self._is_oauth and not self.setting

    def _carry(self, token: str) -> None:
        """Let requests carry a token from now on."""
        secrets.keep(token)
        self._token = token

    def stored(self) -> Token | None:
        """Read the stored token, if there is one.

        Raises:
            StoreError: The store cannot be read.
        """
        token = self.store.read(self.app.client_id, self.place)
        for one in (token or {}).values():
            secrets.keep(str(one))
        return token

    def obtain(self) -> None:
        """See to it that there is a token, by asking a person if need be and if that is allowed.

        Raises:
            LoginError: There is none to be had; the message says what to do.
            StoreError: The store cannot be used.
        """
        if self._token or not self.is_stored:
            return
        token = self.stored()
        if token is None:
            if self._initiate != GETANDREFRESH:
                raise LoginError(f"No token is stored for {self._app_in_place}. {self._log_in}")
            token = self._login(instead_of=None)
        self._carry(token["access_token"])

    def replace(self) -> bool:
        """Get another token for one that Intercom refuses; say whether there is one now.

        Raises:
            LoginError: A person had to be asked, and could not be, or declined.
            StoreError: The store cannot be used.
        """
        if not self.is_stored or self._initiate == OFF:
            return False
        token = self._renewed()
        if token is None and self._initiate == GETANDREFRESH:
            token = self._login(instead_of=self._token)
        if token is None:
            return False
        self._carry(token["access_token"])
        return True

    def log_in(self, *, open_browser: bool, patience: float) -> None:
        """Ask a person for a token, and store it, whatever there was before.

        Raises:
            LoginError, StoreError: As for `obtain`.
        """
        oauth.check_that_somebody_answers()
        self._check_secret()
        with self.store.locked():
            self.stored()  # a store that cannot be used is to be known before
            token = oauth.authorised(self.app, open_browser=open_browser, patience=patience)
            self.store.write(self.app.client_id, self.place, token)
        self._carry(token["access_token"])

    def log_out(self) -> bool:
        """Revoke the stored token and forget it; say whether there was one.

        Raises:
            LoginError: Intercom did not revoke it; it is kept.
            StoreError: The store cannot be used.
        """
        with self.store.locked():
            token = self.stored()
            if token is None:
                return False
            oauth.revoke(self.app, token)
            self.store.forget(self.app.client_id, self.place)
        return True

    @property
    def advice(self) -> str:
        """What to do about a token that Intercom refuses."""
        if not self.is_stored:
            setting = self.setting or "api_key"
            return (
                "The token is wrong, has been revoked, or belongs to a workspace in another region:"
                f" check {setting}, and region or api_url."
            )
        return (
            f"The token stored for {self._app_in_place} has been revoked, and Intercom has no way"
            f" to renew it. {self._log_in}"
        )

    def _login(self, instead_of: str | None) -> Token:
        """Ask a person for a token, unless another run has just done so."""
        oauth.check_that_somebody_answers()
        self._check_secret()
        with self.store.locked():
            token = self.stored()
            if token is None or token["access_token"] == instead_of:
                token = oauth.authorised(self.app)
                self.store.write(self.app.client_id, self.place, token)
        return token

    def _check_secret(self) -> None:
        if not self.app.client_secret:
            raise SettingsError([LOGIN_NEEDS])

    def _renewed(self) -> Token | None:
        """Give what another run has stored meanwhile, or the token renewed, if that can be."""
        with self.store.locked():
            token = self.stored()
            if token is None or token["access_token"] != self._token:
                return token
            if "refresh_token" not in token:
                return None
            try:
                token |= oauth.renewed(self.app, token)
            except Refused:
                return None
            self.store.write(self.app.client_id, self.place, token)
            return token

    @property
    def _app_in_place(self) -> str:
        return f"the app {self.app.client_id} ({self.place})"

    @property
    def _log_in(self) -> str:
        return (
            "Log in with tap-intercom-login, with the same settings, or set initiate_oauth to "
            "GETANDREFRESH where somebody can answer."
        )


def configured_token(config: Mapping[str, Any]) -> tuple[str, str]:
    """Pick the token from the settings: the setting's name and the token, both empty if none."""
    for name in TOKEN_SETTINGS[config.get("auth_scheme") or "NONE"]:
        if token := _text(config.get(name)):
            return name, token
    return "", ""


def problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Say in sentences what is wrong with the settings that lead to a token; quote no secret."""
    setting, token = configured_token(config)
    if setting and not is_token(token):
        yield f"The token in {setting} has spaces or other characters that no token has."
    elif not setting and config.get("auth_scheme") == OAUTH:
        yield from _app_problems(config)
    elif not setting:
        yield (
            "No token: set api_key to an access token of your workspace (Developer Hub, your app, "
            "Configure, Authentication), for example in TAP_INTERCOM_API_KEY; or set auth_scheme "
            "to OAUTH."
        )
    callback = _text(config.get("callback_url"))
    problem = callback and url_problem(callback, "an address", "http://localhost:3333")
    if problem:
        yield f"callback_url is {problem}."


def _app_problems(config: Mapping[str, Any]) -> Iterator[str]:
    if not _text(config.get("oauth_client_id")):
        yield (
            "oauth_client_id is missing: auth_scheme is OAUTH, so set it to the client id of your "
            "app (Developer Hub, your app, Configure, Basic information), or set "
            "oauth_access_token."
        )
    elif config.get("initiate_oauth") == GETANDREFRESH and not _text(
        config.get("oauth_client_secret")
    ):
        yield LOGIN_NEEDS


LOGIN_NEEDS = (
    "oauth_client_secret is missing: a login needs it (Developer Hub, your app, Configure, Basic "
    "information)."
)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
