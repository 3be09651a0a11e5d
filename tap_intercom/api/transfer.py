"""How large may an answer be, and how long may it take to arrive?

Larger than any page of Intercom's it may not be, however well it is packed; and no longer than the
timeout, which else would begin anew with each byte that drips in.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import requests
from typing_extensions import override
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import DecodeError, ProtocolError, ReadTimeoutError, SSLError

if TYPE_CHECKING:
    from collections.abc import Iterator

# The largest that is known are conversations of 500 parts, with some ten kilobytes of HTML each.
MOST_BYTES = 64 * 1024 * 1024
CHUNK_BYTES = 256 * 1024
MOST_OF_AN_ERROR = 1024 * 1024


class TooLarge(requests.RequestException):
    """An answer is larger than any that Intercom gives."""


class TooSlow(requests.ReadTimeout):
    """An answer did not arrive whole in time."""


class BoundedSession(requests.Session):
    """Reads the body of each answer, within bounds, unless it is asked for as a stream."""

    @override
    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request and read the answer.

        Raises:
            TooLarge, TooSlow: There are more than `MOST_BYTES` of it, unpacked, or it takes longer
                than the `timeout`, in seconds.
        """
        began = time.monotonic()
        response = super().send(request, **{**kwargs, "stream": True})
        if kwargs.get("stream") or not isinstance(response.raw, BaseHTTPResponse):
            return response
        timeout = kwargs.get("timeout")
        try:
            body = b"".join(_chunks(response, began + timeout if timeout else None))
        except BaseException:
            response.close()
            raise
        response._content = body  # noqa: SLF001  what `content` gives
        return response


def _chunks(response: requests.Response, deadline: float | None) -> Iterator[bytes]:
    """Yield what has arrived of a body, as it arrives."""
    size = 0
    while chunk := received(response):
        size += len(chunk)
        if size > MOST_BYTES:
            msg = f"the answer is larger than {MOST_BYTES // 1024**2} MB"
            raise TooLarge(msg, response=response)
        yield chunk
        if deadline is not None and time.monotonic() > deadline:
            msg = "the answer did not arrive whole within request_timeout"
            raise TooSlow(msg, response=response)


def received(response: requests.Response, *, unpack: bool = True) -> bytes:
    """Wait for the next bytes of a body, none at its end; unpacked, as its headers say, or not.

    Raises:
        RequestException: It breaks off, or falls silent, or is not packed as it says.
    """
    try:
        return response.raw.read1(CHUNK_BYTES, decode_content=unpack) or b""
    except ProtocolError as error:
        raise requests.exceptions.ChunkedEncodingError(error) from error
    except DecodeError as error:
        raise requests.exceptions.ContentDecodingError(error) from error
    except ReadTimeoutError as error:
        raise requests.ReadTimeout(error) from error
    except SSLError as error:
        raise requests.exceptions.SSLError(error) from error


def read_beginning(response: requests.Response) -> None:
    """Read no more of the body of a streamed answer than an error may have."""
    response._content = next(response.iter_content(MOST_OF_AN_ERROR), b"")  # noqa: SLF001
