"""What is true of every request to Intercom?

It goes to the workspace's own base URL and nowhere else, carries the token and the API version,
waits for its permit, is retried in one place, and its answer is judged by one table.
"""

from __future__ import annotations

import json
import logging
import math
import random
import threading
import weakref
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from importlib.metadata import version as version_of
from typing import IO, TYPE_CHECKING, Any, ClassVar

import backoff
import msgspec
import requests
from click import ClickException
from singer_sdk.exceptions import FatalAPIError, RetriableAPIError
from singer_sdk.streams import RESTStream
from typing_extensions import override

from tap_intercom import schema, times
from tap_intercom.audit import Account
from tap_intercom.transfer import TooLarge

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from concurrent.futures import Future

    from backoff.types import Details
    from singer_sdk import Tap

    from tap_intercom.pacing import Waited
    from tap_intercom.paginators import Body, Request

REGIONS = {
    "us": "https://api.intercom.io",
    "eu": "https://api.eu.intercom.io",
    "au": "https://api.au.intercom.io",
}

# In the order of their release; `Preview` has all that any of them has.
VERSIONS = (*(f"2.{minor}" for minor in range(18)), "Preview")

USER_AGENT = f"tap-intercom/{version_of('tap-intercom')}"


class IntercomError(FatalAPIError, ClickException):
    """Intercom will not give what was asked, and asking again would not help.

    The message says what happened, on which stream, and what to do; on a terminal nothing else is
    shown.
    """

    def __init__(self, stream: str, problem: str, answer: Answer | None = None) -> None:
        """Take the stream, what is wrong, and the answer of Intercom's that it is about."""
        super().__init__(f"{stream}: {problem}")
        self.problem = problem
        self.answer = answer


class TokenRefused(IntercomError):
    """Intercom does not know the token, or no longer."""


class NotAvailable(IntercomError):
    """The token's permissions, the workspace's plan or the API version leave this out (401-403)."""


class Gone(IntercomError):
    """What was asked for has been deleted or merged since it was listed (404, 410)."""


class ScrollLost(IntercomError):
    """The companies scroll broke in the middle, expired or ended, and must start again."""


class Received(threading.local):
    """How many bytes of bodies each thread has received."""

    bytes: int = 0


@dataclass
class Connection:
    """What all streams of a run share: one session, and what `/me` told when the run began."""

    url: str
    version: str
    session: requests.Session
    waited: Waited
    started_at: datetime = field(default_factory=lambda: datetime.now(times.UTC))
    workspace_id: str | None = None
    workspace_created_at: datetime | None = None
    accounts: dict[str, Account] = field(default_factory=lambda: defaultdict(Account))
    drained: dict[str, IO[Any]] = field(default_factory=dict)
    definitions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    # What more than one stream begins with.
    shared: set[str] = field(default_factory=set)
    received: Received = field(default_factory=Received)
    # What was asked before the streams are read one after the other, by what was asked.
    begun: dict[str, Future[tuple[Body, float]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """See to it that the files that streams share are closed with the run."""
        weakref.finalize(self, _close, self.drained)

    @property
    def left_out(self) -> dict[str, str]:
        """The streams that ended early, and why."""
        return {name: one.left_out for name, one in self.accounts.items() if one.left_out}

    def has(self, version: str) -> bool:
        """Say whether the API version in use is this one or newer."""
        return VERSIONS.index(self.version) >= VERSIONS.index(version)


def _close(files: Mapping[str, IO[Any]]) -> None:
    for one in files.values():
        one.close()


@dataclass(frozen=True)
class Answer:
    """An answer that is not what was asked for, reduced to what decides the next step."""

    status: int
    codes: AbstractSet[str] = frozenset()
    text: str = ""
    request_id: str | None = None
    is_json: bool = True

    @classmethod
    def read(cls, response: requests.Response) -> Answer:
        """Read Intercom's `error.list`, or note that a load balancer's page came instead."""
        is_json = True
        try:
            body = decode(response)
        except RetriableAPIError:
            body, is_json = {}, False
        body = body if isinstance(body, dict) else {}
        listed = body.get("errors")
        errors = [one for one in listed if isinstance(one, dict)] if type(listed) is list else []
        said = "; ".join(str(one.get("message") or one.get("code")) for one in errors)
        return cls(
            status=response.status_code,
            codes={str(one.get("code")) for one in errors},
            text=said[:500] if is_json else response.reason or "",
            request_id=body.get("request_id") or response.headers.get("X-Request-Id"),
            is_json=is_json,
        )

    def __str__(self) -> str:
        """Say it in a sentence, with Intercom's own code and request id."""
        kind = ", ".join(sorted(self.codes)) if self.is_json else "not from Intercom's API"
        parts = [f"Intercom answered {self.status}", f" ({kind})" if kind else ""]
        parts += [f": {self.text.rstrip('.')}" if self.text else ""]
        parts += [f" [request id {self.request_id}]" if self.request_id else ""]
        return "".join(parts) + "."


RETRY, SKIP, STOP = "retry", "skip", "stop"
NO_PERMISSION, NO_PLAN, NO_VERSION = "no permission", "not in the plan", "not in the version"

# (statuses, codes or any, JSON or not or either) -> what to do; the first row that fits decides.
# https://developers.intercom.com/docs/references/rest-api/errors/http-responses
OUTCOMES: tuple[tuple[AbstractSet[int], AbstractSet[str], bool | None, str], ...] = (
    (frozenset({400}), frozenset({"scroll_exists"}), True, RETRY),
    (frozenset({400}), frozenset({"intercom_version_invalid"}), True, NO_VERSION),
    (frozenset({402}), frozenset(), None, NO_PLAN),
    (frozenset({403}), frozenset({"api_plan_restricted"}), True, NO_PLAN),
    (frozenset({403}), frozenset(), False, RETRY),  # the load balancer's, now and then
    (frozenset({401, 403}), frozenset(), None, NO_PERMISSION),
    (frozenset({404, 410}), frozenset(), None, SKIP),
    (frozenset({408, 425, 429, *range(500, 600)}), frozenset(), None, RETRY),
    (frozenset(range(300, 600)), frozenset(), None, STOP),
)

ADVICE = {
    NO_PERMISSION: "Tick {permission} in Intercom's Developer Hub (your app, Configure, "
    "Authentication), or deselect the stream.",
    NO_PLAN: "The workspace's plan does not include it; deselect the stream.",
    NO_VERSION: "Set a newer api_version, or deselect the stream.",
    SKIP: "It is not there, or no longer: deleted, or merged into another.",
    STOP: "Asking again will not help; if the settings are right, please report this.",
}


def outcome(answer: Answer) -> str:
    """Look up what to do about an answer that is an error."""
    return next(
        result
        for statuses, codes, is_json, result in OUTCOMES
        if answer.status in statuses
        and (not codes or codes & answer.codes)
        and is_json in {None, answer.is_json}
    )


ERRORS: Mapping[str, type[IntercomError]] = {
    NO_PERMISSION: NotAvailable,
    NO_PLAN: NotAvailable,
    NO_VERSION: NotAvailable,
    SKIP: Gone,
    STOP: IntercomError,
}

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 32.0


def status_of(error: BaseException | None) -> int | None:
    """Read the status of the answer that an error is about; None if there was no answer."""
    return getattr(getattr(error, "response", None), "status_code", None)


def wait_seconds(error: BaseException, tries: int) -> float:
    """Say how long to wait before the next try: what the server asks for, else longer each time.

    Intercom documents no `Retry-After`; a proxy before it may send one.
    """
    response = getattr(error, "response", None)
    headers: Mapping[str, str] = {} if response is None else response.headers
    exponential: float = min(FIRST_WAIT_SECONDS * 2**tries, LONGEST_WAIT_SECONDS) * _jitter()
    if headers.get("Retry-After", "").isdecimal():
        return min(float(headers["Retry-After"]), LONGEST_WAIT_SECONDS)
    if status_of(error) == requests.codes.too_many_requests:
        try:
            reset = times.seconds_to_reset(headers) + FIRST_WAIT_SECONDS * _jitter()
        except (KeyError, ValueError):
            return exponential
        return min(max(reset, exponential), LONGEST_WAIT_SECONDS)
    return exponential


def _jitter() -> float:
    """Spread out those that wait for the same thing."""
    return random.uniform(0.5, 1)  # noqa: S311


# JSON can carry what neither PostgreSQL nor a strict JSON reader takes: NUL, which is removed,
# halves of surrogate pairs, NaN and numbers beyond a double, which stay as text.
NUL = b"\\u0000"


def decode(response: requests.Response) -> Body:
    """Decode a body.

    Raises:
        RetriableAPIError: It is empty or not JSON, which Intercom sends with a 200 at times.
    """
    content = response.content
    try:
        if NUL not in content:
            return msgspec.json.decode(content)
    except (ValueError, RecursionError):
        pass  # it may be JSON that is odd
    try:
        return _storable(json.loads(content, parse_float=_finite, parse_constant=str))
    except (ValueError, RecursionError) as error:
        msg = f"Intercom answered {response.status_code} with a body that is not JSON."
        raise RetriableAPIError(msg, response) from error


def _finite(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(item) for name, item in value.items()}
    return value


class IntercomStream(RESTStream[Any]):
    """One kind of thing in the workspace, asked for over the run's one connection."""

    component: ClassVar[str]
    # What to tick in the Developer Hub for it, and since when the API has it.
    permission: ClassVar[str] = "the permission for it"
    min_version: ClassVar[str] = "2.0"
    max_tries = 10

    TYPE_CONFORMANCE_LEVEL = schema.SDK_CONFORMANCE
    STATE_MSG_FREQUENCY = 1000
    _LOG_REQUEST_METRICS = False

    primary_keys: Sequence[str] = ("id",)
    allow_redirects = False

    def __init__(self, tap: Tap, connection: Connection) -> None:
        """Declare the schema of the stream's component."""
        self.connection = connection
        self.account = connection.accounts[self.name]
        super().__init__(tap=tap, schema=self.declared_schema(tap))

    def declared_schema(self, tap: Tap) -> dict[str, Any]:  # noqa: ARG002  for those that look it up
        """Build the JSON Schema of the stream's records."""
        return schema.stream_schema(self.component)

    @cached_property
    def _fit(self) -> Callable[[dict[str, Any]], dict[str, Any]]:
        return schema.compiled(self.schema, type(self).primary_keys)  # whatever a catalog says

    @override
    def post_process(self, row: dict[str, Any], context: object = None) -> dict[str, Any]:
        return self._fit(row)

    @override
    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        """Log what the SDK has to say, but for the end of a dry run, which it calls an error."""
        if self.ABORT_AT_RECORD_COUNT is None or level < logging.ERROR:
            super().log(message, *args, level=level, **kwargs)

    # How a request goes out

    @property
    @override
    def url_base(self) -> str:
        return self.connection.url

    @property
    @override
    def requests_session(self) -> requests.Session:
        return self.connection.session

    @property
    @override
    def authenticator(self) -> Any:
        return self.connection.session.auth

    @property
    @override
    def http_headers(self) -> dict[str, str]:
        return {
            "Intercom-Version": self.connection.version,
            "Accept": "application/json",
            "User-Agent": self.config.get("user_agent") or USER_AGENT,
        }

    @property
    @override
    def timeout(self) -> int:
        return int(self.config["request_timeout"])

    def fetch(self, request: Request) -> Body:
        """Send a request and give back the decoded body of its answer."""
        return self.exchange(request)[0]

    def exchange(self, request: Request) -> tuple[Body, Mapping[str, str]]:
        """Send a request, again where that may help, and give back its answer's body and headers.

        Raises:
            NotAvailable, Gone, IntercomError: See there. What is still failing after `max_tries`
                tries is an `IntercomError` too.
        """
        try:
            return self.request_decorator(self.attempt)(request)  # type: ignore[no-any-return]
        except TooLarge as error:
            raise IntercomError(self.name, f"Not read, as {error}. {ADVICE[STOP]}") from error
        except RetriableAPIError as error:
            problem = f"{error} It did so {self.max_tries} times; run again later."
            raise IntercomError(self.name, problem) from error
        except requests.RequestException as error:
            problem = (
                f"{self.url_base} could not be reached: {cause(error)}."
                " Check the network, and region or api_url."
            )
            raise IntercomError(self.name, problem) from error

    def attempt(self, request: Request) -> tuple[Body, Mapping[str, str]]:
        """Send a request once."""
        prepared = self.build_prepared_request(
            method="GET" if request.body is None else "POST",
            url=self.url_base + request.path,
            params=request.params,
            json=request.body,
            headers=self.http_headers,
        )
        with self.accounted():
            response = self._request(prepared, None)
        self.connection.received.bytes += len(response.content)
        return decode(response), response.headers

    @contextmanager
    def accounted(self) -> Iterator[None]:
        """Note that a call is made, and how long it waits for its permit."""
        waited = self.connection.waited
        before = waited.seconds
        try:
            yield
        finally:
            self.account.called(waited.seconds - before)

    @override
    def validate_response(self, response: requests.Response) -> None:
        if response.status_code < requests.codes.multiple_choices:
            return
        answer = Answer.read(response)
        result = outcome(answer)
        if result == RETRY:
            raise RetriableAPIError(str(answer), response)
        problem = f"{answer} {ADVICE[result].format(permission=self.permission)}"
        raise ERRORS[result](self.name, problem, answer)

    # When it is sent again

    @override
    def request_decorator(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Retry as the SDK does, with our waits, and one line in the log for each."""
        return backoff.on_exception(
            self.backoff_wait_generator,
            (RetriableAPIError, requests.RequestException),
            max_tries=self.max_tries,
            giveup=lambda error: isinstance(error, TooLarge),
            on_backoff=self.backoff_handler,
            jitter=None,
            logger=None,
        )(func)

    @override
    def backoff_wait_generator(self) -> Generator[float, Any, None]:
        error = yield 0.0
        tries = 0
        while True:
            error = yield wait_seconds(error, tries)
            tries += 1

    @override
    def backoff_handler(self, details: Details) -> None:
        error = details.get("exception")
        is_refused = status_of(error) == requests.codes.too_many_requests
        self.account.retried(details.get("wait", 0.0) if is_refused else 0.0)
        self.logger.warning(
            "%s Trying again in %.1f seconds (%d of %d).",
            error if isinstance(error, RetriableAPIError) else f"No answer: {cause(error)}.",
            details.get("wait", 0),
            details["tries"] + 1,
            self.max_tries,
        )


def cause(error: BaseException | None) -> str:
    """Name the innermost reason of a network error, without the object addresses around it."""
    while error is not None and (error.__cause__ or error.__context__):
        error = error.__cause__ or error.__context__
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")
