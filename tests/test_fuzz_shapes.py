"""Whatever Intercom answers to a stream, it gives rows that fit, or ends in a sentence."""

from __future__ import annotations

import itertools
import json
import zlib
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from answering import answer
from anything import JSON, SCALARS
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from requests.adapters import BaseAdapter

from tap_intercom.api.errors import IntercomError, ScrollLost
from tap_intercom.api.paginators import RepeatedPage
from tap_intercom.api.retries import Patience
from tap_intercom.records import times
from tap_intercom.run import Run
from tap_intercom.shapes.children import Explode
from tap_intercom.shapes.fan_out import FanOut
from tap_intercom.shapes.scroll import Scroll
from tap_intercom.streams import STREAMS

if TYPE_CHECKING:
    import requests

    from tap_intercom.api.client import Rules
    from tap_intercom.api.paginators import Request
    from tap_intercom.shapes.shape import Shape
    from tap_intercom.tap import TapIntercom

STARTED = 1_780_315_200
DAY = 86_400


class Anything(BaseAdapter):
    """Answers each request with one of some bodies, the same one each time."""

    def __init__(self, bodies: list[Any]) -> None:
        super().__init__()
        self.bodies = bodies

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        asked = f"{request.url} {request.body!r}".encode()
        body = self.bodies[zlib.crc32(asked) % len(self.bodies)]
        response = answer(200, json.dumps(body).encode())
        response.request, response.url = request, request.url or ""
        return response

    def close(self) -> None:
        pass


def at_path(path: str, value: Any) -> Any:
    for name in filter(None, reversed(path.split("."))):
        value = {name: value}
    return value


SECONDS = st.integers(STARTED - 90 * DAY, STARTED + DAY)
WRAPPERS = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "data": st.lists(JSON, max_size=2) | JSON,
            "has_more": st.just(False) | SCALARS,  # noqa: FBT003
            "total_count": st.integers(0, 2) | SCALARS,
        },
    ),
    JSON,
)
# Where a record may hold rows of another stream.
INSIDE = {
    path.split(".")[0]
    for stream in STREAMS
    if issubclass(stream, (Explode, FanOut))
    for path in (*stream.records.split("|"), *getattr(stream, "counted", ()))
    if path
}
ROWS = st.lists(st.fixed_dictionaries({}, optional={"id": SCALARS}) | JSON, max_size=2)
RECORDS = st.fixed_dictionaries(
    {"id": st.integers(1, 9).map(str) | SCALARS},
    optional={
        "updated_at": SECONDS | SCALARS,
        "created_at": SECONDS | SCALARS,
        **{name: WRAPPERS | ROWS | st.fixed_dictionaries({name: ROWS}) for name in sorted(INSIDE)},
    },
)
NEXT = st.none() | st.builds(
    lambda number: {"starting_after": number, "page": number}, st.integers(1, 3)
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[type[Shape], list[Any]]:
    """Choose a stream, and what is answered to it and to its parent."""
    stream = draw(st.sampled_from(STREAMS))
    kinds = [stream, *filter(None, [getattr(stream, "of", None)])]
    paths = [path for kind in kinds for path in kind.records.split("|")]
    lists = st.lists(RECORDS, max_size=3) | JSON
    bodies = st.builds(
        lambda path, rows, more: rows if not path else {**more, **at_path(path, rows)},
        st.sampled_from(paths),
        lists,
        st.fixed_dictionaries(
            {},
            optional={
                "pages": st.fixed_dictionaries({"next": NEXT}) | JSON,
                "total_count": st.integers(0, 99) | SCALARS,
                "scroll_param": SCALARS,
            },
        ),
    )
    return stream, draw(st.lists(bodies | JSON, min_size=1, max_size=3))


# Without the phase that explains a failure, which takes long here.
quick = settings(phases=set(Phase) - {Phase.explain})


@quick
@given(cases(), st.none() | SECONDS)
def test_any_answer_becomes_rows_that_fit_or_a_sentence(
    discovered: TapIntercom, case: tuple[type[Shape], list[Any]], since: int | None
) -> None:
    kind, bodies = case
    run = Run(discovered.config)
    run.client.session.mount("https://", Anything(bodies))
    run.started_at = times.parse(STARTED)
    run.workspace_created_at = times.parse(STARTED - 60 * DAY)
    stream = kind(discovered, run, patience=Patience(tries=1, outage_seconds=0))
    validator = Draft202012Validator(stream.schema)
    reach = stream.reach()
    if reach.is_bounded:
        reach = replace(reach, since=since and times.parse(since))
    with suppress(IntercomError, RepeatedPage):
        for page in islice(stream.pages(reach), 200):
            for record in page.records:
                validator.validate(stream.post_process(record))


def test_a_scroll_that_goes_round_in_circles_is_an_error(discovered: TapIntercom) -> None:
    stream = Scrolled(discovered, Run(discovered.config))
    pages = itertools.cycle(["a", "b", "c"])
    stream.fetch = lambda *_: {"data": [{"id": next(pages)}], "scroll_param": "same"}
    with pytest.raises(IntercomError, match="round in circles"):
        list(stream.pages(stream.reach()))


# A scroll that breaks now and then


class Scrolled(Scroll):
    """Companies, scrolled in memory."""

    name = "companies"
    path = "/companies/scroll"
    component = "company"
    items: list[str]
    size: int
    breaks: list[int]

    def fetch(self, request: Request, rules: Rules | None = None) -> Any:  # noqa: ARG002
        start = int(request.params.get("scroll_param", 0))
        if start and self.breaks:
            self.breaks[0] -= 1
            if self.breaks[0] < 0:
                del self.breaks[0]
                raise ScrollLost(self.name, "It broke.")
        rows = self.items[start : start + self.size]
        return {"data": [{"id": one} for one in rows], "scroll_param": str(start + len(rows))}


@given(
    count=st.integers(0, 40),
    size=st.integers(1, 9),
    breaks=st.lists(st.integers(0, 9), max_size=12),
)
def test_a_scroll_gives_each_company_once_however_often_it_breaks(
    discovered: TapIntercom, count: int, size: int, breaks: list[int]
) -> None:
    stream = Scrolled(discovered, Run(discovered.config))
    stream.items, stream.size = [str(number) for number in range(count)], size
    stream.breaks = list(breaks)
    found: list[str] = []
    try:
        pages = stream.pages(stream.reach())
        found = [record["id"] for page in pages for record in page.records]
    except IntercomError:
        assert len(breaks) - len(stream.breaks) == stream.starts
    else:
        assert found == stream.items
