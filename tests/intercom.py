"""An Intercom in memory, that answers by what it is asked, however many ask at once.

What is on a path is answered in order, and the last of it again and again: a body, which is written
as JSON, a response, an error to raise, or a function of what is asked that gives one of these.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import requests
from answering import TOKEN, URL, answer
from requests.adapters import BaseAdapter
from runs import Run, catalog_of
from urllib3 import HTTPResponse

from tap_intercom.records import times
from tap_intercom.tap import TapIntercom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from tap_intercom.shapes.reach import Reach
    from tap_intercom.shapes.shape import Page, Shape

DAY = 86_400
STARTED = 1_780_315_200  # 2026-06-01T12:00:00Z
DATE = {"Date": "Mon, 01 Jun 2026 12:00:00 GMT"}


def quick(**settings: Any) -> TapIntercom:
    """Make a tap as `make_tap` does, without the SDK's mappers, which take most of its time."""
    config = {"api_key": TOKEN, "api_url": URL, **settings}
    given = {name: one for name, one in config.items() if one is not None}
    return TapIntercom(config=given, setup_mapper=False)


class Asked(NamedTuple):
    """What was asked of Intercom."""

    method: str
    path: str
    query: dict[str, str]
    body: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Intercom(BaseAdapter):
    """Answers by path."""

    def __init__(self, **paths: Any) -> None:
        super().__init__()
        self.on: dict[str, list[Any]] = {"/me": [answered({"app": {"id_code": "ws"}}, DATE)]}
        self.asked: list[Asked] = []
        self._lock = threading.Lock()
        for path, one in paths.items():
            self.put(path, one)

    def put(self, path: str, *answers: Any) -> Intercom:
        """Say what is answered on a path."""
        self.on[path] = list(answers)
        return self

    def before(self, tap: TapIntercom, started: int = STARTED) -> Intercom:
        """Answer a tap, whose run begins at a second."""
        tap.run.client.session.mount("https://", self)
        tap.run.started_at = times.parse(started)
        return self

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        parts = urlsplit(request.url or "")
        body = json.loads(request.body) if request.body else None
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        asked = Asked(str(request.method), parts.path, query, body)
        with self._lock:
            self.asked.append(asked)
            waiting = self.on.get(parts.path, [answer(404, {})])
            said = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if callable(said) and not isinstance(said, requests.Response):
            said = said(asked)
        elif isinstance(said, requests.Response):
            said = copy.copy(said)  # it may be given again
        if isinstance(said, Exception):
            raise said
        response = said if isinstance(said, requests.Response) else answer(200, said)
        response.request, response.url = request, request.url or ""
        return response

    def close(self) -> None:
        pass

    def to(self, path: str) -> list[Asked]:
        """What was asked on a path."""
        return [one for one in self.asked if one.path == path]

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [one.path for one in self.asked]


def answered(body: Any, headers: dict[str, str] | None = None) -> Callable[[Asked], Any]:
    """Answer with a body and headers."""
    return lambda _: answer(200, body, headers)


def file(content: bytes, headers: dict[str, str] | None = None) -> Callable[[Asked], Any]:
    """Answer with a file, which is read as it comes."""

    def given(_: Asked) -> requests.Response:
        response = answer(200, b"", headers or {"Content-Type": "application/octet-stream"})
        response.raw = HTTPResponse(
            io.BytesIO(content), headers=dict(response.headers), preload_content=False
        )
        return response

    return given


def at_path(path: str, value: Any) -> Any:
    """Put a value where a dotted path leads."""
    for name in filter(None, reversed(path.split("."))):
        value = {name: value}
    return value


def paged(path: str, *pages: list[Any], total: int | None = None) -> Callable[[Asked], Any]:
    """Answer with pages, each of which names the next one by a cursor."""

    def page(asked: Asked) -> Any:
        body = asked.body or {}
        cursor = asked.query.get("starting_after") or body.get("pagination", {}).get(
            "starting_after", "0"
        )
        number = int(cursor)
        more = number + 1 < len(pages)
        following = {"next": {"starting_after": str(number + 1)}} if more else {}
        counted = {} if total is None else {"total_count": total}
        rows: list[Any] = pages[number] if number < len(pages) else []
        return {**at_path(path, rows), "pages": following, **counted}

    return page


def scrolled(*pages: list[Any]) -> Callable[[Asked], Any]:
    """Answer with the pages of a scroll, and then with an empty one."""

    def page(asked: Asked) -> Any:
        number = int(asked.query.get("scroll_param", "0"))
        return {"data": [*pages, []][number], "scroll_param": str(number + 1)}

    return page


def moment(second: int | None) -> datetime | None:
    return None if second is None else times.parse(second)


def reaching(
    stream: Shape, since: int | None = None, end: int | None = None, **changes: Any
) -> Reach:
    """Reach from one second to another."""
    reach = replace(stream.reach(), since=moment(since), end=moment(end))
    return replace(reach, **{"is_bounded": True, **changes})


def records_of(pages: Iterable[Page]) -> list[Any]:
    return [record for page in pages for record in page.records]


def ids_of(pages: Iterable[Page]) -> list[Any]:
    return [record["id"] for record in records_of(pages)]


def reached(pages: Iterable[Page]) -> list[int | None]:
    """The seconds up to which all is handed out after each page."""
    return [page.up_to and times.epoch(page.up_to) for page in pages]


def waited_for(what: Callable[[], bool], seconds: float = 5) -> bool:
    """Wait until something is so that happens on another thread."""
    for _ in range(int(seconds * 1_000)):
        if what():
            return True
        time.sleep(0.001)
    return what()


@dataclass
class Bookmarks:
    """A state in which streams have come to some second."""

    seconds: dict[str, int]

    @property
    def state(self) -> dict[str, Any]:
        return {
            "bookmarks": {
                name: {"replication_key_value": times.canonical(second)}
                for name, second in self.seconds.items()
            }
        }


def synced(
    intercom: Intercom,
    *streams: str,
    bookmarks: dict[str, int] | None = None,
    catalog: dict[str, Any] | None = None,
    state: dict[str, Any] | None = None,
    **settings: Any,
) -> Run:
    """Run a tap once on some streams, and give what it wrote."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    tap = TapIntercom(
        config={"api_key": TOKEN, "api_url": URL, **settings},
        catalog=catalog or catalog_of(*streams),
        state=Bookmarks(bookmarks).state if bookmarks else state,
    )
    intercom.before(tap)
    error = None
    with contextlib.redirect_stdout(out):
        try:
            tap.sync_all()
        except Exception as raised:  # noqa: BLE001  handed to the test
            error = raised
    out.seek(0)
    return Run([json.loads(line) for line in out], error, tap.run.audit.left_out)
