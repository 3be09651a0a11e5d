"""What arrives when a call fails? One function for each way in which calls have been seen to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from .exchange import HTML, JSON, Call, Ending, Refusal, Reply
from .limits import Allowance, exceeded

if TYPE_CHECKING:
    from .state import State

    Misfortune = Callable[[State, Call, "Proceed"], Reply]

Proceed = Callable[[], Reply]


def page(title: str, server: str) -> bytes:
    """Write the page of HTML that stands before the API when the API is not to be had."""
    head = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
    center = f"<center><h1>{title}</h1></center>\r\n<hr><center>{server}</center>\r\n"
    return f"{head}{center}</body>\r\n</html>\r\n".encode()


def html(status: int, title: str, server: str = "nginx") -> Reply:
    """Answer as a load balancer or proxy does."""
    return Reply(status, page(f"{status} {title}", server), content_type=HTML, bare=True)


def error(status: int, code: str, message: str) -> Reply:
    """Answer with an error of Intercom's own."""
    told = {"code": code, "message": message}
    body = {"type": "error.list", "request_id": None, "errors": [told]}
    return Reply(status, msgspec.json.encode(body))


SERVER_ERROR = error(500, "server_error", "An unknown error occurred.")
BAD_GATEWAY = html(502, "Bad Gateway")
UNAVAILABLE = error(503, "service_unavailable", "Sorry, the API service is unavailable.")
TIMED_OUT = error(408, "request_timeout", "The request took too long.")
RESET = Reply(ending=Ending.RESET)
EMPTY = Reply()
FORBIDDEN_HTML = html(403, "Forbidden", "awselb/2.0")
GATEWAY_TIMEOUT = html(504, "Gateway Time-out")
# Of a proxy in between, which takes its own page for the answer.
WRONG_TYPE = Reply(200, page("Welcome", "nginx"), content_type=HTML)


def as_is(_: State, __: Call, proceed: Proceed) -> Reply:
    """Nothing goes wrong."""
    return proceed()


def always(reply: Reply) -> Misfortune:
    """Answer nothing but this."""
    return lambda _, __, ___: reply


def truncated(_: State, __: Call, proceed: Proceed) -> Reply:
    """Cut JSON off in the middle; a file that is cut off shows in the connection."""
    reply = proceed()
    if reply.content_type != JSON:
        return RESET
    return Reply(reply.status, reply.body[: len(reply.body) // 2], reply.headers)


def not_gzip(_: State, __: Call, proceed: Proceed) -> Reply:
    """Call a body compressed that is not."""
    reply = proceed()
    return replace(reply, headers=(*reply.headers, (b"content-encoding", b"gzip")), records=0)


def stalled(state: State, _: Call, proceed: Proceed) -> Reply:
    """Send half of the body and fall silent."""
    return replace(proceed(), delay=state.options.hang, ending=Ending.STALL)


def hanging(state: State, _: Call, __: Proceed) -> Reply:
    """Never answer."""
    return Reply(delay=state.options.hang, ending=Ending.RESET)


def too_many(state: State, _: Call, __: Proceed) -> Reply:
    """Refuse a call as one too many, for less than a second."""
    raise Refusal(
        429,
        "rate_limit_exceeded",
        exceeded(167).message,
        headers=Allowance(167, 0, int(state.clock.now()) + 1).headers(),
    )


FAILURES: dict[str, Misfortune] = {
    "500": always(SERVER_ERROR),
    "502": always(BAD_GATEWAY),
    "503": always(UNAVAILABLE),
    "504": always(GATEWAY_TIMEOUT),
    "408": always(TIMED_OUT),
    "rate-limited": too_many,
    "reset": always(RESET),
    "empty": always(EMPTY),
    "truncated": truncated,
    "html403": always(FORBIDDEN_HTML),
    "html200": always(WRONG_TYPE),
    "not-gzip": not_gzip,
    "stalled": stalled,
    "hanging": hanging,
}
