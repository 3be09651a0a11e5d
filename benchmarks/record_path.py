"""What does a record cost, from the bytes of a page to the bytes of a line?

Pages are fetched first, so that no network is in it. Then one process, on one core, takes turns:
it decodes each page and encodes its records again, and does nothing else (the bound); it lets the
tap make Singer messages of them; and it lets the tap do so on the SDK's own way, as it does where a
stream map, flattening or a deselected field is in play.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import time
import urllib.request
from statistics import median
from typing import TYPE_CHECKING, Any

import msgspec
from serving import Served, served

from tap_intercom.shapes import Page, Shape
from tap_intercom.tap import COLLECT_AFTER, TapIntercom

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
    """Measure all three ways, in turns."""

    def found(body: bytes) -> list[Json]:
        return stream.dig(msgspec.json.decode(body))

    def bound() -> None:
        for body in bodies:
            for record in found(body):
                msgspec.json.encode(record)

    count = sum(len(found(body)) for body in bodies)

    def messages(*, are_plain: bool) -> None:
        vars(stream)["_is_plain"] = are_plain
        vars(stream)["pages"] = lambda _: (Page(found(body)) for body in bodies)
        for _ in stream._sync_records():  # noqa: SLF001  what the SDK does for each record
            pass

    ways = {
        "bound": bound,
        "tap": lambda: messages(are_plain=True),
        "sdk": lambda: messages(are_plain=False),
    }
    return {
        "records": count,
        "bytes_per_record": round(sum(map(len, bodies)) / count),
        **timed(ways, runs, count),
    }


def timed(ways: dict[str, Callable[[], None]], runs: int, count: int) -> Json:
    """Take the time of each way, in turns, after one turn that does not count."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    with nowhere(), rarely_collecting():
        for way in ways.values():
            way()
        for _ in range(runs):
            for name, way in ways.items():
                began = time.process_time()
                way()
                times[name].append(time.process_time() - began)
    ratios = zip(times["tap"], times["bound"], strict=True)
    return {
        "microseconds_per_record": {
            name: round(1e6 * median(one) / count, 2) for name, one in times.items()
        },
        "times_bound": round(median(ours / other for ours, other in ratios), 2),
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


@contextlib.contextmanager
def rarely_collecting() -> Iterator[None]:
    """Look for circles as rarely as the tap does, for all three alike."""
    before = gc.get_threshold()
    gc.set_threshold(*COLLECT_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*before)
