"""What is in an answer, and where?

JSON can carry what neither PostgreSQL nor a strict JSON reader takes: NUL, which is removed, halves
of surrogate pairs, which are replaced, NaN and numbers beyond a double, which stay as text.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

Body = Any
Record = dict[str, Any]

DIGITS = re.compile("[0-9]{1,18}")

NUL = b"\\u0000"


class Garbled(Exception):
    """The body of an answer is not what it should be; it may be when it is asked for again."""


class Doubtful(Garbled):
    """A page contradicts itself. What it says all the same when it is asked again is taken."""


class Refused(Exception):
    """An answer is an error, whatever its status says."""

    def __init__(self, body: Body) -> None:
        """Take what it says."""
        super().__init__()
        self.body = body


def answered(response: requests.Response) -> Body:
    """Decode a body that holds what was asked for.

    Raises:
        Garbled: It is empty or not JSON.
        Refused: It is an error.
    """
    body = decode(response)
    if is_error(body):
        raise Refused(body)
    return body


def is_error(body: Body) -> bool:
    """Say whether a body is Intercom's list of errors, and not a record that has some."""
    if not isinstance(body, dict):
        return False
    is_alone = bool(body.get("errors")) and body.keys() <= {"type", "request_id", "errors"}
    return body.get("type") == "error.list" or is_alone


def number(value: Any) -> int | None:
    """Read a number that may be written as text; None if it is none, or no whole one."""
    if isinstance(value, str):
        return int(value) if DIGITS.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if value == int(value) else None


def decode(response: requests.Response) -> Body:
    """Decode a body of JSON.

    Raises:
        Garbled: It is empty or not JSON, which Intercom sends with a 200 at times.
    """
    try:
        return read_json(response.content)
    except (ValueError, RecursionError) as error:
        msg = f"Intercom answered {response.status_code} with a body that is not JSON."
        raise Garbled(msg) from error


def read_json(content: bytes) -> Body:
    """Read JSON, however odd it is.

    Raises:
        ValueError, RecursionError: It is none, or nested too deeply.
    """
    try:
        if NUL not in content:
            return msgspec.json.decode(content)
    except (ValueError, RecursionError):
        pass  # it may be JSON that is odd
    return _storable(json.loads(content, parse_float=_finite, parse_constant=str))


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


def at(paths: str, body: Any) -> Any:
    """Follow dotted paths, with a bar between, to the first that leads to something; else None."""
    return next((found for found in found_at(paths, body) if found is not None), None)


def found_at(paths: str, body: Any) -> Iterator[Any]:
    """Yield what each path leads to, null or not."""
    for path in paths.split("|"):
        found = body
        try:
            for name in filter(None, path.split(".")):
                found = found[name]
        except (KeyError, TypeError):
            continue
        yield found
