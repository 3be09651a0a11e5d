"""A server that has gone mad, or means harm: a clear end, within bounds, and nothing is told."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unicodedata import category
from urllib.parse import unquote

import pytest
import requests
from runs import NAMES, Run, catalog_of, sync
from starting import Started

from tap_intercom.api import jobs, retries
from tap_intercom.audit import RunError
from tap_intercom.sandbox import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_intercom.sandbox import Sandbox


PATIENCE = 45.0
MEMORY = 400.0

# The program, but for the number of tries and the waits between, which are not looked at here.
IMPATIENT = """\
from tap_intercom import run
from tap_intercom.__main__ import main
from tap_intercom.api import retries
run.PATIENT = retries.Patience(tries=4)
retries.FIRST_WAIT_SECONDS = 0.01
retries.LONGEST_WAIT_SECONDS = 0.1
main()
"""


@dataclass
class Ended:
    """A run of the tap as a program: what it wrote and said, and how much memory it took."""

    run: Run
    code: int
    said: str
    megabytes: float

    @property
    def sentence(self) -> str:
        """What it said last, of which line breaks are no part."""
        return " ".join(self.said[self.said.rindex("Error: ") :].split())

    def problem(self, stream: str) -> str:
        """Why a stream failed, which was the only one of its run."""
        assert self.sentence == (
            f"Error: 0 streams ended; 1 failed ({stream}). Run again: each goes on where it"
            " stopped."
        )
        [line] = [one for one in self.said.splitlines() if "| ERROR " in one]
        _, logger, problem = line.rsplit(" | ", 2)
        assert logger.strip() == f"tap-intercom.{stream}"
        return problem


def program(sandbox: Sandbox, folder: Path, *streams: str, token: str, **settings: Any) -> Ended:
    """Run the tap as a program; one that does not end is killed, and fails the test."""
    config, catalog = (folder / name for name in ("config.json", "catalog.json"))
    config.write_text(json.dumps({"api_key": token, "api_url": sandbox.url, **settings}))
    catalog.write_text(json.dumps(catalog_of(*streams)))
    command = ["-c", IMPATIENT, "--config", str(config), "--catalog", str(catalog)]
    tap = Started(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = tap.communicate(PATIENCE)
    except subprocess.TimeoutExpired:
        pytest.fail(f"{sandbox.stats()['requests']} calls, and it has not ended")
    finally:
        tap.kill()
    messages = [json.loads(line) for line in out.splitlines()]
    return Ended(Run(messages), tap.wait(), err.decode(), tap.megabytes)


@pytest.fixture
def small() -> Iterator[Sandbox]:
    with running(size=60, scroll_expiry=0.3, rate_limit=100_000) as sandbox:
        yield sandbox


# Bodies


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("huge", "larger than 64 MB"),
        ("bomb", "larger than 64 MB"),
        ("deep", "not JSON"),
        ("drip", "did not arrive whole within request_timeout"),
    ],
)
def test_a_body_that_is_too_much_ends_the_run_with_a_sentence(
    small: Sandbox, tmp_path: Path, kind: str, said: str
) -> None:
    ended = program(small, tmp_path, "tags", token=f"demo-hostile-{kind}", request_timeout=1)
    assert ended.code == 1, ended.said
    assert said in ended.problem("tags")
    assert "Traceback" not in ended.said
    assert ended.run.rows("tags") == []
    assert small.stats()["requests"] <= 6
    assert ended.megabytes < MEMORY


@pytest.mark.parametrize("where", ["head", "continue", "chunks", "trailers"])
def test_what_drips_is_given_up_wherever_it_does(
    small: Sandbox, tmp_path: Path, where: str
) -> None:
    token = f"demo-hostile-drip-{where}"
    ended = program(small, tmp_path, "tags", "contacts", token=token, request_timeout=1)
    assert ended.code == 1, ended.said
    assert "did not arrive whole within request_timeout. Trying again" in ended.said
    assert "Traceback" not in ended.said
    assert ended.run.counts == {"contacts": len(small.records("contacts"))}


@pytest.mark.parametrize("kind", ["wide-head", "long-head"])
def test_a_head_that_is_too_much_ends_with_a_sentence(
    small: Sandbox, tmp_path: Path, kind: str
) -> None:
    ended = program(small, tmp_path, "tags", token=f"demo-hostile-{kind}")
    assert ended.code == 1, ended.said
    assert "got more than" in ended.said
    assert "Traceback" not in ended.said


def test_a_file_of_which_a_length_drips_is_given_up_at_its_deadline(
    small: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(jobs, "MINUTE", 1.0)
    run = sync(small, "content_export_receipt", token="demo-export-drip", export_timeout_minutes=2)
    assert run.error is not None
    assert "The file did not arrive within 2 minutes" in f"{run.error} {caplog.text}"
    assert run.rows("content_export_receipt") == []


def test_a_record_that_is_deep_passes_whole(small: Sandbox) -> None:
    run = sync(small, "tags", token="demo-hostile-deep-ish")
    assert run.error is None
    level, deep = 0, run.rows("tags")[0]["_rescued_data"]["deep"]
    while deep:
        level, deep = level + 1, deep["deeper"]
    assert level == 400
    assert run.counts["tags"] == len(small.records("tags"))


@pytest.mark.parametrize("stream", ["contacts", "conversations", "companies"])
def test_a_record_that_is_deep_passes_a_search_and_a_scroll(small: Sandbox, stream: str) -> None:
    run = sync(small, stream, token="demo-hostile-deep-ish")
    assert run.error is None
    assert sorted(run.ids(stream)) == sorted(one["id"] for one in small.records(stream))


# Pages

ENDLESS = ["tags", "contacts", "contact_activities", "conversation_parts", "companies", "articles"]


@pytest.mark.parametrize("stream", ENDLESS)
def test_the_same_page_for_ever_ends_with_a_sentence(
    small: Sandbox, tmp_path: Path, stream: str
) -> None:
    ended = program(small, tmp_path, stream, token="demo-hostile-endless", page_size=5)
    assert ended.code == 1, ended.said
    assert "round in circles" in ended.problem(stream)
    assert "Traceback" not in ended.said
    assert small.stats()["requests"] < 150


@pytest.mark.parametrize("stream", [one for one in ENDLESS if one != "companies"])
def test_empty_pages_for_ever_end_with_a_sentence(
    small: Sandbox, tmp_path: Path, stream: str
) -> None:
    """Not a scroll, which an empty page ends."""
    ended = program(small, tmp_path, stream, token="demo-hostile-endless-empty")
    assert ended.code == 1, ended.said
    assert "round in circles" in ended.problem(stream)
    assert 100 <= small.stats()["requests"] < 350
    assert ended.run.counts.total() == 0


@pytest.mark.parametrize("page_size", [7, 150])
def test_totals_that_lie_change_nothing(small: Sandbox, page_size: int) -> None:
    whole = sync(small)
    small.reset()
    run = sync(small, token="demo-hostile-lying-total", page_size=page_size)
    assert run.error is None
    assert run.counts == whole.counts
    assert keyed(run) == keyed(whole)
    assert small.stats()["requests"] < 2_000


def keyed(run: Run) -> list[str]:
    """The records in an order of their own: lists that are read in parts come in another."""
    return sorted(json.dumps(record, sort_keys=True) for record in run.records)


# Waits


def test_a_limit_of_zero_does_not_stop_the_run_for_ever(small: Sandbox, tmp_path: Path) -> None:
    """A call in each window of ten seconds is a way to go on, if a slow one."""
    ended = program(small, tmp_path, "tags", token="demo-hostile-limit-zero")
    if ended.code == 0:
        assert ended.run.counts == sync(small, "tags").counts
    else:
        assert "limit" in ended.problem("tags")


@pytest.mark.parametrize("kind", ["retry-forever", "retry-in-years"])
def test_a_wait_of_years_is_cut_short(
    small: Sandbox, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """To 32 seconds for each call, in a real run."""
    assert retries.LONGEST_WAIT_SECONDS <= 60
    monkeypatch.setattr(retries, "LONGEST_WAIT_SECONDS", 0.05)
    run = sync(small, token=f"demo-hostile-{kind}")
    assert run.error is None
    assert run.records == sync(small).records


# Words

ECHOING = "demo-hostile-echo"
LOUD = {"TAP_INTERCOM_LOGLEVEL": "DEBUG", "LOGLEVEL": "DEBUG"}


@pytest.mark.parametrize("command", ["tap-intercom", "tap-intercom-check"])
def test_what_a_server_says_is_shown_in_plain_lines_and_without_the_token(
    small: Sandbox, tmp_path: Path, command: str
) -> None:
    config, catalog, summary = (tmp_path / f"{name}.json" for name in ("config", "catalog", "told"))
    settings = {"api_key": ECHOING, "api_url": small.url, "summary_file": str(summary)}
    config.write_text(json.dumps(settings))
    catalog.write_text(json.dumps(catalog_of("tags", "segments", "contacts", "contact_notes")))
    chosen = ["--catalog", str(catalog)] if command == "tap-intercom" else []
    tap = Started(
        [command, "--config", str(config), *chosen],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **LOUD},
    )
    try:
        out, err = tap.communicate(PATIENCE)
    finally:
        tap.kill()
    said = err.decode() if chosen else (out + err).decode()
    assert "Traceback" not in said
    assert "é 日本 ***" in said
    assert "pwned" in said
    assert {
        one for one in said if one != "\n" and category(one) in {"Cc", "Cf", "Zl", "Zp"}
    } == set()
    assert not any(line.startswith("INFO all is well") for line in said.splitlines())
    told = [said, *([summary.read_text()] if chosen else [])]
    packed = b64encode(f"Bearer {ECHOING}".encode()).decode()
    for text in told:
        assert [
            piece for piece in (ECHOING, ECHOING[:12], ECHOING[-12:], packed) if piece in text
        ] == []
    if chosen:
        assert json.loads(summary.read_text())["streams"]["contact_notes"]["lost"]


# Other hosts


class Trap:
    """Another host, which only listens."""

    def __init__(self, server: socket.socket) -> None:
        self.heard: list[bytes] = []
        self.url = f"http://127.0.0.1:{server.getsockname()[1]}"
        self._server = server
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                caller, _ = self._server.accept()
            except OSError:  # it is closed
                return
            with caller:
                self.heard.append(caller.recv(65_536))
                caller.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")


@contextmanager
def trap() -> Iterator[Trap]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        try:
            yield Trap(server)
        finally:
            server.shutdown(socket.SHUT_RDWR)  # to close it would not wake the one who listens


ASTRAY = ["demo-redirect", "demo-next-elsewhere", "demo-hostile-away"]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("token", ASTRAY)
def test_nothing_goes_to_another_host(token: str) -> None:
    with trap() as elsewhere, running(size=60, elsewhere=elsewhere.url) as sandbox:
        run = sync(sandbox, *NAMES, token=token, custom_object_types=["orders"])
        assert run.error is None or isinstance(run.error, RunError)
        assert sandbox.stats()["misfortunes"] > 0
        assert elsewhere.heard == []
        requests.get(elsewhere.url, timeout=60)
        assert len(elsewhere.heard) == 1, "the trap hears nothing at all"


# Ids

ODD_IDS = [
    "a/b",
    "a/../../me",
    "/",
    "../tags",
    "..%2F..%2Fme",
    "%2e%2e",
    "a?b=c&d",
    "a#b",
    "a b",
    "a;b,c",
    "a\\b",
    "\"'`$(x)<y>",
    "\n\r\t\x1b\x7f",
    "é 🧵 العربية \u2028",
    "x" * 3_000,
    "http://127.0.0.1:9/x",
    "//127.0.0.1:9/x",
    "@127.0.0.1:9",
    "{id}",
    "{0.__class__}",
    "%s",
    "...",
    "null",
    "0",
]
NEVER_ASKED_FOR = [".", "..", ""]


def odd(sandbox: Sandbox, ids: list[str]) -> None:
    """Give these ids to contacts, companies, tickets and conversations; these have one part."""
    now = int(sandbox.now())
    for resource in ("contacts", "companies", "tickets", "conversations"):
        record = sandbox.records(resource)[0]
        for number, one in enumerate(ids):
            at = now - 3_600 + number
            given = {**record, "id": one, "updated_at": at}
            if resource == "conversations":
                part = record["conversation_parts"]["conversation_parts"][0]
                given["conversation_parts"] = [{**part, "id": f"part-{number}"}]
            sandbox.put(resource, given)


def whole(row: dict[str, Any], key: str) -> str:
    """Give a key as it came, which may be too long for a database."""
    return str((row["_rescued_data"] or {}).get(key, row[key]))


def test_odd_ids_ask_for_nothing_outside_their_path_and_lose_nothing(small: Sandbox) -> None:
    odd(small, ODD_IDS)
    resources = ("contacts", "companies", "tickets", "conversations")
    known = {one["id"] for resource in resources for one in small.records(resource)}
    parents = {f"/{one}" for one in resources}
    small.reset()
    run = sync(small, *NAMES, custom_object_types=["orders"])
    assert run.error is None
    for resource in resources:
        found = sorted(whole(row, "id") for row in run.rows(resource))
        assert found == sorted(one["id"] for one in small.records(resource))
    parts = {whole(row, "conversation_id"): row["id"] for row in run.rows("conversation_parts")}
    assert {one: parts.get(one) for one in ODD_IDS} == {
        one: f"part-{number}" for number, one in enumerate(ODD_IDS)
    }
    called = {row["path"] for row in small.stats()["endpoints"]}
    assert "(unknown path)" not in called
    asked = set()
    for path in {one["path"] for one in small.log()}:
        _, resource, *rest = path.split("/")
        if f"/{resource}" in parents and rest and rest[0] not in {"search", "scroll", "list"}:
            asked.add(unquote(rest[0]))
            assert len(rest) <= 2
    assert asked - {"activities", "deleted", "attributes"} <= known
    assert {*ODD_IDS} <= asked


def test_ids_that_are_no_part_of_a_path_are_never_asked_for(
    small: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "tap-intercom")
    odd(small, NEVER_ASKED_FOR)
    small.reset()
    run = sync(small, "conversations", "conversation_parts", "contact_segments", "company_contacts")
    assert run.error is None
    assert {*NEVER_ASKED_FOR} <= set(run.ids("conversations"))
    paths = {one["path"] for one in small.log()}
    assert [one for one in paths if one.endswith("/") or "/." in one or "//" in one] == []
    assert {"/", "/contacts", "/companies", "/conversations"} & paths == set()
    assert {*NEVER_ASKED_FOR} & {
        row["conversation_id"] for row in run.rows("conversation_parts")
    } == set()
    said = [one.getMessage() for one in caplog.records if one.getMessage().startswith("Skipped 3 ")]
    assert len(said) == 3
