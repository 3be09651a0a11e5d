"""Every way in which Intercom says what comes next is followed, to the end and not in circles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_intercom.api.paginators import (
    EMPTY_PAGES,
    RepeatedPage,
    Request,
    Trail,
    contradiction,
    next_request,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Server = Callable[[Request], Any]

LIST = Request("/things", {"per_page": 2})
SEARCH = Request("/things/search", {}, {"query": {"field": "updated_at"}})


def follow(request: Request, body: Any) -> Request:
    following = next_request(request, body)
    assert following is not None
    return following


def test_a_cursor_goes_in_the_query_of_a_list() -> None:
    body = {"pages": {"next": {"page": 2, "starting_after": "WzE3"}, "page": 1, "total_pages": 9}}
    assert follow(LIST, body) == Request("/things", {"per_page": 2, "starting_after": "WzE3"})


def test_a_cursor_goes_in_the_body_of_a_search_and_only_there() -> None:
    following = follow(SEARCH, {"pages": {"next": {"starting_after": "WzE3"}}})
    assert following.params == {}
    assert following.body == {
        "query": {"field": "updated_at"},
        "pagination": {"starting_after": "WzE3"},
    }


def test_a_new_cursor_takes_the_place_of_the_last() -> None:
    request = SEARCH
    for cursor in ("a", "b"):
        request = follow(request, {"pages": {"next": {"starting_after": cursor}}})
    assert request == SEARCH.starting_after("b")


def test_the_page_size_of_a_search_keeps_the_cursor_and_the_question() -> None:
    sized = SEARCH.starting_after("a").with_page_size(50)
    assert sized.body == {
        "query": {"field": "updated_at"},
        "pagination": {"starting_after": "a", "per_page": 50},
    }
    assert SEARCH.body == {"query": {"field": "updated_at"}}


@pytest.mark.parametrize(
    "url",
    [
        "https://api.intercom.io/other?page=2&cursor=a%3D%3D",
        "http://evil.example/things?page=2&cursor=a%3D%3D",
        "https://api.intercom.io:443@evil.example/?page=2&cursor=a%3D%3D#x",
        "//evil.example/things?page=2&cursor=a%3D%3D",
        "/things?page=2&cursor=a%3D%3D",
        "?page=2&cursor=a%3D%3D",
    ],
)
def test_of_a_url_only_the_query_is_taken(url: str) -> None:
    following = follow(LIST, {"pages": {"next": url}})
    assert following.path == "/things"
    assert following.params == {"per_page": 2, "page": "2", "cursor": "a=="}


def test_a_url_may_change_what_was_asked() -> None:
    following = follow(LIST, {"pages": {"next": "https://api.intercom.io/x?per_page=7"}})
    assert following.params == {"per_page": "7"}


CURSOR = "WzE3LDVd+/a=="
PAGED = LIST.with_params({"page": 2})


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"pages": {"next": CURSOR}}, "starting_after"),
        ({"next": CURSOR, "page": 1, "total_pages": 9}, "starting_after"),
        ({"pages": {"next": f"starting_after={CURSOR.replace('+', '%2B')}"}}, "starting_after"),
        ({"pages": {"next": "/x?starting_after=WzE3LDVd%2B%2Fa%3D%3D"}}, "starting_after"),
        ({"pages": {"next": None, "starting_after": CURSOR}}, "starting_after"),
        ({"pages": {"next": {"cursor": CURSOR}}}, "cursor"),
        ({"next_cursor": CURSOR}, "cursor"),
        ({"pages": {"next_cursor": CURSOR, "has_more": True}}, "cursor"),
    ],
    ids=str,
)
def test_a_cursor_may_be_said_in_other_words(body: Any, name: str) -> None:
    assert follow(LIST, body).params == {"per_page": 2, name: CURSOR}
    assert follow(SEARCH, body) == SEARCH.starting_after(CURSOR)
    assert contradiction(LIST, body) is None


def test_a_cursor_may_be_a_number() -> None:
    for cursor in (5, 5.0, "5"):
        body = {"pages": {"next": {"starting_after": cursor}}}
        assert follow(LIST, body).params["starting_after"] in {"5", "5.0"}
        assert follow(SEARCH, body).body["pagination"]["starting_after"] in {"5", "5.0"}  # type: ignore[index]


@pytest.mark.parametrize(
    "body",
    [
        {"pages": {"next": {"page": "2"}}},
        {"pages": {"next": 2, "page": 1}},
        {"pages": {"next": "2", "page": "1"}},
        {"pages": {"page": "1", "total_pages": "3"}},
        {"page": 1.0, "total_pages": "3"},
        {"pages": {"next": "page=2"}},
        {"pages": {"next": "?page=2"}},
    ],
    ids=str,
)
def test_the_number_of_a_page_may_be_text(body: Any) -> None:
    assert follow(LIST, body).key == PAGED.key
    assert contradiction(LIST, body) is None


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        (LIST, {"pages": {"next": {"page": 1}}}),
        (LIST, {"pages": {"next": "https://api.intercom.io/x", "page": 1}}),
        (LIST, {"next_cursor": None, "has_more": True}),
        (LIST, {"pages": {"next": {"url": "odd"}}}),
        (PAGED, {"pages": {"next": {"page": "2"}, "page": 2}}),
        (PAGED, {"pages": {"next": "https://api.intercom.io/x?page=1&per_page=2"}}),
        (PAGED, {"page": 1, "total_pages": 2}),
        (SEARCH, {"pages": {"next": {"page": 2, "per_page": 50}}}),
        (SEARCH, {"data": [], "has_more": True}),
        (SEARCH.starting_after("a"), {"pages": {"next": {"starting_after": "a"}}}),
        (LIST.starting_after("a"), {"pages": {"next": {"page": 2, "starting_after": "a"}}}),
    ],
    ids=str,
)
def test_a_page_that_says_there_is_more_and_not_where_contradicts_itself(
    request_: Request, body: Any
) -> None:
    assert contradiction(request_, body)
    with pytest.raises(RepeatedPage):
        list(walk(request_, lambda _: body))


def test_where_a_page_names_itself_its_number_helps() -> None:
    body = {"pages": {"next": {"page": 2}, "page": 2, "total_pages": 3}}
    assert contradiction(PAGED, body)
    assert follow(PAGED, body).key == LIST.with_params({"page": 3}).key
    assert contradiction(PAGED, {"data": [{}], "pages": {"page": 2, "total_pages": 1}})


def test_a_request_knows_how_many_records_came_before_it() -> None:
    bodies = iter([{"data": [{"id": "1"}], "next": "a"}, {"data": [{"id": "2"}], "next": "b"}, {}])
    before: list[int] = []

    def server(request: Request) -> Any:
        before.append(request.before)
        return next(bodies)

    list(walk(LIST, server))
    assert before == [0, 1, 2]


def test_pages_are_counted_where_there_is_no_next() -> None:
    body = {"pages": {"next": None, "page": 1, "total_pages": 3}}
    assert follow(LIST, body).params == {"per_page": 2, "page": 2}


def test_pages_are_counted_at_the_top() -> None:
    assert follow(LIST, {"page": 1, "total_pages": 2}).params == {"per_page": 2, "page": 2}


def test_a_bare_cursor() -> None:
    body = {"next_cursor": "abc", "has_more": True}
    assert follow(LIST, body).params == {"per_page": 2, "cursor": "abc"}


@pytest.mark.parametrize(
    "body",
    [
        {"data": []},
        {"pages": None},
        {"pages": {"next": None}},
        {"pages": {"next": ""}},
        {"pages": {"next": {}}},
        {"pages": {"next": {"starting_after": None}}},
        {"pages": {"next": {"starting_after": ""}, "page": 2, "total_pages": 2}},
        {"pages": {"next": None, "page": 3, "total_pages": 3}},
        {"pages": {"next": None, "page": 4, "total_pages": 3}},
        {"pages": {"next": None, "page": 1, "total_pages": 0}},
        {"pages": {"next": None, "page": 1, "total_pages": None}},
        {"page": 2, "total_pages": 2},
        {"next_cursor": "abc", "has_more": False},
        {"pages": "odd"},
        [{"id": "1"}],
        [],
        "odd",
        None,
        {},
    ],
    ids=repr,
)
def test_the_last_page_is_the_last(body: Any) -> None:
    assert next_request(LIST, body) is None


@pytest.mark.parametrize("request_", [SEARCH.starting_after("a"), LIST.starting_after("a")])
def test_a_walk_by_cursor_ends_with_its_cursors(request_: Request) -> None:
    # `total_pages` is a hint, and counts pages of another size once a search's pages have shrunk.
    body = {"pages": {"next": None, "page": 8, "total_pages": 20}}
    assert next_request(request_, body) is None


def test_a_lap_of_cursors_is_an_error_after_what_was_new() -> None:
    cursors = iter("ABABABAB")
    pages = walk(SEARCH, lambda _: {"pages": {"next": {"starting_after": next(cursors)}}})
    assert [next(pages) for _ in range(3)]  # the first page, A and B
    with pytest.raises(RepeatedPage):
        next(pages)


@pytest.mark.parametrize(
    "body",
    [
        {"pages": {"next": {"starting_after": "same"}}},
        {"pages": {"next": "https://api.intercom.io/things?page=1"}},
        {"pages": {"next": "https://api.intercom.io/things"}},
        {"page": 1, "total_pages": 2},
        {"next_cursor": "same", "has_more": True},
    ],
    ids=repr,
)
def test_a_page_that_names_itself_is_an_error(body: Any) -> None:
    asked: list[Request] = []

    def stuck(request: Request) -> Any:
        asked.append(request)
        return body

    with pytest.raises(RepeatedPage):
        list(walk(LIST, stuck))
    assert len(asked) <= 2


def test_the_same_page_under_another_cursor_is_an_error() -> None:
    cursors = iter(range(1_000))

    def stuck(_: Request) -> Any:
        page = [{"id": "1"}, {"id": "2"}]
        return {"data": page, "pages": {"next": {"starting_after": str(next(cursors))}}}

    with pytest.raises(RepeatedPage):
        list(walk(SEARCH, stuck))
    assert next(cursors) == 2


def test_empty_pages_without_an_end_are_an_error() -> None:
    cursors = iter(range(1_000))

    def empty(_: Request) -> Any:
        return {"data": [], "has_more": True, "next_cursor": str(next(cursors))}

    with pytest.raises(RepeatedPage):
        list(walk(LIST, empty))
    assert next(cursors) <= EMPTY_PAGES + 1


def test_some_empty_pages_end_nothing() -> None:
    bodies: list[Any] = [
        {"data": [{"id": str(at)}] if at % 50 == 0 else [], "has_more": True, "next_cursor": at}
        for at in range(1, 201)
    ]
    pages = iter([*bodies, {"data": []}])
    assert len(list(walk(LIST, lambda _: next(pages)))) == 201


@pytest.mark.parametrize(
    "page", [[1, 2], ["a"], [{"name": "a"}], [{"id": "1"}, "odd"], [[{"id": "1"}]]], ids=repr
)
def test_records_without_ids_may_look_alike(page: list[Any]) -> None:
    pages = iter([{"data": page, "has_more": True, "next_cursor": at} for at in (1, 2, 3)])
    bodies = walk(LIST, lambda _: next(pages, {"data": page}))
    assert len(list(bodies)) == 4


def test_a_walk_that_goes_on_remembers() -> None:
    trail = Trail()
    body = {"data": [{"id": "1"}], "pages": {"next": {"starting_after": "b"}}}
    next(walk(SEARCH, lambda _: body, trail))
    with pytest.raises(RepeatedPage):
        next(walk(SEARCH.starting_after("b"), lambda _: body, trail))
    with pytest.raises(RepeatedPage):
        next(walk(SEARCH, lambda _: {"data": []}, trail))


def test_a_page_is_asked_for_when_it_is_wanted() -> None:
    asked: list[Request] = []

    def server(request: Request) -> Any:
        asked.append(request)
        return {"page": len(asked), "total_pages": 5}

    pages = walk(LIST, server)
    assert asked == []
    next(pages)
    next(pages)
    assert len(asked) == 2


# Any server that hands out its items in any of the ways gives each of them once.


def by_cursor(items: list[int], size: int) -> Server:
    def server(request: Request) -> Any:
        asked = request.params if request.body is None else request.body.get("pagination", {})
        start, page = map(int, asked.get("starting_after", "0,1").split(","))
        end = start + size
        pages: dict[str, Any] = {"page": page, "total_pages": last(items, size)}
        if end < len(items):
            pages["next"] = {"page": page + 1, "starting_after": f"{end},{page + 1}"}
        return {"data": items[start:end], "pages": pages}

    return server


def by_url(items: list[int], size: int) -> Server:
    def server(request: Request) -> Any:
        page = int(request.params.get("page", 1))
        more = page < last(items, size)
        url = f"https://api.intercom.io/elsewhere?page={page + 1}&per_page={size}"
        pages = {"next": url if more else None, "page": page, "total_pages": last(items, size)}
        return {"data": items[(page - 1) * size : page * size], "pages": pages}

    return server


def by_number(items: list[int], size: int) -> Server:
    def server(request: Request) -> Any:
        page = int(request.params.get("page", 1))
        pages = {"next": None, "page": page, "total_pages": last(items, size)}
        return {"data": items[(page - 1) * size : page * size], "pages": pages}

    return server


def by_number_at_the_top(items: list[int], size: int) -> Server:
    inner = by_number(items, size)

    def server(request: Request) -> Any:
        body = inner(request)
        return {**body["pages"], "data": body["data"]}

    return server


def by_bare_cursor(items: list[int], size: int) -> Server:
    def server(request: Request) -> Any:
        start = int(request.params.get("cursor", 0))
        more = start + size < len(items)
        cursor = str(start + size) if more else None
        return {"data": items[start : start + size], "next_cursor": cursor, "has_more": more}

    return server


def at_once(items: list[int], _: int) -> Server:
    return lambda _: {"data": items}


def last(items: list[int], size: int) -> int:
    return math.ceil(len(items) / size)


STYLES = [by_cursor, by_url, by_number, by_number_at_the_top, by_bare_cursor, at_once]


@given(st.sampled_from(STYLES), st.integers(0, 60), st.integers(1, 9))
def test_each_item_comes_once_from_a_list(style: Any, count: int, size: int) -> None:
    items = list(range(count))
    bodies = walk(LIST, style(items, size))
    assert [item for body in bodies for item in body["data"]] == items


@given(st.integers(0, 60), st.integers(1, 9))
def test_each_item_comes_once_from_a_search(count: int, size: int) -> None:
    items = list(range(count))
    bodies = walk(SEARCH, by_cursor(items, size))
    assert [item for body in bodies for item in body["data"]] == items


@given(st.integers(1, 20), st.lists(st.integers(1, 9), min_size=20, max_size=20))
def test_each_item_comes_once_from_a_search_whose_pages_change_size(
    count: int, sizes: list[int]
) -> None:
    items, of_page = list(range(count)), iter(sizes)

    def server(request: Request) -> Any:
        return by_cursor(items, next(of_page))(request)

    bodies = walk(SEARCH, server)
    assert [item for body in bodies for item in body["data"]] == items
