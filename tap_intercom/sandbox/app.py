"""What happens to a request, from its arrival to the last byte of the answer?

Token, rate limit, misfortune, version and parameters, endpoint: in this order. The hot path is
plain ASGI; what tests say to the sandbox itself goes to `control`.
"""

from __future__ import annotations

import asyncio
import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from .control import control_app
from .endpoints import Match, found
from .exchange import Call, Ending, Refusal, Reply, refused
from .journal import Entry
from .limits import exceeded
from .misfortunes import RATE_LIMITS, REVOKED, misfortune
from .oauth import PATHS as OAUTH
from .oauth import oauth_app
from .state import State
from .versions import parsed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping

    from .endpoint import Endpoint
    from .failures import Misfortune
    from .limits import Allowance
    from .state import Options

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

CONTROL = "/__sandbox__"


class App:
    """The sandbox as an ASGI application."""

    def __init__(self, options: Options) -> None:
        self.state = State(options)
        self.failures: list[BaseException] = []
        self.hang_up: Callable[[object], None] = lambda _: None
        self.write: Callable[[object, bytes], None] = lambda _, __: None
        self._control = control_app(self.state)
        self._oauth = oauth_app(self.state)
        self._tokens: dict[str, tuple[str, Misfortune]] = {}
        self._served = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        if scope["path"].startswith(CONTROL):
            await self._control(scope, receive, send)
            return
        if scope["path"] in OAUTH:
            await self._oauth(scope, receive, send)
            return
        exchange = _Exchange(self, scope, receive, send)
        try:
            await exchange.run()
        except Exception as failure:
            # A fault of the sandbox must never pass for one of Intercom's.
            self.failures.append(failure)
            traceback.print_exc()
            raise

    def luck(self, token: str) -> tuple[str, Misfortune]:
        """The label of a token, and what it brings."""
        luck = self._tokens.get(token)
        if luck is None:
            luck = self._tokens[token] = misfortune(token)
        return luck

    def request_id(self) -> str:
        """Number the answers, in the shape of a UUID."""
        self._served += 1
        return f"5a4db0c5-0000-4000-8000-{self._served:012x}"


class _Exchange:
    """One request and its answer."""

    def __init__(self, app: App, scope: Message, receive: Receive, send: Send) -> None:
        self.app = app
        self.state = app.state
        self.scope = scope
        self.receive = receive
        self.send = send
        self.method: str = scope["method"]
        # As it was sent: a slash that is part of an id is no slash of the path.
        self.path: str = scope["raw_path"].decode("latin-1")
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.request_id = app.request_id()
        self.allowance: Allowance | None = None

    async def run(self) -> None:
        """Read, answer, wait, send; and write it down."""
        raw = await self._body()
        match = found(self.path)
        entry = self._entry(match, raw)
        journal = self.state.journal
        journal.arrived(entry)
        try:
            reply = self._reply(match, entry)
            if await self._wait(reply) and await self._deliver(reply):
                entry.status, entry.records = reply.status, reply.records
        finally:
            journal.ended(entry)

    async def _body(self) -> bytes:
        if self.method == "GET":
            return b""
        chunks = []
        while True:
            message = await self.receive()
            chunks.append(message.get("body", b""))
            if not message.get("more_body"):
                return b"".join(chunks)

    def _entry(self, match: Match | None, raw: bytes) -> Entry:
        query = self.scope["query_string"].decode("latin-1")
        token = self._token()
        return Entry(
            self.method,
            self.path,
            "(unknown path)" if match is None else match.template,
            dict(parse_qsl(query, keep_blank_values=True)) if query else {},
            raw,
            self.app.luck(token)[0] if token.startswith("demo") else "invalid",
            self.headers.get(b"intercom-version", b"").decode("latin-1") or None,
        )

    def _token(self) -> str:
        scheme, _, token = self.headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def _reply(self, match: Match | None, entry: Entry) -> Reply:
        try:
            return self._permitted(match, entry, self._token())
        except Refusal as refusal:
            return refused(refusal, self.request_id)

    def _permitted(self, match: Match | None, entry: Entry, token: str) -> Reply:
        self.state.grants.check(token)
        if token == REVOKED:
            raise Refusal(401, "unauthorized", "Access Token Invalid")
        limits = self.state.limits
        now = self.state.clock.now()
        self.allowance = limits.take(token, now, RATE_LIMITS.get(token))
        if self.allowance.remaining < 0:
            raise exceeded(self.allowance.limit, limits.window)
        call = self._call(match, entry, token)
        endpoint = None if match is None else match.methods.get(self.method)
        well: list[object] = []

        def proceed() -> Reply:
            try:
                reply = self._answer(endpoint, call, entry.version)
            except Refusal as refusal:
                well.append(refusal)
                raise
            well.append(reply)
            return reply

        answered: object = None
        try:
            answered = reply = self.app.luck(token)[1](self.state, call, proceed)
        except Refusal as refusal:
            answered = refusal
            raise
        finally:
            if all(one is not answered for one in well):
                self.state.journal.dealt(entry)
        return reply

    def _call(self, match: Match | None, entry: Entry, token: str) -> Call:
        calls = self.state.calls
        calls[token,] += 1
        calls[token, entry.method, entry.template] += 1
        endpoint = None if match is None else match.methods.get(self.method)
        return Call(
            entry.method,
            entry.path,
            entry.template,
            token,
            (0, 0),
            entry.query,
            entry.raw,
            "" if match is None else match.argument,
            _resources(endpoint, entry.query),
            endpoint is not None and endpoint.since >= (2, 16),
            self.headers.get(b"accept", b"").decode("latin-1"),
            calls[token, entry.method, entry.template],
            calls[token,],
        )

    def _answer(self, endpoint: Endpoint | None, call: Call, version: str | None) -> Reply:
        """Answer as if all were well; a refusal is an answer, too."""
        call.version = parsed(version)
        if endpoint is None:
            message = f"There is no {call.method} {call.path} in this sandbox."
            raise Refusal(404, "not_found", message)
        endpoint.check(call)
        reply = endpoint.answer(self.state, call)
        self.state.meanwhile.answered(call.path)
        return reply

    async def _wait(self, reply: Reply) -> bool:
        """Let latency pass; tell whether anybody is still there."""
        if self.state.options.latency_ms:
            await asyncio.sleep(self.state.options.latency_ms / 1_000)
        if not reply.delay or reply.ending is Ending.STALL:
            return True
        return not await self._leaves_within(reply.delay)

    async def _leaves_within(self, seconds: float) -> bool:
        """Wait; tell whether the caller hangs up meanwhile."""
        try:
            await asyncio.wait_for(self._left(), seconds)
        except (asyncio.TimeoutError, TimeoutError):
            return False
        return True

    async def _left(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def _deliver(self, reply: Reply) -> bool:
        """Send the answer, or reset the connection; tell whether it was an answer."""
        if reply.ending is Ending.RESET:
            return await self._hang_up()
        if reply.raw is not None:
            return await self._written(reply.raw(), reply.every) and await self._hang_up()
        headers = [(b"content-type", reply.content_type)]
        if all(name != b"date" for name, _ in reply.headers):
            headers.append((b"date", self.state.clock.date()))
        if reply.chunks is None:
            headers.append((b"content-length", b"%d" % len(reply.body)))
        headers += reply.headers
        if not reply.bare:
            headers += self._intercoms(reply)
        await self.send({"type": "http.response.start", "status": reply.status, "headers": headers})
        if reply.ending is Ending.STALL:
            await self._send(reply.body[: len(reply.body) // 2], more=True)
            left = await self._leaves_within(reply.delay)
            return False if left else await self._hang_up()
        if reply.chunks is not None and not await self._trickle(reply.chunks(), reply.every):
            return False
        await self._send(reply.body, more=False)
        return True

    async def _trickle(self, chunks: Iterable[bytes], every: float) -> bool:
        """Send a body in pieces; tell whether somebody has listened to the end."""
        for chunk in chunks:
            await self._send(chunk, more=True)
            if await self._leaves_within(every):
                return False
        return True

    async def _written(self, pieces: Iterable[bytes], every: float) -> bool:
        """Write pieces of a response as they are; tell whether somebody has listened to the end."""
        for piece in pieces:
            self.app.write(self.scope.get("client"), piece)
            if await self._leaves_within(every):
                return False
        return True

    async def _send(self, body: bytes, *, more: bool) -> None:
        await self.send({"type": "http.response.body", "body": body, "more_body": more})

    async def _hang_up(self) -> bool:
        self.app.hang_up(self.scope.get("client"))
        await asyncio.sleep(0.01)
        return False

    def _intercoms(self, reply: Reply) -> list[tuple[bytes, bytes]]:
        headers = [(b"x-request-id", self.request_id.encode())]
        told = any(name == b"x-ratelimit-limit" for name, _ in reply.headers)
        if self.allowance is not None and not told:
            headers += self.allowance.headers()
        return headers


def _resources(endpoint: Endpoint | None, query: dict[str, str]) -> tuple[str, ...]:
    """Name what an endpoint reads, by each name a person would use."""
    if endpoint is None:
        return ()
    if endpoint.resource == "data_attributes":
        return ("data_attributes", f"{query.get('model')}_attributes")
    return tuple(endpoint.resource.split())
