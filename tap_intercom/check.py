"""What may this token read, and what would a first sync cost?

Every stream is asked once, with the first request of a sync, or about one parent; no scroll is
opened. What a whole sync would take is worked out from the totals that these answers tell.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import singledispatch
from math import ceil
from statistics import median
from typing import TYPE_CHECKING, Any

from tap_intercom import times
from tap_intercom.client import (
    NO_PERMISSION,
    NO_VERSION,
    Gone,
    IntercomError,
    NotAvailable,
    outcome,
)
from tap_intercom.concurrency import ordered_map
from tap_intercom.exports import ContentExport, ReportExport
from tap_intercom.pacing import WINDOW_SECONDS
from tap_intercom.paginators import Request, next_request
from tap_intercom.shapes import Children, Explode, FanOut, Feed, List, Page, Search, Shape, Windows
from tap_intercom.streams.conversations import CallTranscripts
from tap_intercom.streams.people import Companies

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tap_intercom.paginators import Body
    from tap_intercom.tap import TapIntercom

    Record = dict[str, Any]

OK, NOT_ASKED, FAILED = "OK", "not asked", "failed"
TRIES = 3

# What a page of the companies scroll holds; the scroll itself is not opened for a look.
# https://developers.intercom.com/docs/references/rest-api/api.intercom.io/companies/scrolloverallcompanies
SCROLLED = 100


@dataclass(frozen=True)
class Finding:
    """What was found out about one stream.

    `access` is `OK`, `not asked`, `failed`, or what is missing; `advice` says what to do then.
    `records` is the total that Intercom tells. Of a first sync's calls, `pages` have to be made
    one after another, and `details` may be made many at once; None is unknown.
    """

    stream: str
    selected_by_default: bool
    access: str
    advice: str = ""
    records: int | None = None
    pages: int | None = None
    details: int = 0
    seconds: float | None = None
    sample: list[Record] = field(default_factory=list, repr=False)

    @property
    def calls(self) -> int | None:
        """How many calls a first sync of the stream takes."""
        return None if self.pages is None else self.pages + self.details

    def shown(self) -> dict[str, Any]:
        """The finding as JSON."""
        names = ("stream", "selected_by_default", "access", "advice", "records", "calls")
        return {name: getattr(self, name) for name in names}


Found = dict[type[Shape], Finding]


@dataclass(frozen=True)
class Estimate:
    """What a first sync costs at least: calls, and minutes at the limit and latency found."""

    calls: int
    minutes: float

    def shown(self) -> dict[str, Any]:
        """The estimate as JSON."""
        return {"calls": self.calls, "minutes": round(self.minutes, 1)}


@dataclass(frozen=True)
class Report:
    """Whose token it is, and what it may read."""

    me: Body
    calls_a_window: int | None
    share: float
    concurrency: int
    findings: list[Finding]

    def estimate(self, *, whole: bool) -> Estimate:
        """Say what a first sync takes: of every stream, or of those selected by default."""
        read = [one for one in self.findings if whole or one.selected_by_default]
        calls = sum(one.calls or 0 for one in read)
        latency = median([one.seconds for one in self.findings if one.seconds] or [0.0])
        turns = sum((one.pages or 0) + one.details / self.concurrency for one in read)
        windows = calls / (self.calls_a_window * self.share) if self.calls_a_window else 0.0
        return Estimate(calls, max(windows * WINDOW_SECONDS, turns * latency) / 60)

    def shown(self) -> dict[str, Any]:
        """The report as JSON."""
        app = self.me.get("app") or {}
        return {
            "admin": {name: self.me.get(name) for name in ("id", "name", "email")},
            "workspace": {
                "id": app.get("id_code"),
                "name": app.get("name"),
                "region": app.get("region"),
                "timezone": app.get("timezone"),
            },
            "rate_limit": {"calls": self.calls_a_window, "seconds": WINDOW_SECONDS},
            "first_sync": {
                "selected_by_default": self.estimate(whole=False).shown(),
                "every_stream": self.estimate(whole=True).shown(),
            },
            "streams": [one.shown() for one in self.findings],
        }


def checked(tap: TapIntercom) -> Report:
    """Ask who the token belongs to, and every stream whether it may be read.

    Raises:
        ClickException: The token is refused, there is none, or Intercom cannot be reached.
    """
    me, headers = tap.connect()
    streams = [stream for stream in tap.streams.values() if isinstance(stream, Shape)]
    parents = findings([one for one in streams if not isinstance(one, Children)], {})
    found = parents | findings([one for one in streams if isinstance(one, Children)], parents)
    limit = headers.get("X-RateLimit-Limit", "")
    return Report(
        me=me,
        calls_a_window=int(limit) if limit.isdigit() else None,
        share=tap.config["rate_limit_share"] / 100,
        concurrency=tap.config["max_concurrency"],
        findings=[found[type(stream)] for stream in streams],
    )


def findings(streams: list[Shape], found: Found) -> Found:
    """Find out about streams, several at once, given what was found out about their parents."""
    concurrency = streams[0].config["max_concurrency"]
    results = ordered_map(lambda stream: finding(stream, found), streams, concurrency)
    return {type(stream): one for stream, one in zip(streams, results, strict=True)}


def finding(stream: Shape, found: Found) -> Finding:
    """Find out about one stream, given what was found out about its parent."""

    def said(access: str, advice: str = "", **known: Any) -> Finding:
        return Finding(stream.name, stream.selected_by_default, access, advice, **known)

    stream.max_tries = TRIES
    if not stream.is_available:
        return said(NO_VERSION, f"needs api_version {stream.min_version} or newer")
    began = time.monotonic()
    try:
        known = ask(stream, found)
    except NotAsked as reason:
        return said(reason.access, reason.advice)
    except NotAvailable as error:
        access = outcome(error.answer) if error.answer else FAILED
        return said(access, f"tick {stream.permission}" if access == NO_PERMISSION else "")
    except Gone:
        return said(FAILED, "it is not there")
    except IntercomError as error:
        return said(FAILED, error.problem)
    return said(OK, known.pop("advice", ""), seconds=time.monotonic() - began, **known)


class NotAsked(Exception):
    """There is nothing to ask a stream with."""

    def __init__(self, access: str, advice: str) -> None:
        super().__init__(advice)
        self.access = access
        self.advice = advice


@singledispatch
def ask(stream: Shape, _: Found) -> dict[str, Any]:
    """Make one request of a stream, and give the fields of a finding that its answer tells."""
    stream.fetch(Request(stream.path, stream.query))
    return {"records": 1, "pages": 1}


@ask.register
def _(stream: List, _: Found) -> dict[str, Any]:
    requests = list(stream.requests())
    if not requests:
        raise NotAsked(NOT_ASKED, "set custom_object_types")
    return totals(*[first_page(stream, request) for request in requests])


@ask.register
def _(stream: Search, _: Found) -> dict[str, Any]:
    return totals(first_page(stream, stream.opening(first(stream))))


@ask.register
def _(stream: Companies, _: Found) -> dict[str, Any]:
    method = stream.config["companies_method"]
    known = ask(stream.read_by("list" if method == "scroll" else method), {})
    if method == "scroll" and known["records"] is not None:
        known["pages"] = ceil(known["records"] / SCROLLED) + 1  # an empty page is its end
        known["advice"] = "those without users are not counted"
    return known


@ask.register
def _(stream: Windows, _: Found) -> dict[str, Any]:
    spans = list(stream.spans(first(stream)))
    if not spans:
        return {"records": 0, "pages": 0}
    newest = totals(first_page(stream, stream.request(*spans[-1])))
    pages = newest["pages"]
    return {"pages": None if pages is None else max(1, pages) * len(spans)}


@ask.register
def _(stream: Explode, found: Found) -> dict[str, Any]:
    parent = readable(stream, found)
    # The companies are scrolled over once for all.
    return {"pages": 0 if issubclass(stream.of, Companies) else parent.pages}


@ask.register
def _(stream: FanOut, found: Found) -> dict[str, Any]:
    parent = readable(stream, found)
    asked_about = [one for one in parent.sample if stream.known(one) is None]
    if asked_about:
        stream.fetch(stream.request(asked_about[0]))
    elif parent.records:
        raise NotAsked(NOT_ASKED, f"no {words(stream)} that has any was at hand")
    else:
        raise NotAsked(NOT_ASKED, f"there is no {words(stream)}")
    return details(stream, parent, len(asked_about) / len(parent.sample))


@ask.register
def _(stream: Feed, found: Found) -> dict[str, Any]:
    stream.bookmark = first(stream)
    return ask.dispatch(FanOut)(stream, found)


@ask.register
def _(stream: CallTranscripts, found: Found) -> dict[str, Any]:
    parent = readable(stream, found)
    calls = [one for one in parent.sample if one.get("conversation_id")][:20]
    if not calls:
        raise NotAsked(NOT_ASKED, "there is no call that belongs to a conversation")
    stream.expand(Page(calls))
    return details(stream, parent, 1 / 20)


# A first sync begins an export, looks at it a few times, and downloads its file.
CALLS_OF_AN_EXPORT = 5


@ask.register
def _(stream: ContentExport, _: Found) -> dict[str, Any]:
    # Without a job of its own, which would be in the way: whoever may export hears that there is
    # no such job.
    with suppress(Gone):
        stream.fetch(Request(stream.status_path.format(id="none")))
    first_of_all = min(one.name for one in stream.siblings)
    pages = CALLS_OF_AN_EXPORT if stream.name == first_of_all else 0
    return {"pages": pages, "advice": "one export for all"}


@ask.register
def _(stream: ReportExport, _: Found) -> dict[str, Any]:
    stream.dataset  # noqa: B018  it asks
    return {"pages": CALLS_OF_AN_EXPORT}


def first(stream: Shape) -> datetime | None:
    """Say from when on a first sync of a stream reads."""
    start = stream.config.get("start_date") if stream.is_incremental else None
    return times.parse(start) if start else None


def readable(stream: Children, found: Found) -> Finding:
    """Give the finding of a child's parent, if the parent may be read."""
    parent = found[stream.of]
    if parent.access != OK:
        raise NotAsked(parent.access, parent.advice)
    return parent


def details(stream: Children, parent: Finding, share: float) -> dict[str, Any]:
    """Work out the calls of a child for a share of its parents, which it has to find, too."""
    pages = 0 if issubclass(stream.of, Companies) else parent.pages
    if parent.records is None:
        return {"pages": None}
    return {"pages": pages, "details": ceil(parent.records * share)}


def words(stream: Children) -> str:
    """Name a parent."""
    return stream.of.noun.replace("_", " ")


def first_page(stream: Shape, request: Request) -> dict[str, Any]:
    """Ask for a page, and read from it how many records and pages there are."""
    body = stream.fetch(request)
    rows = stream.dig(body)
    total = told_total(body)
    if next_request(request, body) is None:
        return {"records": len(rows) if total is None else total, "pages": 1, "sample": rows}
    return {
        "records": total,
        "pages": ceil(total / len(rows)) if total and rows else None,
        "sample": rows,
    }


def told_total(body: Body) -> int | None:
    """Read how many records there are in all, where a page tells that."""
    if not isinstance(body, dict):
        return None
    pages = body.get("pages")
    for place in (body, pages if isinstance(pages, dict) else {}):
        if type(place.get("total_count")) is int:
            return int(place["total_count"])
    return None


def totals(*pages: dict[str, Any]) -> dict[str, Any]:
    """Add up what the first pages of a stream's lists tell."""
    return {
        "records": added(one["records"] for one in pages),
        "pages": added(one["pages"] for one in pages),
        "sample": [row for one in pages for row in one["sample"]],
    }


def added(counts: Iterable[int | None]) -> int | None:
    """Add up counts, of which one may be unknown, and then all are."""
    known = list(counts)
    return None if None in known else sum(one for one in known if one is not None)
