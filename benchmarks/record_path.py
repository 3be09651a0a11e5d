"""What does a record cost, from the bytes of a page to the bytes of a line?

Pages are fetched first, so that no network is in it. Then one process, on one core, takes turns:
it decodes each page and encodes its records again, and does nothing else (the bound); it does what
the tap does with a record, with and without the SDK's loop around it; and it goes the SDK's own
way, as the tap does where a stream map, flattening or a deselected field is in play.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import urllib.request
from datetime import datetime, timezone
from statistics import median
from typing import TYPE_CHECKING, Any

import msgspec
from serving import Served, served

from tap_intercom.shapes.shape import Page, Shape
from tap_intercom.tap import TapIntercom, rarely_collecting

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

Json = dict[str, Any]

STREAMS = ("contacts", "conversations", "tickets")


def record_path(options: argparse.Namespace) -> Json:
    """What does a record cost beside its page being decoded and encoded again, and nothing else?"""
    with served(options.size) as sandbox:
        tap = TapIntercom(config={"api_key": "demo", "api_url": sandbox.url})
        streams = {name: stream for name, stream in tap.streams.items() if name in STREAMS}
        results = {
            name: compared(stream, list(pages(sandbox, stream)), options.runs)
            for name, stream in streams.items()
            if isinstance(stream, Shape)
        }
    return {"streams": STREAMS, "left_out": {}, "results": results}


def pages(sandbox: Served, stream: Shape) -> Iterator[bytes]:
    """Fetch the pages of a search as they come over the wire."""
    after: str | None = None
    while True:
        query = {"field": "updated_at", "operator": ">", "value": 0}
        place = {"per_page": 150, **({"starting_after": after} if after else {})}
        asked = urllib.request.Request(  # noqa: S310
            sandbox.url + stream.path,
            data=json.dumps({"query": query, "pagination": place}).encode(),
            headers={"Authorization": "Bearer demo", "Intercom-Version": "2.17"},
        )
        with urllib.request.urlopen(asked) as answer:  # noqa: S310
            body = answer.read()
        yield body
        after = (json.loads(body)["pages"].get("next") or {}).get("starting_after")
        if after is None:
            return


def compared(stream: Shape, bodies: list[bytes], runs: int) -> Json:
    """Measure all ways, in turns."""
    ways = {
        "bound": lambda: encoded(stream, bodies),
        "looked_at": lambda: looked_at(stream, bodies),
        "alone": lambda: written(stream, bodies),
        "tap": lambda: messages(stream, bodies, are_plain=True),
        "sdk": lambda: messages(stream, bodies, are_plain=False),
    }
    count = sum(len(found(stream, body)) for body in bodies)
    return {
        "records": count,
        "bytes_per_record": round(sum(map(len, bodies)) / count),
        **timed(ways, runs, count),
    }


def found(stream: Shape, body: bytes) -> list[Json]:
    """Decode a page, and find its records."""
    return stream.dig(msgspec.json.decode(body))


def encoded(stream: Shape, bodies: list[bytes]) -> None:
    """Decode and encode, and nothing else."""
    for body in bodies:
        for record in found(stream, body):
            msgspec.json.encode(record)


def looked_at(stream: Shape, bodies: list[bytes]) -> None:
    """Decode, and make each record fit its schema."""
    for body in bodies:
        for record in found(stream, body):
            stream.post_process(record)


def written(stream: Shape, bodies: list[bytes]) -> None:
    """Decode, make each record fit, and write its line, without the SDK's loop around that."""
    vars(stream)["_is_plain"] = True
    for body in bodies:
        stream.extracted(datetime.now(timezone.utc))
        for record in found(stream, body):
            stream._write_record_message(stream.post_process(record))  # noqa: SLF001
        stream.message_writer.flush()


def messages(stream: Shape, bodies: list[bytes], *, are_plain: bool) -> None:
    """Write the records as the SDK has a stream do it, on the short way or on its own."""
    vars(stream)["_is_plain"] = are_plain
    vars(stream)["pages"] = lambda _: (Page(found(stream, body)) for body in bodies)
    for _ in stream._sync_records():  # noqa: SLF001  what the SDK does for each record
        pass


def timed(ways: dict[str, Callable[[], None]], runs: int, count: int) -> Json:
    """Take the time of each way, in turns, after one turn that does not count."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    with nowhere(), rarely_collecting():  # as the tap does, for all ways alike
        for way in ways.values():
            way()
        for _ in range(runs):
            for name, way in ways.items():
                began = time.process_time()
                way()
                times[name].append(time.process_time() - began)
    return {
        "microseconds_per_record": {
            name: round(1e6 * median(one) / count, 2) for name, one in times.items()
        },
        "times_bound": {
            name: round(
                median(one / other for one, other in zip(taken, times["bound"], strict=True)), 2
            )
            for name, taken in times.items()
        },
    }


@contextlib.contextmanager
def nowhere() -> Iterator[None]:
    """Let what is written go nowhere."""
    kept = os.dup(1)
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(sink)
        os.close(kept)
