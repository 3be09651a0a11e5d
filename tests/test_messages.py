"""Lines leave whole, whatever signal comes, and a target that has gone is named."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TextIO

import pytest
from click import ClickException
from singer_sdk.singerlib.encoding.simple import RecordMessage, StateMessage

from tap_intercom import ending
from tap_intercom.ending import TargetGone
from tap_intercom.messages import BLOCK_BYTES, WholeLineWriter
from tap_intercom.streams.workspace import Tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Buffer

    from tap_intercom.tap import TapIntercom

RECORD = RecordMessage(stream="tags", record={"id": "1", "name": "ünï"})
STATE = StateMessage(value={"bookmarks": {}})


class Output(io.BytesIO):
    """Standard output with something happening in the middle of its first line."""

    def __init__(self, happening: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.happening: list[Callable[[], None]] = [happening]

    @property
    def buffer(self) -> Output:
        return self

    def write(self, text: Buffer) -> int:
        lines = bytes(text)
        half = len(lines) // 2
        super().write(lines[:half])
        while self.happening:
            self.happening.pop()()
        return half + super().write(lines[half:])

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    @property
    def types(self) -> list[str]:
        return [line["type"] for line in self.lines]


@pytest.fixture
def writer() -> WholeLineWriter:
    return WholeLineWriter()


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Output]:
    def make(happening: Callable[[], None] = lambda: None) -> Output:
        made = Output(happening)
        monkeypatch.setattr(sys, "stdout", made)
        return made

    return make


def test_a_message_is_one_line(writer: WholeLineWriter, output: Callable[..., Output]) -> None:
    written = output()
    writer.write_message(RECORD)
    writer.flush()
    [line] = written.lines
    assert line["record"] == {"id": "1", "name": "ünï"}
    assert written.getvalue().endswith(b"\n")


def test_between_lines_an_action_runs_at_once(writer: WholeLineWriter) -> None:
    done: list[str] = []
    writer.between_lines(lambda: done.append("now"))
    assert done == ["now"]


def test_in_mid_line_an_action_waits_for_the_end_of_the_line(
    writer: WholeLineWriter, output: Callable[..., Output]
) -> None:
    written = output(lambda: writer.between_lines(lambda: writer.write_message(STATE)))
    writer.write_message(RECORD)
    assert written.types == ["RECORD", "STATE"]


def test_an_action_runs_once(writer: WholeLineWriter, output: Callable[..., Output]) -> None:
    done: list[str] = []
    output(lambda: writer.between_lines(lambda: done.append("once")))
    for _ in range(3):
        writer.write_message(RECORD)
    assert done == ["once"]


def test_an_action_that_asks_for_another_in_its_own_line_gets_it_after(
    writer: WholeLineWriter, output: Callable[..., Output]
) -> None:
    done: list[str] = []
    written = output()

    def second() -> None:
        done.append(written.types[-1])

    def first() -> None:
        written.happening.append(lambda: writer.between_lines(second))
        writer.write_message(STATE)

    written.happening[:] = [lambda: writer.between_lines(first)]
    writer.write_message(RECORD)
    assert written.types == ["RECORD", "STATE"]
    assert done == ["STATE"]


def test_what_an_action_raises_ends_the_run(
    writer: WholeLineWriter, output: Callable[..., Output]
) -> None:
    def leave() -> None:
        raise SystemExit(143)

    written = output(lambda: writer.between_lines(leave))
    with pytest.raises(SystemExit, match="143"):
        writer.write_message(RECORD)
    assert written.types == ["RECORD"]


def test_after_a_line_that_failed_actions_run_at_once(
    writer: WholeLineWriter, output: Callable[..., Output]
) -> None:
    def fail() -> None:
        raise OSError

    output(fail)
    with pytest.raises(OSError):  # noqa: PT011  it carries no message
        writer.write_message(RECORD)
    done: list[str] = []
    writer.between_lines(lambda: done.append("now"))
    assert done == ["now"]


# A signal that comes to the tap itself

CONTACTS = {"replication_key": "updated_at", "replication_key_value": "2026-06-01T12:00:00+00:00"}


@pytest.fixture
def tap(tap: TapIntercom, monkeypatch: pytest.MonkeyPatch) -> TapIntercom:
    """A tap that has come somewhere, and that takes its leave where a test can see it."""

    def leave(code: int) -> None:
        raise SystemExit(code)

    monkeypatch.setattr(os, "_exit", leave)
    tap.load_state({"bookmarks": {"contacts": CONTACTS}})
    return tap


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_in_mid_line_ends_the_run_after_line_and_state(
    tap: TapIntercom, output: Callable[..., Output], number: signal.Signals, code: int
) -> None:
    written = output(lambda: signal.raise_signal(number))
    with pytest.raises(SystemExit) as ended:
        tap.message_writer.write_message(RECORD)
    assert ended.value.code == code
    assert written.types == ["RECORD", "STATE"]
    assert CONTACTS in written.lines[-1]["value"]["bookmarks"].values()


def test_a_second_signal_does_not_cut_the_last_line_short(
    tap: TapIntercom, output: Callable[..., Output]
) -> None:
    assert tap.state
    written = output()
    # The second comes while the STATE is being written that the first has asked for.
    written.happening[:] = [lambda: signal.raise_signal(signal.SIGINT)]
    with pytest.raises(SystemExit) as ended:
        signal.raise_signal(signal.SIGTERM)
    assert ended.value.code == 143
    assert written.types == ["STATE"]


def test_a_signal_when_nobody_reads_still_gives_its_exit_code(
    tap: TapIntercom, closed_pipe: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tap.state
    monkeypatch.setattr(sys, "stdout", closed_pipe)
    with pytest.raises(SystemExit) as ended:
        signal.raise_signal(signal.SIGTERM)
    assert ended.value.code == 143


# A target that has gone


@pytest.fixture
def closed_pipe() -> Iterator[TextIO]:
    """A pipe that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    with io.TextIOWrapper(io.BufferedWriter(ending.Output(writing, "wb"))) as pipe:
        yield pipe


def test_a_target_that_has_gone_is_named(
    writer: WholeLineWriter, closed_pipe: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", closed_pipe)
    with pytest.raises(TargetGone, match="target ended"):
        writer.write_message(RECORD)
    # Nothing is left over that would raise once more when Python ends.
    closed_pipe.flush()


def test_a_target_that_has_gone_is_told_without_a_traceback() -> None:
    assert issubclass(TargetGone, ClickException)


# Records, on the short way


def plain(tap: TapIntercom) -> Tags:
    stream = Tags(tap, tap.run)
    stream.extracted(datetime(2026, 6, 1, 12, tzinfo=timezone.utc))
    return stream


def write(stream: Tags, **record: Any) -> None:
    stream._write_record_message(record)  # noqa: SLF001  as the SDK calls it


def test_a_record_is_a_line_that_waits_for_others(
    tap: TapIntercom, output: Callable[..., Output]
) -> None:
    written, stream = output(), plain(tap)
    write(stream, id="1", name="ünï")
    assert written.getvalue() == b""
    stream.message_writer.flush()
    assert written.lines == [
        {
            "type": "RECORD",
            "stream": "tags",
            "record": {"id": "1", "name": "ünï"},
            "time_extracted": "2026-06-01T12:00:00+00:00",
        }
    ]


def test_what_waits_leaves_before_any_other_message(
    tap: TapIntercom, output: Callable[..., Output]
) -> None:
    written, stream = output(), plain(tap)
    write(stream, id="1")
    assert written.types == []
    tap.write_message(STATE)
    assert written.types == ["RECORD", "STATE"]


def test_what_waits_leaves_when_there_is_much_of_it(
    tap: TapIntercom, output: Callable[..., Output]
) -> None:
    written, stream = output(), plain(tap)
    for _ in range(BLOCK_BYTES // 1_000):
        write(stream, id="x" * 1_000)
    assert len(written.getvalue()) >= BLOCK_BYTES
    assert written.getvalue().endswith(b"\n")


def test_what_is_taken_in_parts_leaves_whole(
    tap: TapIntercom, output: Callable[..., Output], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As standard output does with PYTHONUNBUFFERED, when a signal interrupts it."""
    written, stream = output(), plain(tap)
    whole = io.BytesIO.write
    monkeypatch.setattr(Output, "write", lambda self, text: whole(self, bytes(text)[:7]))
    write(stream, id="1")
    stream.message_writer.flush()
    assert written.types == ["RECORD"]
    assert written.getvalue().endswith(b"\n")


def test_a_record_that_cannot_be_written_leaves_no_half_line(
    tap: TapIntercom, output: Callable[..., Output]
) -> None:
    written, stream = output(), plain(tap)
    write(stream, id="1")
    with pytest.raises(UnicodeEncodeError):
        write(stream, id="2", name="\ud800")
    write(stream, id="3")
    stream.message_writer.flush()
    assert [line["record"]["id"] for line in written.lines] == ["1", "3"]


def test_a_signal_in_the_midst_of_a_record_waits_for_its_line(
    tap: TapIntercom, output: Callable[..., Output]
) -> None:
    written = output()

    stream = plain(tap)
    write(stream, id="1")
    with pytest.raises(SystemExit) as ended:
        write(stream, id="2", custom_attributes=Hooked())
    assert ended.value.code == 143
    assert written.types == ["RECORD", "RECORD", "STATE"]


class Hooked:
    """A value that is written by a function, in which a signal comes."""

    def __str__(self) -> str:
        signal.raise_signal(signal.SIGTERM)
        return "written"


def test_versions_are_told_as_the_sdk_does(tap: TapIntercom, output: Callable[..., Output]) -> None:
    written, stream = output(), plain(tap)
    stream._stream_version = 1780315200  # noqa: SLF001  as the SDK sets it
    stream.extracted(datetime(2026, 6, 1, 12, tzinfo=timezone.utc))
    write(stream, id="1")
    stream.message_writer.flush()
    assert written.lines[0]["version"] == 1780315200


def test_a_target_that_has_gone_is_named_for_records_too(
    tap: TapIntercom, closed_pipe: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", closed_pipe)
    stream = plain(tap)
    write(stream, id="1")
    with pytest.raises(TargetGone):
        stream.message_writer.flush()
    closed_pipe.flush()
