"""How does somebody log in to Intercom, and how do they leave?

/oauth                 a page with an Authorize and a Deny button
/auth/eagle/token      exchanges a code for a token, once, within five minutes
/auth/uninstall        takes the app out of the workspace: its tokens are void

The secret of an app is its client id and `-secret`. Addresses of this machine and https addresses
count as registered. A code ends in `=`, as Intercom's may. What Deny answers is not documented; it
is what the protocol (RFC 6749) says. Misfortune is chosen by the client id:

    demo-app               all well, and so is every other id that begins with `demo`
    demo-refreshing        tokens end after an hour and can be renewed, as Intercom's cannot
    demo-exchange-500      the exchange answers 500
    demo-exchange-html     the exchange answers a page instead of JSON
    demo-exchange-empty    the exchange answers JSON without a token
    demo-exchange-echo     the exchange refuses, and repeats what it was sent
    demo-exchange-away     the exchange redirects to another host
    demo-exchange-slow     the exchange takes two seconds
    demo-exchange-void     the exchange gives a token that does not count
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from .exchange import Refusal, refused
from .journal import Entry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from .clock import Clock
    from .state import State

    Handler = Callable[[Request, dict[str, Any]], Awaitable[Response]]

PATHS = frozenset({"/oauth", "/auth/eagle/token", "/auth/uninstall"})
ISSUED = "demo-oauth-"
CODE_LIVES = 300
TOKEN_LIVES = 3_600
SLOW = 2.0


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


def page(title: str, inside: str, status: int = 200) -> HTMLResponse:
    """Write a page as plain as it can be."""
    return HTMLResponse(
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width'><meta name=color-scheme"
        f" content='light dark'><title>{title}</title><style>body{{font:1.1rem/1.5 system-ui;"
        "max-width:30rem;margin:4rem auto;padding:0 1rem}button{font:inherit;padding:.5rem 1.5rem;"
        f"margin-right:1rem}}</style><h1>{title}</h1>{inside}</html>",
        status,
    )


def problem(asked: dict[str, Any]) -> str | None:
    """Say why nobody can be asked, if so."""
    if not str(asked.get("client_id", "")).startswith("demo"):
        return "There is no app with this client_id."
    parts = urlsplit(str(asked.get("redirect_uri", "")))
    if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        return "This redirect_uri is not registered with the app."
    return None


class _Login:
    """The three pages."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.grants = state.grants

    async def ask(self, _: Request, asked: dict[str, Any]) -> Response:
        """Show the question."""
        if reason := problem(asked):
            return page("Intercom (simulated)", f"<p>{reason}</p>", 400)
        kept = {name: str(asked.get(name, "")) for name in ("client_id", "state", "redirect_uri")}
        hidden = "".join(
            f'<input type=hidden name={name} value="{escape(value)}">'
            for name, value in kept.items()
        )
        return page(
            "Intercom (simulated)",
            f"<p>The app <b>{escape(kept['client_id'])}</b> wants to read this workspace.</p>"
            f"<form method=post action=/oauth>{hidden}"
            "<button name=decision value=authorize>Authorize</button>"
            "<button name=decision value=deny>Deny</button></form>",
        )

    async def decide(self, _: Request, asked: dict[str, Any]) -> Response:
        """Send the person back, with a code or without."""
        if reason := problem(asked):
            return page("Intercom (simulated)", f"<p>{reason}</p>", 400)
        callback = str(asked["redirect_uri"])
        if asked.get("decision") == "authorize":
            said = {"code": self.grants.code(str(asked["client_id"]), callback)}
        else:
            said = {"error": "access_denied"}
        query = urlencode({**said, "state": asked.get("state", "")})
        return RedirectResponse(f"{callback}?{query}", 302)

    async def exchange(self, request: Request, asked: dict[str, Any]) -> Response:
        """Exchange a code for a token."""
        kind = str(asked.get("client_id")).removeprefix("demo-exchange-")
        if kind == "away":
            return RedirectResponse("https://elsewhere.example.com/token", 307)
        if kind == "html":
            return page("Welcome", "<p>Not JSON.</p>")
        if kind == "500":
            raise Refusal(500, "server_error", "An unknown error occurred.")
        if kind == "echo":
            body = (await request.body()).decode()
            raise Refusal(400, "bad_request", f"Not understood: {asked}, {body}")
        client_id = self.grants.redeem(asked)
        if kind == "slow":
            await asyncio.sleep(SLOW)
        token = {} if kind == "empty" else self.grants.token(client_id)
        if kind == "void":
            self.grants.revoked.add(token["token"])
        return Response(msgspec.json.encode(token), media_type="application/json")

    async def uninstall(self, request: Request, _: dict[str, Any]) -> Response:
        """Take the app of a token out of the workspace."""
        self.grants.uninstall(request.headers.get("authorization", "").removeprefix("Bearer "))
        return Response()

    def noted(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """Write down that it was asked, but not what is secret in it."""

        async def answer(request: Request) -> Response:
            path = request.url.path
            entry = Entry(request.method, path, path, dict(request.query_params), b"", "", None)
            self.state.journal.arrived(entry)
            try:
                response = await handler(request, await _asked(request))
            except Refusal as refusal:
                reply = refused(refusal, "sandbox")
                response = Response(reply.body, reply.status, media_type="application/json")
            entry.status = response.status_code
            self.state.journal.ended(entry)
            return response

        return answer


async def _asked(request: Request) -> dict[str, Any]:
    """Read the query, a form, or JSON."""
    body = await request.body()
    if request.headers.get("content-type", "").startswith("application/json"):
        read = msgspec.json.decode(body)
        return read if isinstance(read, dict) else {}
    return dict(request.query_params) | dict(parse_qsl(body.decode()))


def oauth_app(state: State) -> Starlette:
    """Build the application behind the three paths."""
    login = _Login(state)
    return Starlette(
        routes=[
            Route("/oauth", login.noted(login.ask)),
            Route("/oauth", login.noted(login.decide), methods=["POST"]),
            Route("/auth/eagle/token", login.noted(login.exchange), methods=["POST"]),
            Route("/auth/uninstall", login.noted(login.uninstall), methods=["POST"]),
        ]
    )
