"""How is the sandbox served? In the foreground for people, in a thread for tests."""

from __future__ import annotations

import asyncio
import signal
import socket
import struct
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import uvicorn

from .app import App
from .passing import advance
from .state import Options
from .truth import truth
from .versions import parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")

Json = dict[str, Any]

# With this, closing a socket resets the connection instead of ending it politely.
LINGER = struct.pack("ii", 1, 0)


def listening(host: str, port: int) -> socket.socket:
    """Bind the port, so that it is known, and can be called, before anything is served."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.create_server((host, port), family=family, backlog=2_048)
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return bound


def address(bound: socket.socket) -> str:
    """The URL of a bound port."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """A uvicorn that ends at once, and with code 0, when it is told to."""

    def __init__(self, app: App) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                log_level="critical",
                access_log=False,
                lifespan="off",
                ws="none",
                server_header=False,
                date_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        self._over = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.up = threading.Event()
        app.hang_up = self.reset_connection
        app.write = self.write

    def reset_connection(self, client: object) -> None:
        """Reset the connection of one client."""
        for transport in self._transports(client):
            raw = transport.get_extra_info("socket")
            with suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
            transport.abort()

    def write(self, client: object, sent: bytes) -> None:
        """Write bytes to one client as they are, past all that knows of HTTP."""
        for transport in self._transports(client):
            transport.write(sent)

    def _transports(self, client: object) -> Iterator[asyncio.Transport]:
        for connection in tuple(self.server_state.connections):
            transport = connection.transport
            if getattr(connection, "client", None) == client and transport is not None:
                yield transport

    async def main_loop(self) -> None:
        """Wait for the end; uvicorn's own loop looks for it ten times a second."""
        self._loop = asyncio.get_running_loop()
        self.up.set()
        await self._over.wait()
        self.should_exit = self.force_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close everything at once; what is still being answered is nobody's loss."""
        for server in self.servers:
            server.close()
        for bound in sockets or []:
            bound.close()
        for connection in tuple(self.server_state.connections):
            connection.shutdown()

    def end(self) -> None:
        """Ask for the end, from any thread once it runs; before that, it will end as it begins."""
        if self._loop is None:
            self._over.set()
        else:
            self._loop.call_soon_threadsafe(self._over.set)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to who serves; uvicorn would raise them again at the end."""
        yield

    def within(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something where the requests are answered, so that nothing happens in between."""

        async def run() -> T:
            return function(*args, **kwargs)

        if self._loop is None:
            message = "the sandbox is not running"
            raise RuntimeError(message)
        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()


def serve(options: Options, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve in the foreground until SIGINT or SIGTERM."""
    bound = listening(host, port)
    app = App(options)
    app.state.prepare()
    server = Server(app)

    def end(_: int, __: FrameType | None) -> None:
        server.end()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    announce(address(bound))
    server.run(sockets=[bound])


class Sandbox:
    """A running sandbox, as a test holds it."""

    def __init__(self, url: str, app: App, server: Server) -> None:
        self.url = url
        self._state = app.state
        self._server = server

    def stats(self) -> Json:
        """Everything counted since the last reset."""
        return self._server.within(self._state.journal.stats)

    def log(self) -> list[Json]:
        """Every request since the last reset, in order."""
        return self._server.within(self._state.journal.log)

    def records(self, resource: str, version: str = "2.17") -> list[Json]:
        """Every record there is now, conversations with all their parts."""
        return self._server.within(truth, self._state.holdings, resource, parsed(version))

    def advance(self, seconds: int) -> None:
        """Let time pass, and things happen."""
        self._server.within(advance, self._state.workspace, seconds)

    def put(self, resource: str, record: Json) -> Json:
        """Write the fields of one record, of any shape; rows of a parent carry the parent's id."""
        return self._server.within(self._state.workspace.put, resource, record)

    def delete(self, resource: str, identity: str) -> bool:
        """Delete one record, by PARENT/ID where it hangs on another; tell whether it was there."""
        return self._server.within(self._state.workspace.delete, resource, identity)

    def meanwhile(self, path: str, *deeds: Json, after: int = 1) -> None:
        """Let something happen right after the Nth answer on a path, counted from now on.

        A deed is `{"resource": …, "put": RECORD}` or `{"resource": …, "delete": ID}`.
        """
        self._server.within(self._state.meanwhile.plan, path, after, deeds)

    def reset(self) -> None:
        """Count from zero again."""
        self._server.within(self._state.journal.reset)

    def now(self) -> float:
        """Unix seconds on the sandbox's clock."""
        return self._state.clock.now()


@contextmanager
def running(
    *,
    size: int = 300,
    seed: int = 1,
    host: str = "127.0.0.1",
    port: int = 0,
    **options: Any,
) -> Iterator[Sandbox]:
    """Serve on a free port in a thread; a fault of the sandbox itself is raised at the end."""
    app = App(Options(size=size, seed=seed, **options))
    bound = listening(host, port)
    server = Server(app)
    thread = threading.Thread(target=server.run, args=([bound],), name="sandbox", daemon=True)
    thread.start()
    server.up.wait()
    try:
        yield Sandbox(address(bound), app, server)
    finally:
        server.end()
        thread.join()
        bound.close()
    for failure in app.failures:
        raise failure
