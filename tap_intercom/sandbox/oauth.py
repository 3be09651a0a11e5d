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

    from .state import State

    Handler = Callable[[Request, dict[str, Any]], Awaitable[Response]]

PATHS = frozenset({"/oauth", "/auth/eagle/token", "/auth/uninstall"})
SLOW = 2.0


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
