"""What does an answer look like that contradicts itself, or is said in other words than it should?

Both are ways of answering a list, a search or, of an error, any call. What is only said in other
words still means the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from .exchange import JSON
from .failures import as_is, error

if TYPE_CHECKING:
    from collections.abc import Callable

    from .exchange import Call, Reply
    from .failures import Misfortune, Proceed
    from .state import State

Json = dict[str, Any]

ERRORS = {
    "429": "rate_limit_exceeded",
    "401": "token_unauthorized",
    "403": "forbidden",
    "404": "not_found",
    "410": "contact_merged",
    "500": "server_error",
    "unknown": "out_of_the_ordinary",
}


def said(code: str) -> Misfortune:
    """Answer with an error, and the status of a success."""
    return lambda _, __, ___: replace(error(200, code, "Said with a 200."))


def _listed(body: Json) -> str | None:
    """Find the list of an answer that is a page, and not a record."""
    if "id" in body or "enabled" in body:
        return None
    return next((name for name, one in body.items() if isinstance(one, list)), None)


def _changed(change: Callable[[Call, Json, str], None]) -> Misfortune:
    """Change the answers that have a list in some way."""

    def answer(_: State, call: Call, proceed: Proceed) -> Reply:
        reply = proceed()
        if reply.content_type != JSON or call.template == "/me":
            return reply
        body = msgspec.json.decode(reply.body)
        name = _listed(body) if isinstance(body, dict) else None
        if name is None:
            return reply
        change(call, body, name)
        rows = body.get(name)
        count = len(rows) if isinstance(rows, list) else 0
        return replace(reply, body=msgspec.json.encode(body), records=count)

    return answer


def _place(body: Json) -> Json:
    pages = body.get("pages")
    return pages if isinstance(pages, dict) else body


def null(_: Call, body: Json, name: str) -> None:
    """Leave null where the list should be, and count no record."""
    body[name] = None
    body.pop("total_count", None)


def hollow(_: Call, body: Json, name: str) -> None:
    """Leave an empty object where the list should be."""
    body[name] = {}
    body.pop("total_count", None)


def absent(_: Call, body: Json, name: str) -> None:
    """Leave the list out."""
    del body[name]
    body.pop("total_count", None)


def emptied(_: Call, body: Json, name: str) -> None:
    """Empty a list that is counted, name no next page, and count on."""
    if not isinstance(body.get("total_count"), int):
        return
    body[name] = []
    place = _place(body)
    for one in ("next", "total_pages", "next_cursor", "has_more"):
        place.pop(one, None)
        body.pop(one, None)


def back(call: Call, body: Json, _: str) -> None:
    """Name the page itself as the next one, wherever there is a next one."""
    place = _place(body)
    if not place.get("next") and (place.get("page") or 1) >= (place.get("total_pages") or 1):
        return
    asked = call.body().get("pagination") or {} if call.raw else call.query
    cursor = asked.get("starting_after")
    place["next"] = {"starting_after": cursor} if cursor else {"page": place.get("page", 1)}


def lost(_: Call, body: Json, __: str) -> None:
    """Say that there is more, and not where."""
    place = _place(body)
    if place.pop("next", None) or body.pop("next_cursor", None):
        place.pop("total_pages", None)
        body["has_more"] = True


def in_text(_: Call, body: Json, __: str) -> None:
    """Write all numbers of pages and records as text."""
    for one in (body, _place(body)):
        for name in ("page", "total_pages", "per_page", "total_count"):
            if isinstance(one.get(name), int):
                one[name] = str(one[name])
    following = _place(body).get("next")
    if isinstance(following, dict) and "page" in following:
        following["page"] = str(following["page"])


def by_number(_: Call, body: Json, __: str) -> None:
    """Name the next page of a URL by an object with its number, written as text."""
    place = _place(body)
    if isinstance(place.get("next"), str):
        query = dict(parse_qsl(place["next"].partition("?")[2]))
        place["next"] = {"page": query["page"]} if "page" in query else place["next"]


def bare(_: Call, body: Json, __: str) -> None:
    """Say nothing but the cursor where an object should be."""
    place = _place(body)
    if isinstance(place.get("next"), dict) and "starting_after" in place["next"]:
        place["next"] = place["next"]["starting_after"]


def beside(_: Call, body: Json, __: str) -> None:
    """Say the cursor beside the next page, and not in it."""
    place = _place(body)
    if isinstance(place.get("next"), dict) and "starting_after" in place["next"]:
        place["starting_after"] = place.pop("next")["starting_after"]


def in_a_url(call: Call, body: Json, _: str) -> None:
    """Say the cursor in the query of a URL without a host."""
    place = _place(body)
    if isinstance(place.get("next"), dict) and "starting_after" in place["next"]:
        cursor = place["next"]["starting_after"].replace("=", "%3D").replace("+", "%2B")
        place["next"] = f"{call.path}?starting_after={cursor}"


def without_more(_: Call, body: Json, __: str) -> None:
    """Name the next cursor, and do not say that there is more."""
    if body.get("next_cursor"):
        body.pop("has_more", None)


CONTRADICTIONS: dict[str, Callable[[Call, Json, str], None]] = {
    "null": null,
    "hollow": hollow,
    "absent": absent,
    "emptied": emptied,
    "back": back,
    "lost": lost,
}
WORDS: dict[str, Callable[[Call, Json, str], None]] = {
    "text": in_text,
    "number": by_number,
    "bare": bare,
    "beside": beside,
    "url": in_a_url,
    "more": without_more,
}
KINDS: dict[str, Misfortune] = {
    **{f"said-{status}": said(code) for status, code in ERRORS.items()},
    **{name: _changed(change) for name, change in (CONTRADICTIONS | WORDS).items()},
}


def odd(what: str) -> Misfortune:
    """Find how answers are odd: always, or of each endpoint the first one, or the second."""
    kind = what.removesuffix("-once").removesuffix("-second")
    change = KINDS.get(kind, as_is)

    def answer(state: State, call: Call, proceed: Proceed) -> Reply:
        turn = 1 if what.endswith("-once") else 2 if what.endswith("-second") else call.nth
        return change(state, call, proceed) if call.nth == turn else proceed()

    return answer
