"""Is the sandbox fast enough not to be what a benchmark of the tap measures?

    python benchmarks/sandbox_speed.py

serves a workspace in one process on one core and asks for small answers (`GET /me`), for pages of
150 contacts by search, once while the records are made and again when they are kept, and for
conversations with their parts. The clients are processes that read bytes and look at nothing but
the length. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import socket
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from serving import client_cores, pin, served

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

CLIENTS = 4
PAGE = 150
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
NEXT = re.compile(rb'"starting_after":"([^"]+)"')


@dataclass(frozen=True)
class Result:
    """What one client has done."""

    requests: int
    records: int
    bytes: int


class Connection:
    """A client so thin that the server is what is measured."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; read the answer, of which only the end is kept."""
        self.socket.sendall(request)
        received = self.socket.recv(262_144)
        head, _, body = received.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(head.decode())
        found = LENGTH.search(head)
        length = int(found.group(1)) if found else 0
        read, tail = len(body), body
        while read < length:
            chunk = self.socket.recv(1_048_576)
            read += len(chunk)
            tail = (tail + chunk)[-400:]
        return length, tail


def request(method: str, path: str, body: object = None) -> bytes:
    """Write a request."""
    content = b"" if body is None else json.dumps(body).encode()
    return (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer demo\r\n"
        f"Intercom-Version: 2.17\r\nContent-Length: {len(content)}\r\n\r\n"
    ).encode() + content


def small(port: int, seconds: float, _: int) -> Result:
    """Ask for /me again and again."""
    connection, asked = Connection(port), request("GET", "/me")
    end = time.perf_counter() + seconds
    requests = read = 0
    while time.perf_counter() < end:
        read += connection.ask(asked)[0]
        requests += 1
    return Result(requests, requests, read)


def pages(port: int, seconds: float, number: int) -> Result:
    """Page through all contacts, each client in another order."""
    connection = Connection(port)
    end = time.perf_counter() + seconds
    query = {"field": "updated_at", "operator": ">", "value": number}
    after: str | None = None
    requests = records = read = 0
    while time.perf_counter() < end:
        place = {"per_page": PAGE, "starting_after": after}
        sort = {"field": "updated_at", "order": ("ascending", "descending")[number % 2]}
        body = {"query": query, "pagination": place, "sort": sort}
        length, tail = connection.ask(request("POST", "/contacts/search", body))
        found = NEXT.search(tail)
        after = found.group(1).decode() if found else None
        requests, records, read = requests + 1, records + PAGE, read + length
    return Result(requests, records, read)


def details(port: int, seconds: float, number: int) -> Result:
    """Ask for one conversation after the other."""
    connection = Connection(port)
    end = time.perf_counter() + seconds
    requests = read = 0
    while time.perf_counter() < end:
        identity = 215_468_790_000_003 + 3 * ((requests * CLIENTS + number) % 4_000)
        read += connection.ask(request("GET", f"/conversations/{identity}"))[0]
        requests += 1
    return Result(requests, requests, read)


WORK = {"small": small, "pages": pages, "details": details}


def client(name: str, port: int, seconds: float, number: int, results: Queue[Result]) -> None:
    """Do some work in a process of its own, away from the server's core."""
    pin(0, client_cores())
    results.put(WORK[name](port, seconds, number))


def measured(name: str, port: int, seconds: float) -> dict[str, float]:
    """Let all clients work at once."""
    results: Queue[Result] = multiprocessing.Queue()
    began = time.perf_counter()
    workers = [
        multiprocessing.Process(target=client, args=(name, port, seconds, number, results))
        for number in range(CLIENTS)
    ]
    for worker in workers:
        worker.start()
    done = [results.get() for _ in workers]
    spent = time.perf_counter() - began
    for worker in workers:
        worker.join()
    return {
        "requests_per_second": round(sum(result.requests for result in done) / spent),
        "records_per_second": round(sum(result.records for result in done) / spent),
        "megabytes_per_second": round(sum(result.bytes for result in done) / spent / 1e6, 1),
    }


def warm(port: int) -> None:
    """Have every contact made and kept."""
    connection = Connection(port)
    after: str | None = None
    query = {"field": "updated_at", "operator": ">", "value": 0}
    while True:
        body = {"query": query, "pagination": {"per_page": PAGE, "starting_after": after}}
        _, tail = connection.ask(request("POST", "/contacts/search", body))
        found = NEXT.search(tail)
        if not found:
            return
        after = found.group(1).decode()


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--size", type=int, default=20_000, help="number of contacts")
    parser.add_argument("--seconds", type=float, default=3.0, help="per measurement")
    options = parser.parse_args()
    with served(options.size) as sandbox:
        port = sandbox.port
        began = time.perf_counter()
        warm(port)
        made = round(options.size / (time.perf_counter() - began))
        report = {
            "size": options.size,
            "clients": CLIENTS,
            "server_cores": 1,
            "contacts_made_and_served_per_second": made,
            **{name: measured(name, port, options.seconds) for name in WORK},
        }
        report["requests_counted_by_the_server"] = sandbox.stats()["requests"]
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
