"""What did the answers to a check look like, and which requests were refused?

Each answer is looked at as it arrives, and let go.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, defaultdict
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast

import requests

from tap_intercom.api.address import REGIONS
from tap_intercom.api.bodies import Garbled, at, decode
from tap_intercom.api.errors import ANSWER, Failure
from tap_intercom.api.paginators import next_request
from tap_intercom.likeness import words
from tap_intercom.likeness.fields import UNDECLARED, Fields, around
from tap_intercom.records import schema, times
from tap_intercom.shapes.children import Explode
from tap_intercom.shapes.exports import Export
from tap_intercom.shapes.fan_out import FanOut
from tap_intercom.shapes.lists import Singleton

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_intercom.api.bodies import Body, Record
    from tap_intercom.api.client import Rules
    from tap_intercom.api.paginators import Request
    from tap_intercom.shapes.probes import Finding
    from tap_intercom.shapes.shape import Shape
    from tap_intercom.tap import TapIntercom

ABOUT = (
    "What Intercom's answers look like, without a value of the workspace's: nothing in here was in"
    " one but Intercom's own names. A * stands for names that users gave."
)

# So many parents of a child are asked about: their rows may look different.
PARENTS = 3
MOST_COUNTS = 10
WIDTH = 100
# Larger is no rate limit, and no difference between clocks.
MOST_TOLD = 10**9
FIRST_ERROR = requests.codes.multiple_choices


class Likeness:
    """What the answers for one stream look like."""

    def __init__(self, stream: Shape) -> None:
        """Begin with none."""
        self._stream = stream
        self._is_export = isinstance(stream, Export)
        # As described, not as a setting has it: the names of custom attributes are users'.
        declared = UNDECLARED if self._is_export else schema.stream_schema(stream.component)
        self.fields = Fields(declared)
        self.around = Fields(around())
        self.answers = 0
        self.rows = 0
        self.unreadable = 0
        # How many rows there were, how many Intercom said there are, and whether these are all.
        self.counts: Counter[tuple[int, int, bool]] = Counter()

    def see(self, request: Request, body: Body) -> list[Record]:
        """Look at what an answer holds, and give the rows in it."""
        self.answers += 1
        stream = self._stream
        if self._is_export:
            self.around.add(body if isinstance(body, dict) else {})
            return []
        try:
            rows = stream.dig(body)
        except Garbled:
            self.unreadable += 1
            return []
        self.see_rows(rows, stream.said(body), is_all=next_request(request, body) is None)
        if isinstance(body, dict) and stream.records and not isinstance(stream, Singleton):
            self.around.add(_without(body, stream.records))
        return rows

    def see_rows(self, rows: list[Record], total: Any, *, is_all: bool) -> None:
        """Look at rows, and at how many Intercom said there are."""
        self.rows += len(rows)
        if type(total) is int:
            self.counts[len(rows), total, is_all] += 1
        for row in rows:
            self.fields.add(self._stream.kept(row) if isinstance(self._stream, FanOut) else row)

    def differences(self) -> Iterator[str]:
        """Say what is not as the tap expects."""
        if self.unreadable:
            yield f"no list of records where it should be, {often(self.unreadable)}"
        for path, found in self.fields.differences():
            for (came, declared), number in sorted(found.against.items()):
                expected = f"where {declared} is declared" if declared else "is not declared"
                yield f"{path}: {came} {expected}, {often(number)}"
        for (rows, total, is_all), times_seen in sorted(self.counts.items()):
            if is_all and rows != total:
                yield f"{rows} records where Intercom says {total}, {often(times_seen)}"

    def shown(self) -> dict[str, Any]:
        """What was seen, as JSON."""
        differ = {one for one in self.counts if one[2] and one[0] != one[1]}
        told = sorted(self.counts.items(), key=lambda one: (one[0] not in differ, one))
        return {
            "answers": self.answers,
            "rows": self.rows,
            "counts": [
                {"rows": rows, "said": total, "is_all": is_all, "times": times_seen}
                for (rows, total, is_all), times_seen in told[:MOST_COUNTS]
            ],
            "fields": self.fields.shown(),
            "never": self.fields.never() if self.rows else [],
            "around": self.around.shown(),
        }


class Answers:
    """What all answers look like."""

    def __init__(self, tap: TapIntercom) -> None:
        """Look at whatever the tap is answered from now on."""
        self._tap = tap
        self._lock = threading.Lock()
        self._streams = cast("Mapping[str, Shape]", tap.streams)
        self._seen: dict[str, Likeness] = {}
        self._failed: Counter[tuple[str, int, str]] = Counter()
        self._limits: defaultdict[str, Counter[int]] = defaultdict(Counter)
        tap.run.client.heard = self.hear

    def hear(self, request: Request, rules: Rules, answer: requests.Response | Failure) -> None:
        """Look at what came of a request, whichever thread sent it."""
        with self._lock:
            if isinstance(answer, Failure):
                self._failed[rules.stream, 0, answer.kind] += 1
                return
            self._tell_limits(answer.headers)
            if answer.status_code >= FIRST_ERROR:
                self._refused(rules.stream, Failure.of_answer(answer))
                return
            try:
                body = decode(answer)
                rows = self._likeness(rules.stream).see(request, body)
                self._look_inside(rules.stream, rows)
            except Garbled:
                self._failed[rules.stream, answer.status_code, "not JSON"] += 1
            except RecursionError:
                self._failed[rules.stream, answer.status_code, "nested too deeply"] += 1

    def _likeness(self, name: str) -> Likeness:
        return self._seen.setdefault(name, Likeness(self._streams[name]))

    def _look_inside(self, name: str, rows: list[Record]) -> None:
        """Look at the rows of streams for which no request is made, as they lie in these."""
        parent = type(self._streams[name])
        for stream in self._streams.values():
            if isinstance(stream, Explode) and stream.of is parent and stream.is_available:
                for row in rows:
                    if isinstance(at(stream.records, row), list):
                        likeness = self._likeness(stream.name)
                        likeness.see_rows(stream.dig(row), stream.said(row), is_all=True)

    def _refused(self, stream: str, failure: Failure) -> None:
        codes = {
            code if words.is_spelled_like_intercoms(code) else words.ANY for code in failure.codes
        }
        said = ", ".join(sorted(codes)) if failure.kind == ANSWER else "not from Intercom's API"
        self._failed[stream, failure.status or 0, said] += 1

    def _tell_limits(self, headers: Mapping[str, str]) -> None:
        def tell(name: str, number: float) -> None:
            if abs(number) < MOST_TOLD:
                self._limits[name][round(number)] += 1

        for name in ("Limit", "Remaining"):
            with suppress(KeyError, ValueError):
                tell(name.lower(), float(headers[f"X-RateLimit-{name}"]))
        with suppress(KeyError, ValueError):
            date = times.http_date(headers["Date"]).timestamp()
            tell("clock_ahead_seconds", date - time.time())
            tell("reset_after_seconds", float(headers["X-RateLimit-Reset"]) - date)

    def shown(self, me: Body, findings: Iterable[Finding]) -> dict[str, Any]:
        """What was seen, and what a check found, as JSON."""
        streams = {}
        for one in findings:
            seen = self._seen.get(one.stream)
            streams[one.stream] = {"access": one.access, **(seen.shown() if seen else {})}
        settings = self._tap.config
        region = str(at("app.region", me) or "").lower()
        return {
            "about": ABOUT,
            "version": version("tap-intercom"),
            "api_version": settings["api_version"],
            "region": region if region in REGIONS else None,
            "date": time.strftime("%Y-%m-%d", time.gmtime()),
            "differences": list(self.differences()),
            "refused": self.refused(),
            "rate_limit": {
                name: {"least": min(seen), "most": max(seen), "answers": seen.total()}
                for name, seen in sorted(self._limits.items())
            },
            "streams": dict(sorted(streams.items())),
        }

    def differences(self) -> Iterator[str]:
        """Say of each stream what is not as the tap expects, a line each."""
        for name, seen in sorted(self._seen.items()):
            yield from (f"{name}: {one}" for one in seen.differences())

    def refused(self) -> list[dict[str, Any]]:
        """Give the requests that did not bring what was asked for, and in which way."""
        return [
            {"stream": stream, "status": status or None, "said": said, "times": number}
            for (stream, status, said), number in sorted(self._failed.items())
        ]


def _without(body: Record, paths: str) -> Record:
    """Leave out of an answer what lies at the first of several paths that leads to something."""
    for path in paths.split("|"):
        outer, _, name = path.rpartition(".")
        holder = at(outer, body) if outer else body
        if isinstance(holder, dict) and holder.get(name) is not None:
            del holder[name]
            return body
    return body


def often(number: int) -> str:
    """Say how often something was."""
    return "once" if number == 1 else f"{number:,} times"


def written(shown: Any, margin: str = "") -> str:
    """Write JSON for people to look through: what fits into a line in one line."""
    line = json.dumps(shown)
    if len(margin) + len(line) <= WIDTH or not isinstance(shown, (dict, list)):
        return line
    inner = margin + "  "
    if isinstance(shown, list):
        begin, end = "[]"
        items = [written(one, inner) for one in shown]
    else:
        begin, end = "{}"
        items = [f"{json.dumps(name)}: {written(one, inner)}" for name, one in shown.items()]
    return begin + ",".join(f"\n{inner}{one}" for one in items) + f"\n{margin}{end}"
