"""What came of each stream in a run?

How much was read and at what cost, and what is known to be missing. It is told at the end, also of
a run that failed or was stopped: a line a stream for people, and the same as JSON for machines.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_intercom.plain import Sentence, masked
from tap_intercom.records import times

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from logging import Logger

NOT_BEGUN, BEGUN, ENDED = "not begun", "begun", "ended"


class Shortfall(NamedTuple):
    """How many rows were read where Intercom says that there are more."""

    read: int
    said: int


class Gap(NamedTuple):
    """From when to when rows may be missing, which are the oldest, and what is known of them.

    `missing` is how many there are for certain; `kinds` names those of which some may be missing,
    where all other kinds are whole.
    """

    since: str | None
    until: str | None
    missing: int | None = None
    kinds: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say it in few words, as a hint where nothing is certain."""
        what = f"{self.missing:,}" if self.missing else "some may be"
        of = f" of {', '.join(self.kinds)}" if self.kinds else ""
        return f"{what} missing{of}, from {self.since or 'its beginning'} to {self.until}"


@dataclass
class Account:
    """What came of one stream: its records, its calls, and what it had to leave."""

    records: int = 0
    calls: int = 0
    retries: int = 0
    # For a permit of the rate limit, or for its window to turn after a 429. Calls wait side by
    # side, so this may be longer than the run.
    waited_seconds: float = 0.0
    # By their ids: parents that were gone when their rows were asked for, or that cannot be asked
    # about; those of which Intercom gives the newest rows only; those with fewer rows than it says.
    skipped: list[str] = field(default_factory=list)
    capped: dict[str, Gap] = field(default_factory=dict)
    short: dict[str, Shortfall] = field(default_factory=dict)
    # Whether a list moved each time that it was read.
    restless: bool = False
    # Parents whose rows could not be read, and why; and why the stream itself ended early.
    lost: dict[str, str] = field(default_factory=dict)
    left_out: str | None = None
    failed: str | None = None
    # What of it was refused where the rest was not, and why.
    refused: str | None = None
    progress: str = NOT_BEGUN
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def called(self, waited_seconds: float) -> None:
        """Note a call, and how long it waited for its permit. Calls are made on many threads."""
        with self._lock:
            self.calls += 1
            self.waited_seconds += waited_seconds

    def retried(self, waited_seconds: float) -> None:
        """Note that a call is made again, and how long the rate limit had it wait before."""
        with self._lock:
            self.retries += 1
            self.waited_seconds += waited_seconds

    def compare(self, name: str, read: int, said: Any) -> None:
        """Note it where Intercom says that there are more rows of something than it gave."""
        if type(said) is int and said > read:
            with self._lock:
                known = self.short.get(name, Shortfall(0, 0))
                self.short[name] = Shortfall(known.read + read, known.said + said)

    def tell_missing(self, logger: Logger, parents: str | None, cap: int | None) -> None:
        """Say once where Intercom gave less than it counts: of a stream, or of `parents`."""
        if self.restless:
            logger.warning(
                "The list moved each time that it was read, so something may be missing. What"
                " was read is kept, and no bookmark passes it: run again when less goes on."
            )
        if parents is None:
            for name, (read, said) in self.short.items():
                logger.warning("Intercom counts %d %s, and gave %d.", said, name, read)
            return
        parents = parents.replace("_", " ")
        if self.skipped:
            logger.info(
                "Skipped %d %s that were deleted after they were listed: %s",
                len(self.skipped),
                parents,
                named(self.skipped),
            )
        if self.lost:
            logger.warning(
                "Rows of these %s could not be read, and are asked for again in the next run: %s."
                " Why: %s",
                parents,
                named([*self.lost]),
                " ".join(_reasons(self.lost.values())),
            )
        if self.capped:
            logger.warning(
                "Intercom gives only the newest %d rows of these %s: %s",
                cap,
                parents,
                named([f"{name} ({gap})" for name, gap in self.capped.items()]),
            )
        if self.short:
            short = [f"{name} ({one.read} of {one.said})" for name, one in self.short.items()]
            logger.warning(
                "Intercom counts more rows than it gave of these %s: %s", parents, named(short)
            )

    @property
    def is_whole(self) -> bool:
        """Say whether nothing is missing, so that a target may remove what it was not given."""
        return not (self.incomplete or self.skipped)

    @property
    def incomplete(self) -> list[str]:
        """Say what is known to be missing, and why."""
        return [*self._unread(), *self._fewer()]

    def _unread(self) -> Iterator[str]:
        if self.left_out:
            yield "left out"
        elif self.failed:
            yield "failed"
        elif self.progress != ENDED:
            yield f"the run ended before it did ({self.progress})"
        if self.refused:
            yield "some of it was refused"
        if self.restless:
            yield "the list moved each time that it was read"

    def _fewer(self) -> Iterator[str]:
        if self.lost:
            yield f"{_counted(len(self.lost), 'parent')} whose rows could not be read"
        if self.capped:
            yield f"{_counted(len(self.capped), 'parent')} with as many rows as Intercom gives"
        if self.short:
            read, said = (sum(one[side] for one in dict(self.short).values()) for side in (0, 1))
            yield f"{read:,} read where Intercom counts {said:,}"

    def __str__(self) -> str:
        """Say it in a line."""
        parts = [f"{_counted(self.records, 'record')} in {_counted(self.calls, 'call')}"]
        if self.retries:
            parts.append(f"{self.retries:,} of them again")
        if self.waited_seconds >= 1:
            parts.append(f"waited {self.waited_seconds:,.0f} s for the rate limit")
        if self.skipped:
            parts.append(f"skipped {_counted(len(self.skipped), 'parent')}")
        parts += [f"incomplete: {missing}" for missing in self.incomplete]
        return "; ".join(parts)

    @property
    def summary(self) -> dict[str, Any]:
        """Say it as JSON."""
        return {
            "records": self.records,
            "calls": self.calls,
            "retries": self.retries,
            "waited_seconds": round(self.waited_seconds, 1),
            "skipped": self.skipped,
            "capped": {name: gap._asdict() for name, gap in dict(self.capped).items()},
            "short": {name: one._asdict() for name, one in dict(self.short).items()},
            "restless": self.restless,
            "lost": dict(self.lost),
            "left_out": self.left_out,
            "failed": self.failed,
            "refused": self.refused,
            "progress": self.progress,
            "incomplete": self.incomplete,
        }


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _reasons(problems: Iterable[str]) -> list[str]:
    """Give one of each kind, which may differ in Intercom's request id, and the number of each."""
    alike: dict[str, list[str]] = {}
    for problem in problems:
        alike.setdefault(problem.partition("[request id")[0], []).append(problem)
    return [f"{ones[-1]} ({len(ones):,} times)" for ones in alike.values()]


# More names than this make a line that nobody can read; `summary_file` has all of them.
MOST_NAMED = 100


def named(names: list[str]) -> str:
    """Name what a line is about, and say how many more there are."""
    more = len(names) - MOST_NAMED
    shown = ", ".join(sorted(names)[:MOST_NAMED])
    return f"{shown} and {more:,} more" if more > 0 else shown


class RunError(Sentence):
    """A run that cannot begin, or must not count as a success."""


class Audit:
    """The accounts of a run."""

    def __init__(self) -> None:
        """Begin with none."""
        self._accounts: dict[str, Account] = {}

    def account(self, stream: str) -> Account:
        """Give the account of a stream."""
        return self._accounts.setdefault(stream, Account())

    @property
    def left_out(self) -> dict[str, str]:
        """The streams that ended early, and why."""
        return {name: one.left_out for name, one in self._accounts.items() if one.left_out}

    @property
    def failed(self) -> list[str]:
        """The streams that failed."""
        return [name for name, one in self._accounts.items() if one.failed]

    def tell(self, streams: Iterable[str], logger: Logger) -> None:
        """Say what came of streams, in a line each, but for those that were not begun."""
        for name in streams:
            account = self.account(name)
            if account.progress != NOT_BEGUN:
                logger.info("%s: %s", name, account)

    def conclude(self, streams: Sequence[str], logger: Logger, *, is_strict: bool) -> None:
        """Say which streams were left out and why, and in one sentence how the run ended.

        Raises:
            RunError: Streams failed, or the user is strict and something is missing.
        """
        for name, reason in self.left_out.items():
            logger.warning("Left out %s: %s", name, reason)
        accounts = {name: self.account(name) for name in streams}
        for name, one in accounts.items():
            if one.refused:
                logger.warning("Left out of %s %s", name, one.refused)
        sentence = self.sentence(streams)
        is_short = self.left_out or any(one.lost or one.refused for one in accounts.values())
        if self.failed:
            raise RunError(f"{sentence} Run again: each goes on where it stopped.")
        if is_strict and is_short:
            raise RunError(f"{sentence} As strict is set, that is a failure.")
        logger.info("%s", sentence)

    def sentence(self, streams: Sequence[str]) -> str:
        """Say how many streams ended, failed, were left out or not begun, and what is to come."""
        accounts = {name: self.account(name) for name in streams}
        failed = [name for name, one in accounts.items() if one.failed]
        left_out = [name for name, one in accounts.items() if one.left_out]
        lost = [name for name, one in accounts.items() if one.lost]
        done = {*failed, *left_out}
        rest = [name for name in streams if name not in done]
        begun = [name for name in rest if accounts[name].progress == BEGUN]
        waiting = [name for name in rest if accounts[name].progress == NOT_BEGUN]
        ended = len(rest) - len(begun) - len(waiting)
        parts = [f"{_counted(ended, 'stream')} ended"]
        for names, what in (
            (failed, "failed"),
            (begun, "broke off"),
            (waiting, "not begun"),
            (left_out, "left out"),
        ):
            parts += [f"{len(names)} {what} ({named(names)})"] if names else []
        if lost:
            parts.append(f"some rows of {named(lost)} are asked for again in the next run")
        return "; ".join(parts) + "."

    def write(self, path: str, streams: Iterable[str], **run: Any) -> None:
        """Write as JSON what came of a run and of streams.

        Raises:
            RunError: It cannot be written there.
        """
        summaries = {name: self.account(name).summary for name in streams}
        summary = {
            **run,
            "written_at": times.text(datetime.now(times.UTC)),
            "incomplete": [name for name, one in summaries.items() if one["incomplete"]],
            "streams": summaries,
        }
        try:
            Path(path).write_text(masked(json.dumps(summary, indent=2)) + "\n", "utf-8")
        except OSError as error:
            msg = f"summary_file cannot be written: {error.strerror}."
            raise RunError(msg) from error
