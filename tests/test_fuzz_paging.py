"""Whatever a page says of the next one, the tap stays on its way, and the way ends."""

from __future__ import annotations

import zlib
from contextlib import suppress
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import requests
from answering import URL
from anything import JSON, SCALARS, TEXTS
from hypothesis import example, given
from hypothesis import strategies as st

from tap_intercom.api.paginators import RepeatedPage, Request, next_request, walk

LIST = Request("/things", {"per_page": 2})
SEARCH = Request("/things/search", {}, {"query": {"field": "updated_at"}})
REQUESTS = st.sampled_from(
    [LIST, SEARCH, LIST.starting_after("a"), SEARCH.starting_after("a"), Request("/things")]
)

URLS = st.builds(
    "{}{}?{}{}".format,
    st.sampled_from(["", "//", "https://", "https://evil.example/", "https://[", "http://[x]/"]),
    TEXTS,
    TEXTS,
    st.sampled_from(["", "=", "&page=2", "&starting_after=b", "&cursor=c", "#", "&page=2#?page=3"]),
)
FEW = st.sampled_from([0, 1, 2, 3, "1", "2", "a", "b", True, None])
VALUES = FEW | JSON
NEXT = st.one_of(
    st.none(),
    URLS,
    st.fixed_dictionaries({}, optional={"starting_after": VALUES, "page": VALUES}),
    JSON,
)
COUNTS = {"page": VALUES, "total_pages": VALUES, "next": NEXT}
BODIES = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "pages": st.fixed_dictionaries({}, optional=COUNTS) | JSON,
            **COUNTS,
            "has_more": SCALARS,
            "next_cursor": VALUES,
        },
    ),
    JSON,
)


@given(REQUESTS, BODIES)
@example(LIST, {"pages": {"next": "http://[::1"}})
@example(LIST, {"pages": {"next": "https://\N{ACCOUNT OF}.example/?page=2"}})
def test_whatever_a_page_says_the_next_request_is_of_the_same_kind(
    request_: Request, body: Any
) -> None:
    following = next_request(request_, body)
    if following is None:
        return
    method = "GET" if following.body is None else "POST"
    sent = requests.Request(
        method, URL + following.path, params=following.params, json=following.body
    ).prepare()
    asked = urlsplit(sent.url)
    assert (asked.scheme, asked.netloc, asked.path) == (*urlsplit(URL)[:2], request_.path)
    assert (following.body is None) == (request_.body is None)
    if following.body is not None:
        assert following.body["query"] == SEARCH.body["query"]


def test_of_a_url_that_is_none_the_query_is_read_all_the_same() -> None:
    for url in ("http://[::1?page=2", "https://\N{ACCOUNT OF}.example/?page=2#?page=3"):
        following = next_request(LIST, {"pages": {"next": url}})
        assert following == LIST.with_params({"page": "2"})


@given(REQUESTS, st.lists(BODIES, min_size=1, max_size=8))
def test_a_walk_over_so_many_pages_ends(request_: Request, bodies: list[Any]) -> None:
    def server(asked: Request) -> Any:
        return bodies[zlib.crc32(repr(asked).encode()) % len(bodies)]

    pages = islice(walk(request_, server), 5_000)
    with suppress(RepeatedPage):
        assert sum(1 for _ in pages) < 5_000
