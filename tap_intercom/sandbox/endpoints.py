"""Which paths exist, and what answers them? A table; a new endpoint is a row of it.

A row names the method and path, the resource it reads (for permissions), the style of its answer,
the version it came with, and the query parameters it knows. Its records come from a table of
`workspace.py`.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from .exchange import Call, Refusal, Reply
from .paging import (
    HAS_USERS,
    LISTED_AT_MOST,
    Cursored,
    Numbered,
    Searched,
    days,
    days_until,
    envelope,
    scrolled,
    whole,
)
from .records.dice import DAY
from .search import COMPANIES, CONTACTS, CONVERSATIONS, TICKETS, Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from .state import State
    from .versions import Version

    Answer = Callable[[State, Call], Reply]

Json = dict[str, Any]

V2_0: Version = (2, 0)
V2_16: Version = (2, 16)
V2_17: Version = (2, 17)
NEWEST_PARTS = 500
MONTH = 30 * DAY


@dataclass(frozen=True)
class Endpoint:
    """One method on one path."""

    method: str
    path: str
    resource: str
    answer: Answer
    since: Version = (1, 0)
    query: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()

    def check(self, call: Call) -> None:
        """Refuse what this version does not have, and parameters that do not exist."""
        if call.version < self.since:
            message = "Requested resource is not available in current API version."
            raise Refusal(400, "intercom_version_invalid", message)
        for name in call.query:
            if name not in self.query and name not in self.ignored:
                message = f"{name} is not a parameter of this request"
                raise Refusal(400, "parameter_invalid", message, field=name)


def _flag(call: Call, name: str) -> bool:
    value = call.query.get(name, "false")
    if value not in ("true", "false"):
        raise Refusal(400, "parameter_invalid", f"{name} must be true or false", field=name)
    return value == "true"


def _with(row: bytes, **fields: object) -> bytes:
    """Add fields to an encoded record."""
    return row[:-1] + b"," + msgspec.json.encode(fields)[1:]


def _less(rows: list[bytes], name: str) -> list[bytes]:
    """Take a field out of encoded records."""
    records: list[Json] = [msgspec.json.decode(row) for row in rows]
    return [
        msgspec.json.encode({key: value for key, value in record.items() if key != name})
        for record in records
    ]


def _found(state: State, table: str, call: Call, code: str = "not_found") -> bytes:
    records = state.workspace.table(table)
    if call.argument not in records:
        message = {"company_not_found": "Company Not Found"}.get(code, "Resource Not Found")
        raise Refusal(404, code, message)
    return records.encoded(call.argument, call.version)


def detail(table: str, code: str = "not_found") -> Answer:
    """Answer with one record."""

    def answer(state: State, call: Call) -> Reply:
        return Reply(body=_found(state, table, call, code), records=1)

    return answer


def me(state: State, call: Call) -> Reply:
    """Answer with the admin and the workspace."""
    records = state.workspace.table("workspace")
    return Reply(body=records.encoded(next(iter(records)), call.version), records=1)


def avatars(_: State, call: Call, __: list[str], rows: list[bytes]) -> list[bytes]:
    """Show avatars to those who ask."""
    return rows if _flag(call, "display_avatar") else _less(rows, "avatar")


def counts(_: State, call: Call, __: list[str], rows: list[bytes]) -> list[bytes]:
    """Show how many are in a segment to those who ask."""
    return rows if _flag(call, "include_count") else _less(rows, "count")


def merges(state: State, call: Call, ids: list[str], rows: list[bytes]) -> list[bytes]:
    """Show merge histories to those who ask."""
    if not _flag(call, "include_merge_history"):
        return rows
    if call.version < V2_16:
        raise Refusal(400, "parameter_invalid", "include_merge_history came with version 2.16")
    return [
        _with(row, merge_history=state.workspace.merged_into(one))
        for one, row in zip(ids, rows, strict=True)
    ]


def monitors(_: State, call: Call, __: list[str], rows: list[bytes]) -> list[bytes]:
    """Show evaluations, of which there are none, to those who ask."""
    more: Json = {}
    if _flag(call, "include_monitors"):
        more["monitor_evaluations"] = []
    if _flag(call, "include_scorecards"):
        more["scorecards"] = []
    return [_with(row, **more) for row in rows] if more else rows


def segments(state: State, call: Call) -> Reply:
    """Answer with segments of contacts, or of companies (undocumented, but there)."""
    kind = call.query.get("type", "contact")
    table = {"contact": "segments", "user": "segments", "company": "company_segments"}.get(kind)
    if table is None:
        raise Refusal(400, "parameter_invalid", "type must be contact or company", field="type")
    return whole(table, "segments", "segment.list", counts)(state, call)


def data_attributes(state: State, call: Call) -> Reply:
    """Answer with the attributes of a model; only conversations, before 2.16, have a third."""
    model = call.query.get("model")
    if model == "conversation" and call.version >= V2_16:
        message = (
            "model=conversation is no longer supported. Use GET /conversations/attributes instead"
        )
        raise Refusal(422, "parameter_invalid", message)
    if model not in (None, "contact", "company", "conversation"):
        raise Refusal(400, "parameter_invalid", f"model {model!r} does not exist", field="model")
    rows = [
        row
        for one in ([model] if model else ["contact", "company"])
        for row in _attributes(state, call, f"{one}_attributes")
    ]
    return envelope("list", "data", rows)


def _attributes(state: State, call: Call, table: str) -> list[bytes]:
    records = state.workspace.table(table)
    archived = _flag(call, "include_archived")
    ids = [one for one in records if archived or not records.record(one).get("archived")]
    return records.all_encoded(ids, call.version)


def contact(state: State, call: Call) -> Reply:
    """Answer with one contact; those merged into another are gone, or not found before 2.16."""
    merged = state.workspace.merges.get(call.argument)
    if merged is not None and call.version >= V2_16:
        link = f'</contacts/{merged[0]}>; rel="canonical"'.encode()
        message = "This contact has been merged. See the 'Link' header for the canonical contact."
        raise Refusal(410, "contact_merged", message, headers=((b"link", link),))
    row = merges(state, call, [call.argument], [_found(state, "contacts", call)])[0]
    return Reply(body=_with(row, enabled_push_messaging=None), records=1)


def _plain(text: object) -> object:
    if not isinstance(text, str):
        return text
    return html.unescape(re.sub(r"<[^>]*>", "", text))


def conversation(state: State, call: Call) -> Reply:
    """Answer with one conversation and its newest parts."""
    display = call.query.get("display_as", "html")
    if display not in ("html", "plaintext"):
        message = "display_as must be html or plaintext"
        raise Refusal(400, "parameter_invalid", message, field="display_as")
    row = _found(state, "conversations", call)
    parts = state.workspace.parts(call.argument)[-NEWEST_PARTS:]
    if display == "plaintext":
        parts = [{**part, "body": _plain(part.get("body"))} for part in parts]
        record = msgspec.json.decode(row)
        if isinstance(record.get("source"), dict):
            record["source"]["body"] = _plain(record["source"].get("body"))
        row = msgspec.json.encode(record)
    wrapper = state.workspace.with_parts({}, parts)
    return Reply(body=_with(row, **wrapper), records=1)


def article(state: State, call: Call) -> Reply:
    """Answer with one article, which has statistics that the list has not."""
    row = _found(state, "articles", call)
    return Reply(body=_with(row, statistics=state.workspace.statistics(call.argument)), records=1)


def _unix(call: Call, name: str) -> int | None:
    value = call.query.get(name)
    if value is not None and not value.isdigit():
        raise Refusal(400, "parameter_invalid", f"{name} must be a UNIX timestamp", field=name)
    return None if value is None else int(value)


def activity_spans(state: State, call: Call) -> list[Span]:
    """Read the window of an activity log; whether its ends belong to it is not documented."""
    after, before = _unix(call, "created_at_after"), _unix(call, "created_at_before")
    now = int(state.clock.now())
    if after is None and call.version < V2_17:
        message = "created_at_after is missing"
        raise Refusal(400, "parameter_not_found", message, field="created_at_after")
    return [
        (
            (now if before is None else before) - MONTH if after is None else after + 1,
            now if before is None else before - 1,
        )
    ]


def names(text: str) -> frozenset[str]:
    """Read names from a line."""
    return frozenset(text.split())


PAGE = names("page per_page")
CURSOR = names("per_page starting_after")
# A cursor in the query of a search changes nothing: page one comes for ever.
IGNORED = names("page per_page starting_after")

ENDPOINTS = (
    Endpoint("GET", "/me", "workspace", me),
    Endpoint(
        "GET",
        "/admins",
        "admins",
        whole("admins", "admins", "admin.list", avatars),
        query=names("display_avatar"),
    ),
    Endpoint("GET", "/teams", "teams", whole("teams", "teams", "team.list")),
    Endpoint("GET", "/tags", "tags", whole("tags")),
    Endpoint("GET", "/segments", "segments", segments, V2_0, names("include_count type")),
    Endpoint(
        "POST",
        "/contacts/search",
        "contacts",
        Searched(
            "contacts",
            CONTACTS,
            50,
            150,
            sort="id",
            granularity=days_until(V2_17),
            orders_since=V2_16,
            decorate=merges,
        ),
        V2_0,
        names("include_merge_history"),
        IGNORED,
    ),
    Endpoint(
        "GET",
        "/contacts",
        "contacts",
        Cursored("contacts", "id", 50, 150, decorate=merges),
        V2_0,
        CURSOR | {"include_merge_history"},
    ),
    Endpoint("GET", "/contacts/{id}", "contacts", contact, V2_0, names("include_merge_history")),
    Endpoint(
        "GET", "/companies/scroll", "companies", scrolled("companies"), query=names("scroll_param")
    ),
    Endpoint(
        "GET",
        "/companies",
        "companies",
        Numbered("companies", "last_request_at", 15, 60, linked=True, visible=HAS_USERS),
        V2_0,
        PAGE,
    ),
    Endpoint(
        "POST",
        "/companies/list",
        "companies",
        Numbered(
            "companies",
            "last_request_at",
            15,
            60,
            linked=True,
            ordered=True,
            at_most=LISTED_AT_MOST,
            visible=HAS_USERS,
        ),
        V2_0,
        PAGE | {"order"},
    ),
    Endpoint(
        "POST",
        "/companies/search",
        "companies",
        Searched("companies", COMPANIES, 15, 150, granularity=days, visible=HAS_USERS),
        V2_17,
        ignored=IGNORED,
    ),
    Endpoint("GET", "/companies/{id}", "companies", detail("companies", "company_not_found")),
    Endpoint(
        "POST",
        "/conversations/search",
        "conversations",
        Searched(
            "conversations",
            CONVERSATIONS,
            20,
            150,
            "conversations",
            "conversation.list",
            decorate=monitors,
        ),
        V2_0,
        names("include_monitors include_scorecards"),
        IGNORED,
    ),
    Endpoint(
        "GET",
        "/conversations",
        "conversations",
        Cursored(
            "conversations",
            "updated_at",
            20,
            150,
            "conversations",
            "conversation.list",
            descending=True,
        ),
        V2_0,
        CURSOR,
    ),
    Endpoint(
        "GET",
        "/conversations/deleted",
        "deleted_conversations",
        Numbered(
            "deleted_conversations",
            "deleted_at",
            20,
            60,
            "conversations",
            "conversations.list",
            linked=True,
            ordered=True,
        ),
        V2_16,
        PAGE | {"order"},
    ),
    Endpoint(
        "GET",
        "/conversations/{id}",
        "conversations",
        conversation,
        V2_0,
        names("display_as include_translations"),
    ),
    Endpoint(
        "POST",
        "/tickets/search",
        "tickets",
        Searched("tickets", TICKETS, 20, 150, "tickets", "ticket.list"),
        (2, 10),
        ignored=IGNORED,
    ),
    Endpoint("GET", "/tickets/{id}", "tickets", detail("tickets"), (2, 9)),
    Endpoint("GET", "/ticket_types", "ticket_types", whole("ticket_types"), (2, 9)),
    Endpoint(
        "GET",
        "/data_attributes",
        "data_attributes",
        data_attributes,
        V2_0,
        names("model include_archived"),
    ),
    Endpoint(
        "GET", "/articles", "articles", Numbered("articles", "updated_at", 25, 250), V2_0, PAGE
    ),
    Endpoint("GET", "/articles/{id}", "articles", article, V2_0),
    Endpoint(
        "GET",
        "/help_center/collections",
        "collections",
        Numbered("collections", "updated_at", 20, 150),
        V2_0,
        PAGE,
    ),
    Endpoint(
        "GET",
        "/admins/activity_logs",
        "activity_logs",
        Numbered(
            "activity_logs",
            "created_at",
            20,
            250,
            "activity_logs",
            "activity_log.list",
            linked=True,
            counted=False,
            spans=activity_spans,
        ),
        query=PAGE | {"created_at_after", "created_at_before"},
    ),
)


@dataclass(frozen=True)
class Match:
    """A path that exists: its methods, and the argument in it."""

    template: str
    methods: dict[str, Endpoint]
    argument: str = ""


def _routes() -> tuple[dict[str, Match], dict[tuple[str, int], Match]]:
    exact: dict[str, Match] = {}
    open_ended: dict[tuple[str, int], Match] = {}
    for endpoint in ENDPOINTS:
        head, brace, tail = endpoint.path.partition("{")
        if brace:
            length = endpoint.path.count("/")
            match = open_ended.setdefault(
                (head + tail.partition("}")[2], length), Match(endpoint.path, {})
            )
        else:
            match = exact.setdefault(endpoint.path, Match(endpoint.path, {}))
        match.methods[endpoint.method] = endpoint
    return exact, open_ended


EXACT, OPEN_ENDED = _routes()


def found(path: str) -> Match | None:
    """Find the endpoints of a path; the argument is whatever is missing from its template."""
    match = EXACT.get(path)
    if match is not None:
        return match
    segments = path.split("/")
    for position in range(2, len(segments)):
        around = "/".join([*segments[:position], "", *segments[position + 1 :]])
        match = OPEN_ENDED.get((around, len(segments) - 1))
        if match is not None:
            return Match(match.template, match.methods, segments[position])
    return None
