"""What is true of every request to Intercom?

It goes to the workspace's own base URL and nowhere else, carries the token and the API version,
waits for its permit, is sent again as its rules say, and its failures are judged by one table.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import requests

from tap_intercom.api import errors
from tap_intercom.api.bodies import Garbled
from tap_intercom.api.errors import Failure, IntercomError
from tap_intercom.api.retries import PATIENT, Passing, Patience, again
from tap_intercom.api.transfer import BoundedSession, read_beginning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from requests.auth import AuthBase

    from tap_intercom.api.address import Address
    from tap_intercom.api.pacing import PacedAdapter
    from tap_intercom.api.paginators import Request
    from tap_intercom.api.sizes import PageSize
    from tap_intercom.audit import Account


@dataclass(frozen=True)
class Rules:
    """For whom a request is sent, and what is done about its failures.

    `permission` is what to tick in the Developer Hub for it. With a `page_size`, what is asked with
    a POST is asked for in pages of that size.
    """

    stream: str
    permission: str
    account: Account
    verdicts: errors.Table = errors.VERDICTS
    patience: Patience = PATIENT
    page_size: PageSize | None = None

    def size_of(self, request: Request) -> int | None:
        """Give the size of page to ask for; None if it is not ours to say."""
        return None if self.page_size is None or request.body is None else self.page_size.ask()

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
        self.received = Received()
        self._timeout = timeout_seconds
        self._waited = adapter.waited
        self.session = session = BoundedSession()
        session.auth = token
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # Prepared requests are sent, for which requests does not look at the environment.
        session.verify = session.merge_environment_settings(address.url, {}, None, None, None)[
            "verify"
        ]
        session.mount("https://", adapter)
        session.mount("http://", adapter)

    def send(self, request: Request, rules: Rules) -> Any:
        """Send a request, again where that may help, and give back what its answer holds.

        Raises:
            NotAvailable, Gone, ScrollLost, JobsRunning, IntercomError: See there. What is still
                failing when patience is over is an `IntercomError` too.
        """
        failed: Counter[int] = Counter()
        try:
            return again(
                partial(self._attempt, request, rules, failed),
                rules.patience,
                partial(self._tell, rules),
            )
        except Passing as error:
            raise IntercomError(
                rules.stream, self._given_up(error, rules.patience), error.failure
            ) from error

    def _given_up(self, error: Passing, patience: Patience) -> str:
        if error.failure.kind in {errors.SILENT, errors.SLOW}:
            return (
                f"{self.address.url} could not be reached: {error.failure.text}."
                " Check the network, and region or api_url."
            )
        return f"{error} It did so {patience.tries} times; run again later."

    def _attempt(self, request: Request, rules: Rules, failed: Counter[int]) -> Any:
        """Send a request once; `failed` counts how often a page of it was too much, by its size."""
        size = rules.size_of(request)
        asked = request if size is None else request.with_page_size(size)
        try:
            found = self._asked(asked, rules.account)
        except _Failed as error:
            row = rules.judge(error.failure, size)
            if row.verdict == errors.SMALLER and size is not None and rules.page_size:
                failed[size] += 1
                # One failure may be anything; a second one of the same page is its size.
                is_sure = failed[size] > 1 or error.failure.kind in {errors.SLOW, errors.LARGE}
                if is_sure or rules.page_size.is_a_try(size):
                    rules.page_size.failed(size)
            if row.verdict in {errors.RETRY, errors.SMALLER}:
                raise Passing(error.failure, row.advice) from error
            advice = row.advice.format(permission=rules.permission)
            problem = f"{error.failure} {advice}".rstrip()
            raise rules.error(row.verdict, problem, error.failure, row.why) from error
        if size is not None and rules.page_size:
            rules.page_size.arrived(size)
        return found

    def _asked(self, request: Request, account: Account) -> Any:
        """Send a request, and read its answer.

        Raises:
            _Failed: It did not bring what was asked for.
        """
        try:
            prepared = self.session.prepare_request(
                requests.Request(
                    request.method,
                    self.address.url + request.path,
                    params=request.params,
                    json=request.body,
                    headers={**self.address.headers, **request.headers},
                )
            )
            with self._accounted(account):
                response = self.session.send(
                    prepared,
                    stream=request.is_streamed,
                    timeout=self._timeout,
                    allow_redirects=False,
                )
            with response if request.is_streamed else nullcontext():
                is_error = response.status_code >= requests.codes.multiple_choices
                if not request.is_streamed:
                    self.received.bytes += len(response.content)
                elif is_error:
                    read_beginning(response)
                if is_error:
                    raise _Failed(Failure.of_answer(response))
                return request.read(response)
        except requests.RequestException as error:
            raise _Failed(Failure.of_network(error)) from error
        except Garbled as error:
            raise _Failed(Failure.of_body(error, response)) from error

    @contextmanager
    def _accounted(self, account: Account) -> Iterator[None]:
        """Note that a call is made, and how long it waits for its permit."""
        before = self._waited.seconds
        try:
            yield
        finally:
            account.called(self._waited.seconds - before)

    @staticmethod
    def _tell(rules: Rules, error: Passing, wait: float, number: int) -> None:
        """Note that a request is sent again, and say so in the log."""
        is_refused = error.failure.status == requests.codes.too_many_requests
        rules.account.retried(wait if is_refused else 0.0)
        rules.logger.warning(
            "%s Trying again in %.1f seconds (%d of %d).", error, wait, number, rules.patience.tries
        )


class _Failed(Exception):
    """A request, sent once, that did not bring what was asked for."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure
