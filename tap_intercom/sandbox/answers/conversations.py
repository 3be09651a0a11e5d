"""What do conversations, tickets and calls answer?"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import msgspec

from ..endpoint import (
    CURSOR,
    IGNORED,
    PAGE,
    Endpoint,
    attributes_of,
    detail,
    flag,
    found,
    names,
    numbered_of,
    whole_of,
    with_fields,
)
from ..exchange import Call, Refusal, Reply
from ..hanging import rows_in, rows_on
from ..paging import Cursored, Numbered, envelope, linked, whole
from ..records.conversations import with_parts
from ..search import CONVERSATIONS, TICKETS
from ..searching import Searched
from ..versions import PREVIEW, V2_0, V2_15, V2_16

if TYPE_CHECKING:
    from ..state import State

Json = dict[str, Any]

NEWEST_PARTS = 500
PART_TYPES = ("include_part_types", "exclude_part_types")
PART_TYPES_AT_ONCE = 50
CONVERSATIONS_AT_ONCE = 20


def monitors(_: State, call: Call, __: list[str], rows: list[bytes]) -> list[bytes]:
    """Show evaluations, of which there are none, to those who ask."""
    more: Json = {}
    if flag(call, "include_monitors"):
        more["monitor_evaluations"] = []
    if flag(call, "include_scorecards"):
        more["scorecards"] = []
    return [with_fields(row, **more) for row in rows] if more else rows


def _plain(text: object) -> object:
    if not isinstance(text, str):
        return text
    return html.unescape(re.sub(r"<[^>]*>", "", text))


def _of_types(parts: list[Json], call: Call) -> list[Json]:
    """Keep the parts of the types that are asked for, or of all but those."""
    asked = [name for name in PART_TYPES if name in call.query]
    if not asked:
        return parts
    types = call.query[asked[0]].split(",")
    if call.version < PREVIEW or len(asked) > 1 or len(types) > PART_TYPES_AT_ONCE:
        message = f"{asked[0]} is for Preview, one of the two at a time, with 50 types at most"
        raise Refusal(422, "parameter_invalid", message, field=asked[0])
    wanted = asked[0] == PART_TYPES[0]
    return [part for part in parts if (part.get("part_type") in types) is wanted]


def conversation(state: State, call: Call) -> Reply:
    """Answer with one conversation and its newest parts, of the types that are asked for."""
    display = call.query.get("display_as", "html")
    if display not in ("html", "plaintext"):
        message = "display_as must be html or plaintext"
        raise Refusal(400, "parameter_invalid", message, field="display_as")
    row = found(state, "conversations", call)
    parts = rows_in(call.version, state.holdings, "conversation_parts", call.argument)
    parts = _of_types(parts, call)[-NEWEST_PARTS:]
    if display == "plaintext":
        parts = [{**part, "body": _plain(part.get("body"))} for part in parts]
        record = msgspec.json.decode(row)
        if isinstance(record.get("source"), dict):
            record["source"]["body"] = _plain(record["source"].get("body"))
        row = msgspec.json.encode(record)
    return Reply(body=with_fields(row, **with_parts(parts)), records=1)


def attributes(state: State, call: Call) -> Reply:
    """Answer with the attributes of conversations; archived ones for those who ask."""
    return envelope("list", "data", attributes_of("conversation_attributes", state, call))


def transcripts(state: State, call: Call) -> Reply:
    """Answer with the calls in some conversations, and what was said in them."""
    body = call.body()
    asked = body.get("conversation_ids")
    if set(body) != {"conversation_ids"} or not isinstance(asked, list) or not asked:
        message = "conversation_ids must be a list of conversations"
        raise Refusal(400, "parameter_invalid", message, field="conversation_ids")
    if len(asked) > CONVERSATIONS_AT_ONCE:
        message = f"{len(asked)} conversation IDs are more than {CONVERSATIONS_AT_ONCE}"
        raise Refusal(400, "conversation_id_limit_exceeded", message)
    calls = state.holdings.table("calls")
    rows = [
        row
        for one in calls
        for row in rows_on(state.holdings, "call_transcripts", one)
        if row["conversation_id"] in asked
    ]
    return envelope("list", "data", [msgspec.json.encode(row) for row in rows])


ENDPOINTS = (
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
            place=linked,
            ordered=True,
        ),
        V2_16,
        PAGE | {"order"},
    ),
    Endpoint(
        "GET",
        "/conversations/{id}",
        "conversations conversation_parts",
        conversation,
        V2_0,
        names("display_as include_translations") | {*PART_TYPES},
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
        "/conversations/attributes",
        "conversation_attributes",
        attributes,
        V2_16,
        names("include_archived"),
    ),
    Endpoint(
        "GET",
        "/conversations/{id}/handling_events",
        "handling_events",
        whole_of("handling_events", "handling_events", None),
        V2_15,
    ),
    Endpoint(
        "GET",
        "/conversations/{id}/hitl_events",
        "hitl_events",
        whole_of("hitl_events", "hitl_events", None),
        PREVIEW,
    ),
    Endpoint(
        "GET",
        "/conversations/{id}/side_conversations",
        "side_conversations",
        numbered_of(
            "side_conversations",
            25,
            50,
            key="side_conversations",
            kind="side_conversation.list",
        ),
        V2_16,
        PAGE,
    ),
    Endpoint("GET", "/ticket_states", "ticket_states", whole("ticket_states"), (2, 12)),
    Endpoint("GET", "/calls", "calls", Numbered("calls", "created_at", 25, 25), (2, 14), PAGE),
    Endpoint("POST", "/calls/search", "call_transcripts", transcripts, (2, 14)),
)
