"""What do contacts and companies answer, and what hangs on them?"""

from __future__ import annotations

import html
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from ..endpoint import (
    CURSOR,
    IGNORED,
    PAGE,
    Endpoint,
    detail,
    flag,
    found,
    names,
    numbered_of,
    there,
    unix,
    whole_of,
    with_fields,
)
from ..exchange import Call, Refusal, Reply
from ..hanging import rows_on
from ..paging import (
    HOST,
    LISTED_AT_MOST,
    Cursored,
    Followed,
    Numbered,
    descending,
    envelope,
    linked,
    nulled,
    of_table,
    page_size,
    pages,
    scrolled,
)
from ..records.history import listed, stamp, summaries
from ..search import COMPANIES, CONTACTS, Valued
from ..searching import Searched, days, days_until
from ..versions import PREVIEW, V2_0, V2_15, V2_16, V2_17
from ..views import NAMED, Cursor, read, read_cursor

if TYPE_CHECKING:
    from ..state import State

Json = dict[str, Any]

HAS_USERS = Valued("user_count", lambda found: found != [0])
"""Companies without users are hidden from lists and searches, not from the scroll."""


class Offence(Exception):
    """Something was asked for that must never be asked for."""


def merges(state: State, call: Call, ids: list[str], rows: list[bytes]) -> list[bytes]:
    """Show merge histories to those who ask."""
    if not flag(call, "include_merge_history"):
        return rows
    if call.version < V2_16:
        raise Refusal(400, "parameter_invalid", "include_merge_history came with version 2.16")
    return [
        with_fields(row, merge_history=state.holdings.feed.merged_into(one))
        for one, row in zip(ids, rows, strict=True)
    ]


def contact(state: State, call: Call) -> Reply:
    """Answer with one contact, who knows more than the list tells."""
    row = merges(state, call, [call.argument], [found(state, "contacts", call)])[0]
    return Reply(body=with_fields(row, enabled_push_messaging=None), records=1)


def banners(_: State, call: Call) -> Reply:
    """Be offended: Intercom counts each banner that it hands out as one that was seen."""
    message = f"{call.method} {call.path} records impressions; nobody may read it."
    raise Offence(message)


def merge_history(state: State, call: Call) -> Reply:
    """Answer with a page of those who were merged into a user; leads have no history."""
    contact = there(state, "contacts", call)
    if state.holdings.table("contacts").record(contact).get("role") != "user":
        raise Refusal(404, "not_found", "Contact not found")
    size = page_size(call.query.get("per_page"), 50, 150)
    rows = rows_on(state.holdings, "contact_merge_history", contact)
    rows = rows if descending(call) else rows[::-1]
    cursor = call.query.get("cursor")
    first = 0 if cursor is None else read(_position, cursor)
    page = [msgspec.json.encode(row) for row in rows[first : first + size]]
    more = first + size < len(rows)
    following = b64encode(b"[%d]" % (first + size)).decode() if more else None
    return envelope("list", "data", page, next_cursor=following, has_more=more)


def _position(cursor: str) -> int:
    (position,) = msgspec.json.decode(b64decode(cursor, validate=True))
    return int(position)


def company_contacts(state: State, call: Call) -> Reply:
    """Answer with a page of contacts: by number, or since 2.17 by cursor."""
    if call.version < V2_17:
        return BY_NUMBER(state, call)
    if "page" in call.query:
        raise Refusal(400, "parameter_invalid", "page gave way to starting_after", field="page")
    ids = state.holdings.members(there(state, "companies", call))
    size = page_size(call.query.get("per_page"), 50, 60)
    after = call.query.get("starting_after")
    cursor = None if after is None else read_cursor(after)
    first = ids.index(cursor.id) + 1 if cursor is not None and cursor.id in ids else 0
    number = 1 if cursor is None else cursor.page
    place = pages(number, size, len(ids))
    if first + size < len(ids):
        text = Cursor(0, ids[first + size - 1], number + 1).text("id")
        place["next"] = {"page": number + 1, "per_page": size, "starting_after": text}
    shown = ids[first : first + size]
    rows = state.holdings.table("contacts").all_encoded(shown, call.version)
    rows = merges(state, call, shown, rows)
    return envelope("list", "data", rows, total_count=len(ids), pages=place)


def departed(state: State, call: Call) -> list[bytes]:
    """Encode who is no longer active; their addresses are escaped unless it is told not to be."""
    table = state.holdings.table("deleted_contacts")
    rows = table.all_encoded([key[2] for key in table.sorted_by("id")], call.version)
    if call.query.get("escape_identity", "true") == "false":
        return rows
    people: list[Json] = [msgspec.json.decode(row) for row in rows]
    for one in people:
        one["email"] = html.escape(one["email"]) if isinstance(one["email"], str) else one["email"]
    return [msgspec.json.encode(one) for one in people]


def granted(state: State, call: Call) -> list[bytes]:
    """Encode the ids of the companies that are granted to a contact, in order."""
    contact = there(state, "contacts", call)
    rows = rows_on(state.holdings, "contact_granted_companies", contact)
    ids = sorted((str(row["company_id"]) for row in rows), reverse=descending(call))
    return [msgspec.json.encode(one) for one in ids]


BY_NUMBER = numbered_of("company_contacts", 50, 60)


def _who(state: State, call: Call) -> Json:
    """Find whose events are asked for."""
    if call.query.get("type") != "user":
        raise Refusal(400, "parameter_invalid", "type must be user", field="type")
    contacts = state.holdings.table("contacts")
    if "intercom_user_id" in call.query:
        call.argument = call.query["intercom_user_id"]
        return contacts.record(there(state, "contacts", call))
    for asked, field in (("user_id", "external_id"), ("email", "email")):
        for identity in contacts if asked in call.query else ():
            if contacts.record(identity).get(field) == call.query[asked]:
                return contacts.record(identity)
    raise Refusal(404, "not_found", "User Not Found")


def events(state: State, call: Call) -> Reply:
    """Answer with the events of somebody, newest first, or with how many there were of each."""
    person = _who(state, call)
    rows = rows_on(state.holdings, "contact_events", person["id"])
    who = {
        "email": person.get("email"),
        "intercom_user_id": person["id"],
        "user_id": person.get("external_id"),
    }
    if flag(call, "summary"):
        counted = [msgspec.json.encode(row) for row in summaries(rows)]
        return envelope("event.summary", "events", counted, **who)
    since = max(unix(call, "since") or 0, listed(state.holdings.today()) * 1_000)
    before = unix(call, "before")
    found = [
        row
        for row in rows
        if stamp(row) * 1_000 >= since and (before is None or stamp(row) * 1_000 < before)
    ]
    size = page_size(call.query.get("per_page"), 50, 150)
    page = found[:size]
    following = None
    if len(found) > size:
        times = {"before": str(int(stamp(page[-1]) * 1_000)), "since": str(since)}
        following = f"{HOST}{call.path}?{urlencode({**call.query, **times})}"
    encoded = [msgspec.json.encode(row) for row in page]
    return envelope("event.list", "events", encoded, pages={"next": following}, **who)


ENDPOINTS = (
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
        Numbered("companies", "last_request_at", 15, 60, place=linked, visible=HAS_USERS),
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
            place=linked,
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
    Endpoint("GET", "/companies/{id}", "companies", detail("companies")),
    Endpoint(
        "GET",
        "/contacts/activities",
        "contact_activities",
        Followed(
            of_table("contact_activities", "created_at"),
            50,
            150,
            NAMED,
            descending=False,
            clamped=True,
        ),
        V2_17,
        CURSOR,
    ),
    Endpoint(
        "GET",
        "/contacts/deleted",
        "deleted_contacts",
        Numbered("deleted_contacts", "id", 10, 150, rows=departed),
        V2_17,
        PAGE | {"escape_identity"},
    ),
    Endpoint(
        "GET",
        "/contacts/{id}/granted_companies",
        "contact_granted_companies",
        Numbered("contact_granted_companies", "", 50, 150, key="company_ids", rows=granted),
        PREVIEW,
        PAGE | {"order"},
    ),
    Endpoint("GET", "/contacts/{id}/banners", "contact_banners", banners),
    Endpoint("GET", "/contacts/{id}/tags", "contact_tags", whole_of("contact_tags"), V2_0),
    Endpoint(
        "GET", "/contacts/{id}/segments", "contact_segments", whole_of("contact_segments"), V2_0
    ),
    Endpoint(
        "GET",
        "/contacts/{id}/subscriptions",
        "contact_subscriptions",
        whole_of("contact_subscriptions"),
        (2, 7),
    ),
    Endpoint(
        "GET",
        "/contacts/{id}/companies",
        "contact_companies",
        numbered_of("contact_companies", 50, 60, place=linked),
        V2_0,
        PAGE,
    ),
    Endpoint(
        "GET",
        "/contacts/{id}/notes",
        "contact_notes",
        numbered_of("contact_notes", 50, 150, place=nulled),
        V2_0,
        PAGE,
    ),
    Endpoint(
        "GET",
        "/contacts/{id}/merge_history",
        "contact_merge_history",
        merge_history,
        V2_16,
        names("cursor per_page order"),
    ),
    Endpoint(
        "GET",
        "/events",
        "contact_events contact_event_summaries",
        events,
        query=names("type intercom_user_id user_id email summary per_page before since"),
    ),
    Endpoint(
        "GET",
        "/companies/{id}/contacts",
        "company_contacts",
        company_contacts,
        V2_0,
        PAGE | {"starting_after", "include_merge_history"},
    ),
    Endpoint(
        "GET", "/companies/{id}/segments", "company_segments", whole_of("company_segments"), V2_0
    ),
    Endpoint(
        "GET",
        "/companies/{id}/notes",
        "company_notes",
        numbered_of("company_notes", 50, 150, place=nulled),
        V2_15,
        PAGE,
    ),
)
