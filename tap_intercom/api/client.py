"""What is true of every request to Intercom?

It goes to the workspace's own base URL and nowhere else, carries the token and the API version,
waits for its permit, is sent again as its rules say, and its failures are judged by one table.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import requests

from tap_intercom.api import errors
from tap_intercom.api.bodies import Doubtful, Garbled, Refused
from tap_intercom.api.clock import Clock
from tap_intercom.api.errors import Failure, IntercomError, StillFailing, Unreachable
from tap_intercom.api.health import Health
from tap_intercom.api.paginators import Request
from tap_intercom.api.retries import FEW_TRIES, PATIENT, Passing, Patience, again
from tap_intercom.records import times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from requests.auth import AuthBase

    from tap_intercom.api.address import Address
    from tap_intercom.api.pacing import PacedAdapter
    from tap_intercom.api.sizes import PageSize
    from tap_intercom.audit import Account


def anything(_: Request, __: Any) -> None:
    """Find nothing wrong with what an answer holds."""


def nobody(*_: Any) -> None:
    """Listen to no answer."""


@dataclass(frozen=True)
class Rules:
    """For whom a request is sent, and what is done about its failures.

    `permission` is what to tick in the Developer Hub for it. With a `page_size`, what is asked with
    a POST is asked for in pages of that size. `check` raises `Garbled` where an answer does not
    hold what was asked for, and `Doubtful` where it contradicts itself.
    """

    stream: str
    permission: str
    account: Account
    verdicts: errors.Table = errors.VERDICTS
    patience: Patience = PATIENT
    page_size: PageSize | None = None
    check: Callable[[Request, Any], object] = anything

    def size_of(self, request: Request, most: int = sys.maxsize) -> int | None:
        """Give the size of page to ask for, so many at the most; None if it is not ours to say."""
        if self.page_size is None or request.body is None:
            return None
        return max(1, min(self.page_size.ask(), most))

    def judge(self, failure: Failure, size: int | None) -> errors.Row:
        """Look up what to do; where a page is of one record, a smaller one is no way out."""
        can_shrink = size is not None and size > 1
        rows = [one for one in self.verdicts if can_shrink or one.verdict != errors.SMALLER]
        return errors.judged(failure, tuple(rows))

    def error(self, verdict: str, problem: str, failure: Failure, why: str = "") -> IntercomError:
        """Make an error of a verdict."""
        return errors.ERRORS[verdict](self.stream, problem, failure, why)

    @property
    def logger(self) -> logging.Logger:
        """Where the stream tells what happens."""
        return logging.getLogger(f"tap-intercom.{self.stream}")


class Received(threading.local):
    """How many bytes of bodies each thread has received."""

    bytes: int = 0


class Client:
    """The one sender of requests."""

    def __init__(
        self, address: Address, token: AuthBase, adapter: PacedAdapter, timeout_seconds: float
    ) -> None:
        """Take where to send, what signs requests, what paces them, and how long one may take."""
        self.address = address
        self.health = Health()
        self.clock = Clock()
        self.received = Received()
        # Who else is told of each answer that is not a file, or why there was none.
        self.heard: Callable[[Request, Rules, requests.Response | Failure], None] = nobody
        self._timeout = timeout_seconds
        self._waited = adapter.waited
        self._has_ended = threading.Event()
        self.session = session = requests.Session()
        session.auth = token
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # All goes to one address: what the environment says of it is looked up once. For each
        # request, requests would read all variables three times, which is half of what one costs.
        environment = session.merge_environment_settings(address.url, {}, None, None, None)
        session.verify, self._proxies = environment["verify"], environment["proxies"]
        session.mount("https://", adapter)
        session.mount("http://", adapter)

    def send(self, request: Request, rules: Rules) -> Any:
        """Send a request, again where that may help, and give back what its answer holds.

        Raises:
            NotAvailable, Gone, ScrollLost, Occupied, IntercomError: See there.
            StillFailing: Patience is over.
            Unreachable: Nothing has come from Intercom for as long as patience says.
        """
        call = _Call(self, request, rules)
        try:
            return again(call.attempt, call.is_over, call.tell)
        except Passing as error:
            if error.failure.kind == errors.DOUBTFUL:
                return call.doubted  # it says so each time
            raise call.given_up(error) from error

    def end(self) -> None:
        """Send nothing again from now on: who would read the answer has gone."""
        self._has_ended.set()

    @property
    def has_ended(self) -> bool:
        """Say whether nothing is sent again."""
        return self._has_ended.is_set()

    def works(self, rules: Rules) -> bool:
        """Look whether anything works: ask once for what any token may."""
        before = time.monotonic()
        with suppress(Failed):
            self.ask(Request("/me"), replace(rules, check=anything))
        return self.health.has_lived_since(before)

    def ask(self, request: Request, rules: Rules) -> Any:
        """Send a request, and read its answer.

        Raises:
            Failed: It did not bring what was asked for.
        """
        try:
            prepared = self.session.prepare_request(
                requests.Request(
                    request.method,
                    self.address.url + request.path,
                    params=request.params,
                    json=request.body,
                    headers={**self.address.in_version(request.version), **request.headers},
                )
            )
            sent_at = time.monotonic()
            with self._accounted(rules.account):
                response = self.session.send(
                    prepared,
                    stream=request.is_streamed,
                    timeout=self._timeout,
                    allow_redirects=False,
                    proxies=self._proxies,
                )
            with response if request.is_streamed else nullcontext():
                is_error = response.status_code >= requests.codes.multiple_choices
                if not request.is_streamed:
                    self.received.bytes += len(response.content)
                    self.heard(request, rules, response)
                if is_error:
                    raise self._failed(Failure.of_answer(response))
                found = request.read(response)
                rules.check(request, found)
                self.health.is_alive()
                self.clock.learn(response.headers, sent_at)
                return found
        except requests.RequestException as error:
            failure = Failure.of_network(error)
            self.heard(request, rules, failure)
            raise Failed(failure) from error
        except Refused as error:
            raise self._failed(Failure.of_errors(error.body, response)) from error
        except Doubtful as error:
            raise Failed(Failure.of_body(error, response), found) from error
        except Garbled as error:
            raise Failed(Failure.of_body(error, response)) from error

    def _failed(self, failure: Failure) -> Failed:
        """Take an answer that is an error; one that is Intercom's own is a sign of life."""
        if failure.kind == errors.ANSWER and failure.status not in errors.PASSING:
            self.health.is_alive()
        return Failed(failure)

    @contextmanager
    def _accounted(self, account: Account) -> Iterator[None]:
        """Note that a call is made, and how long it waits for its permit."""
        before = self._waited.seconds
        try:
            yield
        finally:
            account.called(self._waited.seconds - before)


class Failed(Exception):
    """A request, sent once, that did not bring what was asked for."""

    def __init__(self, failure: Failure, doubted: Any = None) -> None:
        """Take what decides the next step, and what the answer held if that is only doubted."""
        super().__init__(str(failure))
        self.failure = failure
        self.doubted = doubted


class _Call:
    """A request on its way, however often it is sent."""

    def __init__(self, client: Client, request: Request, rules: Rules) -> None:
        self._client = client
        self._request = request
        self._rules = rules
        self._tries = 0
        self._failing_since = 0.0
        # How often a page was too much, by its size; no larger one is asked for than the last.
        self._too_much: Counter[int] = Counter()
        self._most = sys.maxsize
        self.doubted: Any = None  # what the last answer held, where it contradicted itself

    def attempt(self) -> Any:
        """Send the request once."""
        rules = self._rules
        size = rules.size_of(self._request, self._most)
        asked = self._request if size is None else self._request.with_page_size(size)
        try:
            found = self._client.ask(asked, rules)
        except Failed as error:
            self._failing_since = self._failing_since or time.monotonic()
            self._tries += 1
            self.doubted = error.doubted
            row = rules.judge(error.failure, size)
            if row.verdict == errors.SMALLER and size is not None:
                self._is_too_much(size, error.failure)
            if row.verdict in {errors.RETRY, errors.SMALLER}:
                raise Passing(error.failure, self._tries, row.advice, row.tries) from error
            advice = row.advice.format(permission=rules.permission)
            problem = f"{error.failure} {advice}".rstrip()
            raise rules.error(row.verdict, problem, error.failure, row.why) from error
        if size is not None and rules.page_size:
            rules.page_size.arrived(size)
        return found

    def _is_too_much(self, size: int, failure: Failure) -> None:
        """Note that a page failed; a second time, where other calls work, it is its size.

        A smaller one is asked for as if nothing had failed: by then, ten timeouts may have passed.
        """
        page_size = self._rules.page_size
        if page_size is None:
            return
        self._too_much[size] += 1
        is_sure = failure.kind == errors.LARGE or (self._too_much[size] > 1 and self._others_work())
        if is_sure or page_size.is_a_try(size):
            page_size.failed(size)
            self._most = size - 1
            self._tries, self._failing_since = 1, time.monotonic()

    def _others_work(self) -> bool:
        """Say whether it is this call alone that fails."""
        health = self._client.health
        if self._rules.patience.outage_seconds == 0:
            return True
        return health.has_lived_since(self._failing_since) or (
            health.may_look() and self._client.works(self._rules)
        )

    def is_over(self, error: Passing) -> bool:
        """Say whether a request that has failed is given up."""
        patience = self._rules.patience
        if self._client.has_ended or (error.tries is not None and self._tries >= error.tries):
            return True
        if self._is_nowhere(error):
            return self._tries >= FEW_TRIES
        if self._is_outage:
            return True
        if error.failure.is_refused and patience.outage_seconds:
            return False  # it is no failure
        lasts = time.monotonic() - self._failing_since
        if self._tries < patience.tries and lasts < patience.seconds:
            return False
        return self._others_work()

    @property
    def _silent_seconds(self) -> float:
        """For how long nothing has come, since the request began to fail."""
        lasts = time.monotonic() - self._failing_since
        return min(lasts, self._client.health.silent_seconds)

    @property
    def _is_outage(self) -> bool:
        """Say whether nothing has come for as long as patience lasts."""
        return self._silent_seconds > self._rules.patience.outage_seconds > 0

    def _is_nowhere(self, error: Passing) -> bool:
        """Say whether there is no host of that name, and never was in this run."""
        return error.failure.kind == errors.NOWHERE and not self._client.health.has_lived

    def given_up(self, error: Passing) -> IntercomError:
        """Say that a request is given up, and why."""
        health, address = self._client.health, self._client.address.url
        is_unheard = error.failure.kind in {errors.SILENT, errors.SLOW, errors.NOWHERE}
        if is_unheard and not health.has_lived_since(self._failing_since):
            problem = f"{address} could not be reached: {error.failure.text}."
            problem += " Check the network, and region or api_url."
        else:
            problem = f"{error} It did so {self._tries} times; run again later."
        kind = Unreachable if self._is_outage or self._is_nowhere(error) else StillFailing
        return kind(self._rules.stream, problem, error.failure)

    def tell(self, error: Passing, wait: float, number: int) -> None:
        """Note that the request is sent again, and say so in the log."""
        patience, health = self._rules.patience, self._client.health
        self._rules.account.retried(wait if error.failure.is_refused else 0.0)
        if number <= patience.tries:
            text = "%s Trying again in %.1f seconds (%d of %d)."
            self._rules.logger.warning(text, error, wait, number, patience.tries)
        elif health.may_tell():
            left = max(0.0, patience.outage_seconds - self._silent_seconds)
            text = "%s Nothing has come from Intercom for %.0f seconds; trying until %s."
            self._rules.logger.warning(text, error, self._silent_seconds, times.clock_in(left))
