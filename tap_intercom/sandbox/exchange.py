"""What is a call, and what is an answer? The values that pass between the sandbox's rooms."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Header = tuple[bytes, bytes]

JSON = b"application/json; charset=utf-8"
HTML = b"text/html"


class Ending(Enum):
    """How an exchange ends."""

    ANSWER = "the whole response is sent"
    RESET = "the connection is reset before anything is sent"
    STALL = "half of the body is sent, then nothing, until the connection is reset"


@dataclass(frozen=True, slots=True)
class Reply:
    """One response. `bare` ones come from a load balancer, which knows no rate limit.

    `chunks` are sent instead of a body, `every` so many seconds, without saying how long it is;
    `raw` are sent instead of the whole response, head and all, and the connection is reset then.
    """

    status: int = 200
    body: bytes = b""
    headers: tuple[Header, ...] = ()
    content_type: bytes = JSON
    records: int = 0
    bare: bool = False
    delay: float = 0.0
    ending: Ending = Ending.ANSWER
    chunks: Callable[[], Iterable[bytes]] | None = None
    raw: Callable[[], Iterable[bytes]] | None = None
    every: float = 0.0

    def changed(self, change: Callable[[Any], object]) -> Reply:
        """Change what it holds, which is JSON, in place."""
        body = msgspec.json.decode(self.body)
        change(body)
        return replace(self, body=msgspec.json.encode(body))


@dataclass(slots=True)
class Call:
    """One request, as the endpoints see it."""

    method: str
    path: str
    template: str
    token: str
    version: tuple[int, int]
    query: dict[str, str] = field(default_factory=dict)
    raw: bytes = b""
    argument: str = ""
    resources: tuple[str, ...] = ()
    modern: bool = False
    accept: str = ""
    nth: int = 1
    total: int = 1

    def body(self) -> dict[str, Any]:
        """Read the JSON body, or refuse it."""
        if not self.raw:
            return {}
        try:
            decoded = msgspec.json.decode(self.raw)
        except msgspec.DecodeError:
            raise Refusal(400, "bad_request", "The body is not valid JSON.") from None
        if not isinstance(decoded, dict):
            raise Refusal(400, "bad_request", "The body must be a JSON object.")
        return decoded


class Refusal(Exception):
    """Intercom says no, with a status, a code and a message."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        field: str | None = None,
        headers: tuple[Header, ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.headers = headers


def refused(refusal: Refusal, request_id: str) -> Reply:
    """Write a refusal as Intercom's error.list."""
    error = {"code": refusal.code, "message": refusal.message}
    if refusal.field is not None:
        error["field"] = refusal.field
    body = {"type": "error.list", "request_id": request_id, "errors": [error]}
    return Reply(refusal.status, msgspec.json.encode(body), headers=refusal.headers)
