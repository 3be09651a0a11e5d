"""Which codes and tokens were given out, to which app, and which of them still count?"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .exchange import Refusal

if TYPE_CHECKING:
    from .clock import Clock

ISSUED = "demo-oauth-"
CODE_LIVES = 300
TOKEN_LIVES = 3_600


@dataclass
class Grants:
    """The codes and tokens that were given out, and to which app."""

    clock: Clock
    codes: dict[str, tuple[str, str, float]] = field(default_factory=dict)
    tokens: dict[str, tuple[str, float | None]] = field(default_factory=dict)
    refreshes: dict[str, str] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    _given: int = 0

    def _random(self) -> bytes:
        self._given += 1
        return hashlib.sha256(f"{self.clock.start} {self._given}".encode()).digest()

    def code(self, client_id: str, callback: str) -> str:
        """Give out a code, for one exchange."""
        code = base64.b64encode(self._random()[:16]).decode()
        self.codes[code] = (client_id, callback, self.clock.now() + CODE_LIVES)
        return code

    def redeem(self, asked: dict[str, Any]) -> str:
        """Take a code or a refresh token back; give the app, or refuse."""
        client_id = str(asked.get("client_id"))
        if asked.get("client_secret") != f"{client_id}-secret":
            raise Refusal(401, "unauthorized", "Unauthorized client")
        if asked.get("grant_type") == "refresh_token":
            if self.refreshes.pop(str(asked.get("refresh_token")), None) != client_id:
                raise Refusal(401, "unauthorized", "Unauthorized refresh token")
            return client_id
        owner, callback, ends = self.codes.pop(str(asked.get("code")), ("", "", 0.0))
        returned = asked.get("redirect_uri", callback)
        if owner != client_id or returned != callback or self.clock.now() > ends:
            raise Refusal(401, "unauthorized", "Unauthorized Code")
        return client_id

    def token(self, client_id: str) -> dict[str, Any]:
        """Give out a token."""
        token = ISSUED + self._random().hex()[:24]
        answer: dict[str, Any] = {"token_type": "Bearer", "token": token, "access_token": token}
        ends = None
        if client_id == "demo-refreshing":
            ends = self.clock.now() + TOKEN_LIVES
            refresh = "refresh-" + self._random().hex()[:24]
            self.refreshes[refresh] = client_id
            answer |= {"refresh_token": refresh, "expires_in": TOKEN_LIVES}
        self.tokens[token] = (client_id, ends)
        return answer

    def uninstall(self, token: str) -> None:
        """Void a token, and all others of the same app."""
        self.check(token)
        owner = self.tokens.get(token, (None, None))[0]
        siblings = {one for one, (client, _) in self.tokens.items() if client == owner}
        self.revoked |= {token, *siblings}

    def check(self, token: str) -> None:
        """Refuse what nobody was given, or no longer counts."""
        if not token.startswith("demo"):
            raise Refusal(401, "unauthorized", "Access Token Invalid")
        if token in self.revoked:
            raise Refusal(401, "token_revoked", "Access Token Revoked")
        if not token.startswith(ISSUED):
            return
        if token not in self.tokens:
            raise Refusal(401, "token_not_found", "Access Token Not Found")
        ends = self.tokens[token][1]
        if ends is not None and self.clock.now() > ends:
            raise Refusal(401, "token_expired", "Access Token Expired")
