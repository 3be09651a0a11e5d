"""What may this token read, and what would a first sync cost?

Every stream is asked once, with the first request of a sync, or about one parent; no scroll is
opened. What a whole sync would take is worked out from the totals that these answers tell.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any, cast

from tap_intercom.api.bodies import at
from tap_intercom.api.errors import NO_PERMISSION, NO_VERSION, Gone, IntercomError, NotAvailable
from tap_intercom.api.pacing import WINDOW_SECONDS
from tap_intercom.api.retries import BRIEF
from tap_intercom.concurrency import ordered_map
from tap_intercom.shapes.probes import FAILED, OK, Finding, NotAsked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_intercom.api.bodies import Body
    from tap_intercom.shapes.shape import Shape
    from tap_intercom.tap import TapIntercom

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
        glimpses = [one.glimpse for one in read]
        turns = sum((one.pages or 0) + one.details / self.concurrency for one in glimpses)
        windows = calls / (self.calls_a_window * self.share) if self.calls_a_window else 0.0
        return Estimate(calls, max(windows * WINDOW_SECONDS, turns * latency) / 60)

    def shown(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "admin": {name: self.me.get(name) for name in ("id", "name", "email")},
            "workspace": {
                "id": at("app.id_code", self.me),
                "name": at("app.name", self.me),
                "region": at("app.region", self.me),
                "timezone": at("app.timezone", self.me),
            },
            "rate_limit": {"calls": self.calls_a_window, "seconds": WINDOW_SECONDS},
            "first_sync": {
                "selected_by_default": self.estimate(whole=False).shown(),
                "every_stream": self.estimate(whole=True).shown(),
            },
            "streams": [one.shown() for one in self.findings],
        }


def checked(tap: TapIntercom, parents: int = 1) -> Report:
    """Ask who the token belongs to, and every stream whether it may be read.

    Of rows that cost a call per parent, so many parents are asked about.

    Raises:
        ClickException: The token is refused, there is none, or Intercom cannot be reached.
    """
    me, headers = tap.run.introduce()
    streams = [
        cast("Shape", stream).but(patience=BRIEF, probed=parents) for stream in tap.streams.values()
    ]
    found = findings(streams, tap.config["max_concurrency"])
    limit = headers.get("X-RateLimit-Limit", "")
    return Report(
        me=me,
        calls_a_window=int(limit) if limit.isdigit() else None,
        share=tap.config["rate_limit_share"] / 100,
        concurrency=tap.config["max_concurrency"],
        findings=[found[type(stream)] for stream in streams],
    )


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
