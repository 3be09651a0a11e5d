"""What Intercom was seen to answer comes out as rows that are looked at.

`tests/live/` holds answers of Intercom's that others have recorded and published, with all that is
personal replaced, and the rows that must come out. Where a schema gains a field, write the rows
anew, and look at what differs: `python tests/test_live.py`
"""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from runs import Run, sync

from tap_intercom.api.address import VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

LIVE = sorted((Path(__file__).parent / "live").glob("*.json"))

# Who recorded them asked for another order, or none.
IN_ANOTHER_ORDER = "Intercom did not give these by the time of their change"

# What is asked beside what was recorded.
NONE = {"type": "list", "data": []}
ME = {"type": "admin", "id": "1", "app": {"type": "app", "id_code": "abcd0001", "region": "US"}}


class Recorded:
    """An Intercom that gives recorded answers, by their paths: the last of several for good."""

    def __init__(self, url: str) -> None:
        self.url = url


@contextmanager
def served(answers: dict[str, list[Any]]) -> Iterator[Recorded]:
    """Serve recorded answers over HTTP."""
    waiting = {"/me": [ME], "/data_attributes": [NONE]}
    waiting |= {path: list(bodies) for path, bodies in answers.items()}
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with lock:
                bodies = waiting.get(urlsplit(self.path).path, [])
                body = bodies.pop(0) if len(bodies) > 1 else bodies[0] if bodies else None
            missing = {"type": "error.list", "errors": [{"code": "not_found"}]}
            content = json.dumps(missing if body is None else body).encode()
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield Recorded(f"http://127.0.0.1:{server.server_address[1]}")
        finally:
            server.shutdown()


def read(recording: dict[str, Any]) -> Run:
    """Let the tap read what was recorded."""
    with served(recording["answers"]) as intercom:
        return sync(intercom, *recording["rows"], api_version=recording["version"])


def rows_of(recording: dict[str, Any], run: Run) -> dict[str, list[dict[str, Any]]]:
    """Give the rows of a recording's streams, without the columns that are null."""
    return {
        stream: [
            {name: value for name, value in row.items() if value is not None}
            for row in run.rows(stream)
        ]
        for stream in recording["rows"]
    }


def named(path: Path) -> str:
    return path.stem


@pytest.mark.usefixtures("make_tap")  # which keeps the signal handlers
@pytest.mark.parametrize("path", LIVE, ids=named)
def test_what_was_seen_comes_out(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recording = json.loads(path.read_text("utf-8"))
    run = read(recording)
    assert (run.error, run.failed, run.left_out) == (None, {}, {})
    assert rows_of(recording, run) == recording["rows"]
    told = [one for one in caplog.records if one.levelname in {"WARNING", "ERROR"}]
    lines = [one.getMessage() for one in told if one.name.startswith("tap-intercom")]
    assert [line for line in lines if not line.startswith(IN_ANOTHER_ORDER)] == []


@pytest.mark.parametrize("path", LIVE, ids=named)
def test_a_recording_says_where_it_comes_from(path: Path) -> None:
    recording = json.loads(path.read_text("utf-8"))
    assert recording.keys() == {"source", "version", "whole", "answers", "rows"}
    assert re.fullmatch(r"https://github\.com/[\w./-]+/blob/[0-9a-f]{40}/.+", recording["source"])
    assert recording["version"] in VERSIONS
    stream, version, _ = path.stem.split("-")
    assert version == recording["version"]
    assert stream in recording["rows"]
    addresses = re.findall(r"[\w.+-]+@[\w.-]+", path.read_text("utf-8"))
    assert {one.partition("@")[2] for one in addresses} <= {"example.com"}


def write() -> None:
    """Write the rows that come out now."""
    for path in LIVE:
        recording = json.loads(path.read_text("utf-8"))
        recording["rows"] = rows_of(recording, read(recording))
        path.write_text(json.dumps(recording, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    write()
