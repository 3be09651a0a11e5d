"""What do all streams of a run share, and what is asked first?

One client, one clock, one audit, and what was asked once for all. First of all Intercom is asked
who the token belongs to; then the first requests of all streams go out together.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from requests import codes
from typing_extensions import override

from tap_intercom.api.address import REGIONS, USER_AGENT, Address, base_url
from tap_intercom.api.bodies import Doubtful, answered, at
from tap_intercom.api.client import Client, Rules
from tap_intercom.api.errors import (
    NO_VERSION,
    VERDICTS,
    EndsRun,
    Gone,
    IntercomError,
    NotAvailable,
    Occupied,
    ScrollLost,
    TokenRefused,
)
from tap_intercom.api.pacing import PacedAdapter, RateLimit
from tap_intercom.api.paginators import Request, next_request
from tap_intercom.api.retries import BRIEF, PATIENT
from tap_intercom.api.surroundings import look_around
from tap_intercom.audit import Account, Audit, RunError
from tap_intercom.concurrency import at_once
from tap_intercom.login.auth import IntercomAuthenticator
from tap_intercom.records import times
from tap_intercom.spools import Spools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from concurrent.futures import Future
    from datetime import datetime

    from requests import Response

    from tap_intercom.api.bodies import Body, Record
    from tap_intercom.api.retries import Patience

MINUTE = 60.0

# So long an answer that was asked for beforehand says what it would say when it is needed.
FRESH_SECONDS = 5.0


@dataclass(frozen=True)
class WhoAmI(Request):
    """Asks who the token belongs to, which any token may; the headers tell clock and rate limit."""

    path: str = "/me"

    @override
    def read(self, response: Response) -> tuple[Body, Mapping[str, str]]:
        return answered(response), response.headers


def names_workspace(_: Request, found: tuple[Body, Mapping[str, str]]) -> None:
    """See whether an answer to `/me` says of which workspace it speaks, be it that of none.

    Raises:
        Doubtful: It does not.
    """
    me, _headers = found
    if not isinstance(me, dict) or "app" not in me:
        msg = "Intercom's answer to /me does not say which workspace the token is for."
        raise Doubtful(msg)


# Any token may ask who it belongs to. What is wrong with one that may not, by the status.
NOTHING_ALLOWED = {
    402: "The workspace's plan, or its trial that has ended, does not allow the use of the API.",
    403: (
        "The token may not be used for anything: look in Intercom's Developer Hub whether its app"
        " is still installed in the workspace and may be used from this address, or make a new one."
    ),
}


class Run:
    """What all streams of a run share."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Take the settings; nothing is asked yet."""
        self._concurrency: int = config["max_concurrency"]
        address = Address(
            url=base_url(config.get("api_url") or REGIONS[config["region"]]),
            version=config["api_version"],
            user_agent=config.get("user_agent") or USER_AGENT,
        )
        self.token = IntercomAuthenticator(config, address.url)
        limit = RateLimit(config["rate_limit_share"] / 100)
        adapter = PacedAdapter(limit, self._concurrency)
        self.client = Client(address, self.token, adapter, config["request_timeout"])
        self.patience = replace(PATIENT, outage_seconds=MINUTE * config["patience_minutes"])
        self.audit = Audit()
        self.spools = Spools()
        # As `/me` tells them.
        self.started_at = self.client.clock.started_at
        self.workspace_id: str | None = None
        self.workspace_created_at: datetime | None = None
        # The answers to first requests, with the moment of a steady clock at which they came, by
        # what was asked; and what more than one stream asks first.
        self._openings: dict[str, Future[tuple[Body, float]]] = {}
        self._shared: set[str] = set()
        self._known: dict[str, list[Record]] = {}
        self._lock = threading.Lock()
        # What failed for good, by what was asked, or on which path.
        self._hopeless: dict[str, IntercomError] = {}

    @property
    def certain(self) -> datetime:
        """The start of the run by the earliest clock: no claim may go further."""
        return min(self.started_at, self.client.clock.earliest)

    def introduce(self, patience: Patience = BRIEF) -> tuple[Body, Mapping[str, str]]:
        """Ask who the token belongs to, before any stream begins; give body and headers.

        Raises:
            SettingsError: The environment does not let calls go there.
            RunError: The token is refused, or the host cannot be reached, or is not Intercom's.
            LoginError, StoreError: There is no token.
        """
        url = self.client.address.url
        look_around(url)
        try:
            me, headers = self._introduced(patience)
        except IntercomError as error:
            problem = error.problem
            if isinstance(error, Gone) or error.is_page_of_none:
                problem = f"{error.failure} There is no Intercom API at {url}: check api_url."
            raise RunError(problem) from error
        if not isinstance(me, dict):
            msg = f"{url}/me does not say whose token it is, as Intercom does: check api_url."
            raise RunError(msg)
        self.started_at = self.client.clock.begin(headers) or self.started_at
        self.workspace_id = at("app.id_code", me)
        self.workspace_created_at = times.known(at("app.created_at", me))
        return me, headers

    @property
    def now(self) -> datetime:
        """What time it is for Intercom."""
        return self.started_at + self.client.clock.passed

    def _introduced(self, patience: Patience) -> tuple[Body, Mapping[str, str]]:
        """Ask who the token belongs to, and where it is refused, again with another one if any."""
        rules = Rules("workspace", "the permission for it", Account(), patience=patience)
        self.token.obtain()
        try:
            return self.check_token(rules)
        except TokenRefused as error:
            is_unknown = error.failure and error.failure.status == codes.unauthorized
            if not is_unknown or not self.token.replace():
                raise
        return self.check_token(rules)

    def check_token(self, rules: Rules) -> tuple[Body, Mapping[str, str]]:
        """Ask who the token belongs to; give body and headers.

        Raises:
            TokenRefused: The token is wrong or revoked, or may do nothing at all.
        """
        try:
            plain = replace(rules, verdicts=VERDICTS, check=names_workspace)
            return self.client.send(WhoAmI(), plain)  # type: ignore[no-any-return]
        except NotAvailable as error:
            status = error.failure.status if error.failure else None
            if error.why == NO_VERSION:
                raise
            advice = NOTHING_ALLOWED.get(status or 0, self.token.advice)
            problem = f"{error.failure} {advice}"
            raise TokenRefused(rules.stream, problem, error.failure) from error

    def open(self, openings: Iterable[tuple[Request | None, Rules]]) -> None:
        """Send the first requests of streams, all at once.

        So a run in which little is new takes a few round trips, not one for each stream. What
        several would ask is asked once.
        """
        first: dict[str, tuple[Request, Rules]] = {}
        for request, rules in openings:
            if request is not None and request.key in first:
                self._shared.add(request.key)
            elif request is not None:
                first[request.key] = (request, rules)
        futures = at_once(
            lambda one: (self.client.send(*one), time.monotonic()),
            list(first.values()),
            self._concurrency,
        )
        self._openings = dict(zip(first, futures, strict=True))

    def end(self) -> None:
        """Ask for nothing more beforehand, nor again for what was."""
        self.client.end()
        for one in self._openings.values():
            one.cancel()

    def ask(self, request: Request, rules: Rules, *, keeps_place: bool) -> Body:
        """Send a request, unless it was sent before and the answer still holds; give its body.

        It holds for a while, and for good where the answer `keeps_place`, or is the only page.
        """
        if error := self._hopeless.get(request.key) or self._hopeless.get(request.path):
            raise error.about(rules.stream)
        opening = self._openings.get(request.key)
        if opening is not None:
            answer, came_at = opening.result()
            is_fresh = time.monotonic() - came_at < FRESH_SECONDS
            if keeps_place or is_fresh or next_request(request, answer) is None:
                # Records are made to fit in place, so each reader gets its own.
                return json.loads(json.dumps(answer))
        try:
            return self.client.send(request, rules)
        except IntercomError as error:
            if not isinstance(error, (NotAvailable, Gone, Occupied, EndsRun, ScrollLost)):
                self.give_up(request.key, error)
            raise

    def give_up(self, asked: str, error: IntercomError) -> None:
        """See to it that no stream asks for the same again, or on the same path."""
        self._hopeless[asked] = error

    def is_shared(self, request: Request) -> bool:
        """Say whether more than one stream begins with a request."""
        return request.key in self._shared

    def once(self, name: str, ask: Callable[[], list[Record]]) -> list[Record]:
        """Give what is asked once a run, however many threads want it, and known by a name then."""
        with self._lock:
            if name not in self._known:
                self._known[name] = ask()
            return self._known[name]
