"""An Intercom made of prepared answers."""

from __future__ import annotations

import io
import json
from collections import deque
from typing import Any

import requests
from requests.adapters import BaseAdapter

TOKEN = "dG9rOnNlY3JldA=="
URL = "https://intercom.test"


def answer(
    status: int, body: Any = b"", headers: dict[str, str] | None = None
) -> requests.Response:
    """Make an answer; a body that is not bytes is written as JSON."""
    response = requests.Response()
    response.status_code = status
    response.reason = "Reason"
    response.raw = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
    response.headers.update(headers or {})
    return response


class Answers(BaseAdapter):
    """Gives prepared answers, in order, and keeps what was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: deque[requests.Response | Exception] = deque()
        self.asked: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        self.asked.append(request)
        response = self.waiting.popleft()
        if isinstance(response, Exception):
            raise response
        response.request, response.url = request, request.url or ""
        return response

    def close(self) -> None:
        pass
