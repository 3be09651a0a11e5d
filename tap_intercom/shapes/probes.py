"""What does one request tell of a stream?

Whether the token may read it, how many records there are, and so what a first sync takes. How each
shape is asked is said by its `probe`; here is what comes of it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Any

from tap_intercom.api.errors import NO_PERMISSION, NO_VERSION, Gone, IntercomError, NotAvailable
from tap_intercom.api.paginators import next_request
from tap_intercom.concurrency import ordered_map

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_intercom.api.bodies import Record
    from tap_intercom.api.paginators import Request
    from tap_intercom.shapes.shape import Shape

    Found = dict[type[Shape], "Finding"]

OK, NOT_ASKED, FAILED = "OK", "not asked", "failed"


@dataclass(frozen=True)
class Glimpse:
    """What one request told.

    `records` is the total that Intercom tells. Of a first sync's calls, `pages` have to be made one
    after another, and `details` may be made many at once; None is unknown. `sample` are some of the
    records, as Intercom sent them.
    """

    records: int | None = None
    pages: int | None = None
    details: int = 0
    advice: str = ""
    sample: Sequence[Record] = field(default=(), repr=False)


@dataclass(frozen=True)
class Finding:
    """What was found out about one stream.

    `access` is `OK`, `not asked`, `failed`, or what is missing; `advice` says what to do then.
    `seconds` is how long the request took.
    """

    stream: str
    selected_by_default: bool
    access: str
    advice: str = ""
    glimpse: Glimpse = Glimpse()
    seconds: float | None = None

    @property
    def calls(self) -> int | None:
        """How many calls a first sync of the stream takes."""
        pages = self.glimpse.pages
        return None if pages is None else pages + self.glimpse.details

    def shown(self) -> dict[str, Any]:
        """The finding as JSON."""
        names = ("stream", "selected_by_default", "access", "advice")
        shown = {name: getattr(self, name) for name in names}
        return {**shown, "records": self.glimpse.records, "calls": self.calls}


class NotAsked(Exception):
    """There is nothing to ask a stream with."""

    def __init__(self, advice: str, access: str = NOT_ASKED) -> None:
        """Say why, and what is known of the access all the same."""
        super().__init__(advice)
        self.access = access
        self.advice = advice


def findings(streams: Iterable[Shape], concurrency: int) -> Found:
    """Find out about streams, several at once: children after their parents."""
    found: Found = {}
    streams = list(streams)
    for tier in ([one for one in streams if not one.of], [one for one in streams if one.of]):
        results = ordered_map(partial(finding, found=found), tier, concurrency)
        found = found | {type(stream): one for stream, one in zip(tier, results, strict=True)}
    return found


def finding(stream: Shape, found: Found) -> Finding:
    """Find out about one stream, given what was found out about its parent."""

    def said(access: str, advice: str = "", **known: Any) -> Finding:
        return Finding(stream.name, stream.selected_by_default, access, advice, **known)

    if not stream.is_available:
        return said(NO_VERSION, f"needs api_version {stream.min_version} or newer")
    began = time.monotonic()
    try:
        glimpse = stream.probe(found[stream.of] if stream.of else None)
    except NotAsked as reason:
        return said(reason.access, reason.advice)
    except NotAvailable as error:
        tick = f"tick {stream.permission}" if error.why == NO_PERMISSION else ""
        return said(error.why or FAILED, tick)
    except Gone:
        return said(FAILED, "it is not there")
    except IntercomError as error:
        return said(FAILED, error.problem)
    return said(OK, glimpse.advice, glimpse=glimpse, seconds=time.monotonic() - began)


def readable(parent: Finding | None) -> Glimpse:
    """Give what is known of a child's parent, if the parent may be read.

    Raises:
        NotAsked: It may not.
    """
    if parent is None:
        raise NotAsked("its parent was not asked")
    if parent.access != OK:
        raise NotAsked(parent.advice, parent.access)
    return parent.glimpse


def first_page(stream: Shape, request: Request) -> Glimpse:
    """Ask for a page, and read from it how many records and pages there are."""
    body = stream.fetch(request)
    rows = stream.dig(body)
    said = stream.said(body)
    total = said if type(said) is int else None
    if next_request(request, body) is None:
        return Glimpse(len(rows) if total is None else total, 1, sample=rows)
    return Glimpse(total, ceil(total / len(rows)) if total and rows else None, sample=rows)


def together(glimpses: Sequence[Glimpse]) -> Glimpse:
    """Add up what the first pages of a stream's lists tell."""
    return Glimpse(
        added(one.records for one in glimpses),
        added(one.pages for one in glimpses),
        sample=[row for one in glimpses for row in one.sample],
    )


def added(counts: Iterable[int | None]) -> int | None:
    """Add up counts, of which one may be unknown, and then all are."""
    known = list(counts)
    return None if None in known else sum(one for one in known if one is not None)
