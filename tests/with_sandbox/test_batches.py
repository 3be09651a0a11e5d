"""Records that go to files: each in a file that a message names, and no STATE ahead of these."""

from __future__ import annotations

import gzip
import json
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from answering import answer
from intercom import DAY, STARTED, Asked, Intercom, synced
from program import PATIENCE, Program
from runs import CUSTOM_OBJECT_TYPES, NAMES, Run, catalog_of, latest, sync
from thorough import the_first_of

from tap_intercom.records import times
from tap_intercom.sandbox import running
from tap_intercom.shapes.shape import Shape
from tap_intercom.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_intercom.sandbox import Sandbox

    Rows = dict[tuple[str, str], dict[str, Any]]

INCREMENTAL = {stream.name: stream.replication_key for stream in STREAMS if stream.replication_key}


def to_files(folder: Path, size: int = 7, **encoding: str) -> dict[str, Any]:
    """The settings that have records go to files."""
    return {
        "batch_config": {
            "encoding": {"format": "jsonl", "compression": "gzip", **encoding},
            "storage": {"root": folder.as_uri(), "prefix": "part-"},
            "batch_size": size,
        }
    }


def in_lines(run: Run) -> Run:
    """The same run, with records where a message names the files that hold them."""
    messages: list[dict[str, Any]] = []
    for one in run.messages:
        messages += records(one) if one["type"] == "BATCH" else [one]
    return Run(messages, run.error, run.left_out, run.failed)


def records(batch: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of the files that a message names."""
    found = []
    for address in batch["manifest"]:
        content = Path(url2pathname(urlsplit(address).path)).read_bytes()
        if batch["encoding"].get("compression") == "gzip":
            content = gzip.decompress(content)
        found += [
            {"type": "RECORD", "stream": batch["stream"], "record": json.loads(line)}
            for line in content.splitlines()
        ]
    return found


@pytest.fixture(scope="module")
def small() -> Iterator[Sandbox]:
    with running(size=60, scroll_expiry=0.3) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def told(small: Sandbox) -> Run:
    """What a run writes as lines."""
    run = sync(small, *NAMES, custom_object_types=CUSTOM_OBJECT_TYPES)
    assert run.error is None
    return run


@pytest.fixture
def batched(small: Sandbox, tmp_path: Path) -> Callable[..., Run]:
    """Run the tap with files, and see what is in them."""

    def run(*streams: str, size: int = 7, state: Any = None, **settings: Any) -> Run:
        settings = {**to_files(tmp_path / "files", size), **settings}
        return in_lines(sync(small, *streams, state=state, **settings))

    return run


@pytest.fixture(scope="module")
def everything(small: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """What a run of all streams writes, its files unread."""
    return sync(
        small,
        *NAMES,
        custom_object_types=CUSTOM_OBJECT_TYPES,
        emit_activate_version_messages=True,
        page_size=5,
        **to_files(tmp_path_factory.mktemp("files")),
    )


# What is in the files


def test_every_record_is_in_a_file(everything: Run, told: Run) -> None:
    assert everything.error is None
    run = in_lines(everything)
    assert run.counts == told.counts
    whole = {stream for stream, row in run.records if row.pop("_sdc_table_version", None)}
    assert whole == {*told.counts} - {*INCREMENTAL}
    assert latest(run) == latest(told)
    assert run.state["bookmarks"].keys() == told.state["bookmarks"].keys()


@pytest.mark.parametrize("compression", ["gzip", "none", None])
def test_files_are_compressed_as_the_message_says(
    small: Sandbox, told: Run, tmp_path: Path, compression: str | None
) -> None:
    settings = to_files(tmp_path)
    if compression:
        settings["batch_config"]["encoding"]["compression"] = compression
    else:
        del settings["batch_config"]["encoding"]["compression"]
    run = sync(small, "tags", **settings)
    [*_, batch] = [one for one in run.messages if one["type"] == "BATCH"]
    assert batch["encoding"] == {"format": "jsonl", "compression": compression or "gzip"}
    assert in_lines(run).rows("tags") == told.rows("tags")
    assert all(one.name.startswith("part-tap-intercom--tags-") for one in tmp_path.iterdir())


def test_no_file_has_more_records_than_it_may(small: Sandbox, tmp_path: Path) -> None:
    run = sync(small, "contacts", **to_files(tmp_path, 25))
    sizes = [len(records(one)) for one in run.messages if one["type"] == "BATCH"]
    assert sizes == [25, 25, 10]
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    "settings",
    [
        {"stream_maps": {"contacts": {"email": "md5(id)", "name": None}}},
        {"stream_maps": {"contacts": {"__filter__": "email is None"}}},
        {"stream_maps": {"contacts": {"__alias__": "people"}}},
        {"stream_maps": {"contacts": None}},
        {"stream_maps": {"emails_of": {"__source__": "contacts", "email": None}}},
        {"flattening_enabled": True, "flattening_max_depth": 2},
    ],
    ids=["map", "filter", "alias", "nothing", "two streams", "flattening"],
)
def test_what_is_done_to_lines_is_done_to_files(
    small: Sandbox, batched: Callable[..., Run], settings: dict[str, Any]
) -> None:
    lines = sync(small, "contacts", "tags", **settings)
    files = batched("contacts", "tags", **settings)
    assert files.in_any_order == lines.in_any_order
    assert files.schemas.keys() == lines.schemas.keys()
    assert files.state == lines.state


def test_a_field_that_is_not_selected_is_in_no_file(
    batched: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = catalog_of("contacts")
    for entry in catalog["streams"][0]["metadata"]:
        if tuple(entry["breadcrumb"]) == ("properties", "email"):
            entry["metadata"]["selected"] = False
    monkeypatch.setattr("runs.catalog_of", lambda *_: catalog)
    rows = batched("contacts").rows("contacts")
    assert rows
    assert all("email" not in row for row in rows)


# The order of messages


def test_the_end_of_a_table_is_told_after_its_last_file(everything: Run) -> None:
    for stream in STREAMS:
        of_it = [one for one in everything.messages if one.get("stream") == stream.name]
        kinds = [one["type"] for one in of_it]
        whole = not stream.replication_key
        assert kinds.count("ACTIVATE_VERSION") == whole, stream.name
        assert (kinds[-1] == "ACTIVATE_VERSION") == whole, stream.name
        versions = {one.get("version") for one in of_it[1:]}
        assert len(versions) <= 1, stream.name
        assert (None in versions) == (bool(versions) and not whole), stream.name


def not_ahead(run: Run) -> set[str]:
    """See that at each STATE all that changed up to a bookmark is in files named before it.

    Give the streams whose bookmarks have moved.
    """
    named: Counter[str] = Counter()
    moved = set()
    moments = {
        stream: [row[key] for row in run.rows(stream)] for stream, key in INCREMENTAL.items()
    }
    for message in run.messages:
        if message["type"] == "RECORD":
            named[message["stream"]] += 1
        if message["type"] == "STATE":
            for stream, bookmark in message["value"]["bookmarks"].items():
                if value := bookmark.get("replication_key_value"):
                    moved.add(stream)
                    to_come = moments[stream][named[stream] :]
                    assert not [one for one in to_come if one and one < value], stream
    return moved


def test_no_state_runs_ahead_of_what_was_named(everything: Run, told: Run) -> None:
    moved = not_ahead(in_lines(everything))
    assert moved == set(told.state["bookmarks"]) & set(INCREMENTAL)
    assert len({json.dumps(one) for one in everything.states}) >= len(INCREMENTAL) / 2


@pytest.mark.parametrize("page_size", [1, 4, 150])
@pytest.mark.parametrize("size", [1, 3, 25, 10_000])
def test_nor_does_it_however_large_pages_and_files_are(
    batched: Callable[..., Run], size: int, page_size: int
) -> None:
    run = batched("contacts", "tickets", "contact_notes", size=size, page_size=page_size)
    assert not_ahead(run) == {"contacts", "tickets", "contact_notes"}


# Whenever a run ends


@pytest.mark.parametrize("stop", [0, 1, 3, 10, 33, 59])
def test_what_fails_between_two_files_is_not_counted(
    batched: Callable[..., Run], told: Run, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    """A mistake of the tap's own ends a stream in the middle of a page, and so of a file."""
    write = Shape.post_process
    left = iter(range(stop))

    def mistaken(self: Shape, row: dict[str, Any], context: Any = None) -> dict[str, Any]:
        if self.name == "contacts":
            next(left)
        return write(self, row, context)

    with monkeypatch.context() as patched:
        patched.setattr(Shape, "post_process", mistaken)
        first = batched("contacts", "tags", page_size=3)
    assert "contacts" in first.failed
    second = batched("contacts", "tags", state=first.states[-1] if first.states else None)
    expected = {key for key in latest(told) if key[0] in {"contacts", "tags"}}
    assert latest(first, second).keys() == expected


@pytest.mark.parametrize("token", ["demo-flaky", "demo-poison", "demo-no-permission-contacts"])
def test_what_intercom_does_not_give_is_asked_for_again(
    batched: Callable[..., Run], token: str
) -> None:
    """Files and lines have the same, also of streams that have a second turn."""
    streams = ("contact_notes", "contact_segments", "conversation_parts")
    run = batched(*streams, token=token)
    again = batched(*streams, state=run.state if run.states else None)
    whole = batched(*streams)
    assert latest(run, again).keys() == latest(whole).keys()


def test_a_storage_that_takes_nothing_ends_the_run_with_a_sentence(
    small: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    run = sync(small, "contacts", "tags", **to_files(tmp_path / "file"))
    assert "A batch of contacts cannot be written to the storage" in str(run.error)
    assert not any(state.get("bookmarks", {}).get("contacts") for state in run.states)


# A run that is ended from outside


class Ended:
    """A run of the program, its files, and the one after it."""

    def __init__(self, sandbox: Sandbox, folder: Path, **settings: Any) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.settings = {**to_files(folder / "files", 9), **settings}

    def union(self, end: Callable[[Program], None], *, really: bool = False) -> Rows:
        """End a run, and give what it and the next one have named."""
        tap = Program.start(
            self.sandbox, self.folder, streams=STOPPED, really=really, **self.settings
        )
        end(tap)
        run = in_lines(tap.run)
        if run.messages and run.messages[-1]["type"] != "STATE":
            assert tap.process.returncode not in {130, 143} or not run.states
        state = run.states[-1] if run.states else None
        after = in_lines(sync(self.sandbox, *STOPPED, state=state, **self.settings))
        assert after.error is None
        return latest(run, after)


STOPPED = [
    "companies",
    "contact_notes",
    "contacts",
    "conversation_parts",
    "conversations",
    "tickets",
]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("seed", the_first_of(*range(8)))
def test_a_run_may_be_ended_while_files_are_written(
    small: Sandbox, told: Run, tmp_path: Path, seed: int, number: signal.Signals
) -> None:
    expected = {key for key in latest(told) if key[0] in STOPPED}
    dice = random.Random(f"{seed} {number}")
    for turn in range(3):

        def end(tap: Program) -> None:
            tap.read(dice.randrange(1, 60))
            time.sleep(dice.choice((0, 0, 0.02)))
            tap.end_by(number)

        ended = Ended(small, tmp_path / str(turn), page_size=dice.choice((2, 5, 150)))
        assert ended.union(end, really=turn == 0).keys() == expected


def test_a_target_that_dies_leaves_no_state_ahead(
    small: Sandbox, told: Run, tmp_path: Path
) -> None:
    def end(tap: Program) -> None:
        tap.read(12)
        tap.stop_reading()
        tap.process.wait(PATIENCE)

    expected = {key for key in latest(told) if key[0] in STOPPED}
    assert Ended(small, tmp_path, page_size=3).union(end).keys() == expected


# A second turn


def done_with(state: dict[str, Any], parents: list[dict[str, Any]]) -> set[str]:
    """Whose notes the next run does not ask for."""
    bookmark = state.get("bookmarks", {}).get("contact_notes", {})
    kept = {one["id"] for one in bookmark.get("failed", [])}
    reached = bookmark.get("replication_key_value", "")
    return {one["id"] for one in parents if times.canonical(one["updated_at"]) < reached} - kept


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_rows_of_a_second_turn_are_in_files_before_their_parent_is_let_go(
    tmp_path: Path, size: int
) -> None:
    """At each STATE, a parent that the bookmark has passed has its rows named, or is kept."""
    failing = "2"
    tries = iter(range(9))

    def rows(asked: Asked) -> Any:
        name = asked.path.split("/")[2]
        if name == failing and next(tries) < 3:
            return answer(500, {})
        return {"data": [{"id": f"{name}{one}", "created_at": STARTED - DAY} for one in "abc"]}

    parents = [{"id": str(one), "updated_at": STARTED - (9 - one) * DAY} for one in range(1, 7)]
    intercom = Intercom().put("/contacts/search", {"data": parents})
    for one in parents:
        intercom.put(f"/contacts/{one['id']}/notes", rows)
    run = in_lines(synced(intercom, "contact_notes", **to_files(tmp_path, size)))
    assert run.error is None
    named: set[str] = set()
    for message in run.messages:
        if message["type"] == "RECORD":
            named.add(message["record"]["id"])
        if message["type"] == "STATE":
            done = done_with(message["value"], parents)
            assert {f"{one}{row}" for one in done for row in "abc"} <= named
    assert named == {f"{one['id']}{row}" for one in parents for row in "abc"}
    assert run.state["bookmarks"]["contact_notes"]["failed"] == []
    assert run.ids("contact_notes")[-3:] == ["2a", "2b", "2c"]
