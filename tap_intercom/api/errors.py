"""What does a failure mean, and what is done about it?

A call that did not bring what was asked for is reduced to a `Failure`. The first row of a table
that fits it says what is done. Rows stand for all requests (`VERDICTS`), or before those for one
kind of request (`OF_SEARCHES`, `IN_A_SCROLL`, `OF_EXPORTS`):

    RETRY       ask again, as it may pass
    SMALLER     ask again, for a smaller page
    RESTART     begin the scroll anew
    WAIT        ask again when others have ended: a workspace has one scroll, and few jobs, at once
    SKIP_ROWS   go on without the rows of the one parent that was asked about, which is gone
    LEAVE_OUT   go on without the stream, and say so
    STOP        ask no more for this: the stream fails, or only the parent that was asked about

How far a failure reaches is decided by whoever asked, from what is raised: `shapes/children` goes
on without one parent's rows, and remembers them; `shapes/shape` without the stream; what `EndsRun`
ends the run.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from singer_sdk.exceptions import FatalAPIError

from tap_intercom.api.bodies import Doubtful, Garbled, decode
from tap_intercom.api.transfer import TooLarge, TooSlow
from tap_intercom.plain import Sentence, plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    import requests
    from typing_extensions import Self

    from tap_intercom.api.bodies import Body

RETRY, SMALLER, RESTART, WAIT = "retry", "smaller", "restart", "wait"
SKIP_ROWS, LEAVE_OUT, STOP = "skip the rows", "leave out", "stop"

# Why a stream is left out.
NO_PERMISSION, NO_PLAN, NO_VERSION = "no permission", "not in the plan", "not in the version"

# Statuses of what is one too many, of what is not there, and of what may pass.
TOO_MANY = 429
NOT_THERE = frozenset({404, 410})
FIRST_REDIRECT = 300
PASSING = frozenset({408, 425, TOO_MANY, *range(500, 600)})

# What came: Intercom's JSON, a page of something before it, a body that is none of what was asked
# for, nothing, nothing in time, or too much; or there is no host of that name.
ANSWER, PAGE, GARBLED = "answer", "page", "garbled"
SILENT, SLOW, LARGE, NOWHERE = "silent", "slow", "large", "nowhere"
# It is what was asked for, and contradicts itself.
DOUBTFUL = "doubtful"

# The status that an error has by its code, where the answer has that of a success.
MEANT: Mapping[str, int] = {
    "rate_limit_exceeded": TOO_MANY,
    "too_many_requests": TOO_MANY,
    **dict.fromkeys(
        (
            "unauthorized",
            "missing_authorization",
            "token_unauthorized",
            "token_revoked",
            "token_blocked",
            "token_expired",
            "token_not_found",
        ),
        401,
    ),
    **dict.fromkeys(("forbidden", "action_forbidden", "api_plan_restricted"), 403),
    "request_timeout": 408,
    "conflict": 409,
    "resource_conflict": 409,
    "contact_merged": 410,
    "unprocessable_entity": 422,
    "server_error": 500,
    "service_unavailable": 503,
    **dict.fromkeys(
        (
            "bad_request",
            "client_error",
            "intercom_version_invalid",
            "parameter_invalid",
            "parameter_not_found",
            "scroll_exists",
        ),
        400,
    ),
}


# How much is repeated of what a server says.
MOST_SAID = 500


@dataclass(frozen=True)
class Failure:
    """What decides the next step about a call that did not bring what was asked for."""

    kind: str
    status: int | None = None
    codes: AbstractSet[str] = frozenset()
    text: str = ""
    request_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of_answer(cls, response: requests.Response) -> Failure:
        """Read Intercom's `error.list`, or note that a load balancer's page came instead."""
        try:
            return cls.of_errors(decode(response), response)
        except Garbled:
            return replace(
                cls.of_errors({}, response), kind=PAGE, text=_short(response.reason or "")
            )

    @classmethod
    def of_errors(cls, body: Body, response: requests.Response) -> Failure:
        """Read Intercom's `error.list`, by its codes where it has the status of a success.

        Where nobody knows those, it is as good as no answer.
        """
        body = body if isinstance(body, dict) else {}
        listed = body.get("errors")
        errors = [one for one in listed if isinstance(one, dict)] if type(listed) is list else []
        said = "; ".join(str(one.get("message") or one.get("code")) for one in errors)
        asked = body.get("request_id") or response.headers.get("X-Request-Id")
        codes = {_short(one.get("code")) for one in errors}
        kind, status = ANSWER, response.status_code
        if status < FIRST_REDIRECT:
            said = f"Intercom answered {status} with an error: {said.rstrip('.') or 'none'}."
            meant = next(filter(None, map(_meant, sorted(codes))), None)
            kind, status = (GARBLED, status) if meant is None else (ANSWER, meant)
        return cls(
            kind,
            status=status,
            codes=codes,
            text=_short(said),
            request_id=_short(asked) if asked else None,
            headers=response.headers,
        )

    @property
    def is_refused(self) -> bool:
        """Say whether it was one call too many for the rate limit."""
        return self.status == TOO_MANY

    @classmethod
    def of_network(cls, error: requests.RequestException) -> Failure:
        """Say what became of a call that brought no answer, or none that could be read whole."""
        if isinstance(error, TooLarge):
            return cls(LARGE, text=str(error))
        reason = innermost(error)
        is_nowhere = isinstance(reason, socket.gaierror) and reason.errno in NO_SUCH_NAME
        kind = SLOW if isinstance(error, TooSlow) else NOWHERE if is_nowhere else SILENT
        return cls(kind, text=_short(cause(error)))

    @classmethod
    def of_body(cls, error: Garbled, response: requests.Response) -> Failure:
        """Say that the body of an answer is not what was asked for."""
        kind = DOUBTFUL if isinstance(error, Doubtful) else GARBLED
        return cls(kind, status=response.status_code, text=_short(error), headers=response.headers)

    def __str__(self) -> str:
        """Say it in a sentence, with Intercom's own code and request id."""
        if self.kind in {GARBLED, DOUBTFUL}:
            return self.text
        if self.kind == LARGE:
            return f"Not read, as {self.text}."
        if self.status is None:
            return f"No answer: {self.text}."
        kind = ", ".join(sorted(self.codes)) if self.kind == ANSWER else "not from Intercom's API"
        parts = [f"Intercom answered {self.status}", f" ({kind})" if kind else ""]
        parts += [f": {self.text.rstrip('.')}" if self.text else ""]
        parts += [f" [request id {self.request_id}]" if self.request_id else ""]
        return "".join(parts) + "."


class IntercomError(FatalAPIError, Sentence):
    """Intercom will not give what was asked, and asking again would not help.

    The message says what happened, on which stream, and what to do; on a terminal nothing else is
    shown.
    """

    def __init__(
        self, stream: str, problem: str, failure: Failure | None = None, why: str = ""
    ) -> None:
        """Take the stream, what is wrong, the failure that it is about, and a word for why."""
        super().__init__(f"{stream}: {problem}")
        self.problem = problem
        self.failure = failure
        self.why = why

    def about(self, stream: str) -> Self:
        """Say the same of another stream."""
        return type(self)(stream, self.problem, self.failure, self.why)

    @property
    def is_page_of_none(self) -> bool:
        """Say whether a page of something before Intercom said that there is nothing there."""
        failure = self.failure
        return failure is not None and failure.kind == PAGE and failure.status in NOT_THERE


class EndsRun(IntercomError):
    """What fails for every stream: there is no use in going on with the next."""


class TokenRefused(EndsRun):
    """Intercom does not know the token, or no longer."""


class Unreachable(EndsRun):
    """Nothing has come from Intercom for as long as the user wants to wait."""


class StillFailing(IntercomError):
    """It failed each time it was sent, in a way that may pass."""


class NotAvailable(IntercomError):
    """The token's permissions, the workspace's plan or the API version leave this out (401-403)."""


class Gone(IntercomError):
    """What was asked for has been deleted or merged since it was listed (404, 410)."""


LOST = "The scroll was lost. "


class ScrollLost(IntercomError):
    """The companies scroll broke in the middle, expired or ended, and must start again."""

    def __init__(
        self, stream: str, problem: str, failure: Failure | None = None, why: str = ""
    ) -> None:
        """Say first that it was lost."""
        problem = problem.removeprefix(LOST)
        super().__init__(stream, f"{LOST}{problem}", failure, why)

    @property
    def is_not_there(self) -> bool:
        """Say whether Intercom itself answered that there is no such scroll."""
        failure = self.failure
        return failure is not None and failure.kind == ANSWER and failure.status in NOT_THERE


class Occupied(IntercomError):
    """Others have what a workspace has few of: its jobs of export (429), or its one scroll."""


# What is raised of a verdict that does not send the request again.
ERRORS: Mapping[str, type[IntercomError]] = {
    RESTART: ScrollLost,
    WAIT: Occupied,
    SKIP_ROWS: Gone,
    LEAVE_OUT: NotAvailable,
    STOP: IntercomError,
}


class Row(NamedTuple):
    """Which failures it is about, and what is done. What is empty fits everything.

    `says` must be part of what Intercom says, in small letters. `why` is a word for a stream that
    is left out; `advice` what a person is told, after the failure, of what can be done; `tries` how
    often such a failure may come of one request, where it is fewer times than of others.
    """

    verdict: str
    statuses: AbstractSet[int] = frozenset()
    codes: AbstractSet[str] = frozenset()
    kinds: AbstractSet[str] = frozenset()
    says: str = ""
    why: str = ""
    advice: str = ""
    tries: int | None = None

    def fits(self, failure: Failure) -> bool:
        """Say whether a failure is one of those that the row is about."""
        return (
            (not self.statuses or failure.status in self.statuses)
            and (not self.codes or bool(self.codes & failure.codes))
            and (not self.kinds or failure.kind in self.kinds)
            and self.says in failure.text.lower()
        )


Table = tuple[Row, ...]

# That a name cannot be looked up just now is another thing.
NO_SUCH_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})

UNREAD = frozenset({SILENT, SLOW, GARBLED, NOWHERE})
SCROLL_EXISTS = frozenset({"scroll_exists"})
ALREADY_SCROLLED = "scroll already exists"
PLAN_RESTRICTED = frozenset({"api_plan_restricted"})
REDIRECTS = frozenset(range(FIRST_REDIRECT, 400))

TICK = (
    "Tick {permission} in Intercom's Developer Hub (your app, Configure, Authentication), or"
    " deselect the stream."
)
NOT_IN_PLAN = "The workspace's plan does not include it; deselect the stream."
NEWER = "Set a newer api_version, or deselect the stream."
DELETED = "It is not there, or no longer: deleted, or merged into another."
REPORT = "Asking again will not help; if the settings are right, please report this."
HELD = (
    "Another run or app is reading the companies, and a workspace has one scroll at a time, which"
    " ends a minute after its last call."
)
RUN_LATER = "Run again later."

# The first row that fits decides.
# https://developers.intercom.com/docs/references/rest-api/errors/http-responses
VERDICTS: Table = (
    Row(RETRY, kinds=UNREAD),
    Row(RETRY, kinds=frozenset({DOUBTFUL}), tries=3),
    Row(STOP, kinds=frozenset({LARGE}), advice=REPORT),
    Row(WAIT, codes=SCROLL_EXISTS, advice=HELD),
    Row(WAIT, says=ALREADY_SCROLLED, advice=HELD),
    # A proxy's or a load balancer's: Intercom has no redirects. They are never followed.
    Row(RETRY, REDIRECTS),
    Row(
        LEAVE_OUT,
        frozenset({400}),
        frozenset({"intercom_version_invalid"}),
        why=NO_VERSION,
        advice=NEWER,
    ),
    Row(LEAVE_OUT, frozenset({402}), why=NO_PLAN, advice=NOT_IN_PLAN),
    Row(LEAVE_OUT, frozenset({403}), PLAN_RESTRICTED, why=NO_PLAN, advice=NOT_IN_PLAN),
    # The load balancer's, now and then.
    Row(RETRY, frozenset({403}), kinds=frozenset({PAGE})),
    Row(LEAVE_OUT, frozenset({401, 403}), why=NO_PERMISSION, advice=TICK),
    # What a page of something before Intercom says is no word of Intercom's: that nothing is there
    # may be true of the page only.
    Row(RETRY, NOT_THERE, kinds=frozenset({PAGE}), tries=3),
    Row(SKIP_ROWS, NOT_THERE, advice=DELETED),
    Row(RETRY, PASSING),
    Row(STOP, advice=REPORT),
)

# Of one parent, which may be refused where others are not.
OF_PARENTS: Table = (
    Row(STOP, frozenset({402}), why=NO_PLAN, advice=NOT_IN_PLAN),
    Row(STOP, frozenset({403}), PLAN_RESTRICTED, why=NO_PLAN, advice=NOT_IN_PLAN),
    Row(STOP, frozenset({403}), kinds=frozenset({ANSWER}), why=NO_PERMISSION, advice=TICK),
    *VERDICTS,
)

# A search that is too much for Intercom answers 502 or 504, and over some spans 404 "Message
# deleted", until a page is small enough. When a page is of one record, the last row is left of it.
OF_SEARCHES: Table = (
    Row(SMALLER, frozenset({404, 408, 500, 502, 503, 504})),
    Row(SMALLER, kinds=frozenset({SLOW, SILENT, LARGE})),
    Row(RETRY, frozenset({404})),
    *VERDICTS,
)

# Each answer moves a scroll on, also one that does not arrive whole: asking again would give the
# page after it. Only a 429 is refused before it is looked at.
IN_A_SCROLL: Table = (
    Row(RETRY, frozenset({429})),
    Row(RESTART, PASSING | NOT_THERE | REDIRECTS, advice=RUN_LATER),
    Row(RESTART, frozenset({403}), kinds=frozenset({PAGE}), advice=RUN_LATER),
    Row(RESTART, codes=SCROLL_EXISTS, advice=RUN_LATER),
    Row(RESTART, says=ALREADY_SCROLLED, advice=RUN_LATER),
    Row(RESTART, kinds=UNREAD | {LARGE}, advice=RUN_LATER),
    *VERDICTS,
)

# "Exceeded rate limit of 1 pending message data export jobs": not the limit of calls.
OF_EXPORTS: Table = (Row(WAIT, frozenset({429}), says="pending"), *VERDICTS)


def _short(said: object) -> str:
    """Give what may be shown of what a server says, and of that only so much."""
    return plain(str(said))[:MOST_SAID]


def _meant(code: str) -> int | None:
    """Give the status that an error with this code comes with; None if nobody knows it."""
    return MEANT.get(code) or (404 if code.endswith("not_found") else None)


def judged(failure: Failure, rows: Table) -> Row:
    """Look up what to do about a failure."""
    return next(row for row in rows if row.fits(failure))


def innermost(error: BaseException | None) -> BaseException | None:
    """Find the innermost reason of an error."""
    while error is not None and (error.__cause__ or error.__context__):
        error = error.__cause__ or error.__context__
    return error


def cause(error: BaseException | None) -> str:
    """Name the innermost reason of a network error, without the object addresses around it."""
    error = innermost(error)
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")
