"""A server that sends bytes as they are, well-formed or not."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Sent = Iterable[bytes]


@contextmanager
def serving(answer: Callable[[], Sent], connections: list[int] | None = None) -> Iterator[str]:
    """Serve the bytes of an answer to every request, on connections that stay open."""
    accepted = [] if connections is None else connections

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):  # whoever asked has had enough
            while connection.recv(65_536):
                for block in answer():
                    connection.sendall(block)

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            accepted.append(len(accepted))
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, daemon=True).start()
        host, port = listening.getsockname()
        yield f"http://{host}:{port}/"
        listening.shutdown(socket.SHUT_RDWR)
