"""What can go wrong? One small function each, chosen by the token a caller brings.

A misfortune gets the state, the call and `proceed`, which answers as if all were well. It may
answer instead, or change the answer. `call.nth` counts the calls with this token on this method
and path template, `call.total` all calls with this token; both begin with 1. In which ways a single
call fails is in `failures`, what always fails in `poison`, what contradicts itself in
`contradictions`, what happens in a restless workspace in `restless`, what does harm in `hostile`,
what is not so in `untrue`, what happens to scrolls and exports in `scroll_misfortunes` and
`export_misfortunes`.

    demo                          all well, and so is every other token that begins with `demo`
                                  but for `demo-oauth-…`, which a login must have given out
    demo-revoked                  401 everywhere, also on /me
    demo-no-permission-RESOURCE   401 token_unauthorized there; 403 forbidden on newer endpoints
    demo-plan-RESOURCE            403 api_plan_restricted there
    demo-rate-limited             30 calls a minute: 5 in ten seconds
    demo-rate-limited-once        429 on the first call of each endpoint, reset within a second
    demo-flaky                    every fifth call goes wrong, each time in another way
    demo-KIND-once                the first call of each endpoint goes wrong; KIND is one of 500,
                                  502, 503, 504, 408, reset, empty, truncated, html403, html200
                                  (a page instead of JSON), not-gzip (but called so), stalled (half
                                  of the body, then nothing), hanging (nothing at all)
    demo-failing-N                N per cent of the calls go wrong, in each of these ways in turn
    demo-paused                   after five calls, all the others go wrong for a while (`pause`)
    demo-slow                     half a second for every answer
    demo-down                     503 always
    demo-heavy-pages              searches with more than 50 records a page: 504
    demo-cursor-loop              search cursors go A, B, A, B
    demo-odd-KIND                 answers contradict themselves, or are said in other words; KIND is
                                  one of those in `contradictions`; with -once behind, the first
                                  of each endpoint, with -second the second
    demo-deleted-between          some conversations that are listed are gone when asked for; so are
                                  some companies (404 as HTML) and contacts (410 since 2.16) when
                                  what hangs on them is asked for
    demo-parts-missing            some conversations give one part less than they count
    demo-poisoned-WAY             one record in eight cannot be asked about: what hangs on it fails
                                  each time, with the status WAY, or in one of the ways of
                                  demo-KIND-once, or with a proxy's page (html404), or without what
                                  was asked for (without), or as an error with the status of a
                                  success (said429, said401, said403, said404, said410, said500,
                                  saidunknown)
    demo-broken-RESOURCE-WAY      all calls for one resource fail, in one of these ways
    demo-unsearchable-WAY         a search fails, in one of these ways, if one record in thirty-two
                                  would be on its page, however small that is
    demo-nth-N-WAY                the Nth call fails, in one of these ways, and so does each that
                                  asks for the same; with -once behind, only the Nth
    demo-redirect                 302 to another host
    demo-redirect-once            likewise, for the first call of each endpoint
    demo-next-elsewhere           pages.next is a URL on another host
    demo-no-part-types            422 where parts of a conversation are asked for by their types
    demo-search-404               the first call of each search finds a deleted conversation: 404
    demo-moving                   each search page is followed by changes to three records
    demo-unsorted-FIELD           searches come by this field, whatever was asked for; those by
                                  updated_at newest first
    demo-inside-short             lists inside a record count what they should hold, and hold one
    demo-ahead-WHICH              the Date of some answers is a day ahead: of /me, of all, of all
                                  others, or of the third (me, all, others, one)
    demo-restless                 after every call a contact, conversation, ticket or company is
                                  made, changed, deleted or merged, and so is something that is
                                  listed, as an article, and up to two seconds pass
    demo-hostile-huge             lists (GET) are 100 MB long
    demo-hostile-bomb             they are small, and 1 GB when they are decompressed
    demo-hostile-deep             they are 100,000 arrays in each other
    demo-hostile-deep-ish         the first record of each has objects in each other, 400 deep
    demo-hostile-drip             they come one byte every 0.2 seconds, without end
    demo-hostile-drip-head        so does a line of their head
    demo-hostile-drip-continue    they are `100 Continue`, again and again
    demo-hostile-drip-chunks      the length of their first chunk does not end
    demo-hostile-drip-trailers    what may follow their last chunk does not end
    demo-hostile-wide-head        they have a line in their head that is too long for anybody
    demo-hostile-long-head        they have too many lines in their head
    demo-hostile-endless          lists and searches are their first page, again and again, and each
                                  time the next page has another cursor
    demo-hostile-endless-empty    the same, without records
    demo-hostile-lying-total      they count too many pages and records, and none the next time
    demo-hostile-limit-zero       each answer says that the rate limit is 0 for years
    demo-hostile-retry-forever    429 on the first call of each endpoint, to be tried in three years
    demo-hostile-retry-in-years   the same, but the three years are said as a date
    demo-hostile-echo             what goes wrong is told with the token, escape sequences and line
                                  breaks: by one record in eight, and by all of tags and segments
    demo-hostile-away             308 to another host for everything but /me
    demo-export-KIND              an export ends badly, or its file is no honest one; KIND is one
                                  of those in `export_misfortunes`
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from .contradictions import odd
from .endpoint import gone
from .exchange import HTML, JSON, Call, Ending, Refusal, Reply
from .export_misfortunes import EXPORT_MISFORTUNES
from .failures import FAILURES, GATEWAY_TIMEOUT, UNAVAILABLE, as_is, html, page
from .grants import ISSUED
from .hostile import hostile
from .poison import broken, nth, poisoned, unsearchable
from .restless import restless
from .scroll_misfortunes import OF_SCROLLS, SCROLL_MISFORTUNES
from .untrue import ahead, inside_short, unsorted
from .versions import V2_16

if TYPE_CHECKING:
    from collections.abc import Callable

    from .failures import Misfortune, Proceed
    from .state import State

Json = dict[str, Any]

FAILING = 14
FLAKY_EVERY = 5
PAUSED_AFTER = 5
MOVED_PER_PAGE = 3
LIGHT_PAGE = 50
SLOW = 0.5


def once(failure: Misfortune) -> Misfortune:
    """Make the first call of each endpoint end in this way."""

    def first(state: State, call: Call, proceed: Proceed) -> Reply:
        return failure(state, call, proceed) if call.nth == 1 else proceed()

    return first


def failing(share: str) -> Misfortune:
    """Make so many per cent of the calls fail, by the dice, in one way after the other."""
    if not share.isdigit():
        return as_is
    ways = [failure for name, failure in FAILURES.items() if name != "hanging"]

    def fail(state: State, call: Call, proceed: Proceed) -> Reply:
        if 100 * state.holdings.world.dice(FAILING, call.total).random() >= int(share):
            return proceed()
        state.calls[call.token, "failed"] += 1
        way = ways[state.calls[call.token, "failed"] % len(ways)]
        return way(state, call, proceed)

    return fail


def paused(state: State, call: Call, proceed: Proceed) -> Reply:
    """Be away for a while after the first calls: every other call is answered 503, or never."""
    if call.total <= PAUSED_AFTER:
        return proceed()
    now = state.clock.now()
    back = float(state.notes.setdefault((call.token, "back"), str(now + state.options.pause)))
    if now >= back:
        return proceed()
    if call.total % 2:
        return UNAVAILABLE
    return Reply(delay=min(back - now, state.options.hang), ending=Ending.RESET)


def flaky(state: State, call: Call, proceed: Proceed) -> Reply:
    """Make every fifth call go wrong, in one way after the other."""
    turn, rest = divmod(call.total, FLAKY_EVERY)
    if rest:
        return proceed()
    kind = FLAKY_KINDS[(turn - 1) % len(FLAKY_KINDS)]
    return FAILURES[kind](state, call, proceed)


FLAKY_KINDS = ("500", "502", "503", "reset", "empty", "html403", "408", "truncated")


def slow(_: State, __: Call, proceed: Proceed) -> Reply:
    """Take half a second."""
    return replace(proceed(), delay=SLOW)


def down(_: State, __: Call, ___: Proceed) -> Reply:
    """Never be there."""
    return UNAVAILABLE


def _searches(call: Call) -> bool:
    return call.method == "POST" and call.path.endswith("/search")


def heavy_pages(_: State, call: Call, proceed: Proceed) -> Reply:
    """Give up on large pages."""
    if not _searches(call):
        return proceed()
    size = (call.body().get("pagination") or {}).get("per_page") or 0
    return GATEWAY_TIMEOUT if int(size) > LIGHT_PAGE else proceed()


def _rewritten(reply: Reply, change: Callable[[Json], None]) -> Reply:
    """Change the pages object of an answer that has one."""

    def inside(body: Any) -> None:
        if isinstance(body, dict) and isinstance(body.get("pages"), dict):
            change(body["pages"])

    return reply.changed(inside) if reply.content_type == JSON else reply


def cursor_loop(state: State, call: Call, proceed: Proceed) -> Reply:
    """Send searches from the third page back to the second."""
    if not _searches(call):
        return proceed()
    query = msgspec.json.encode(call.body().get("query")).decode()
    name = (call.token, call.template, query)

    def change(place: Json) -> None:
        following = place.get("next")
        if following and place["page"] == 1:
            state.notes[name] = following["starting_after"]
        elif following and name in state.notes and place["page"] > 2:  # noqa: PLR2004
            following["starting_after"] = state.notes[name]

    return _rewritten(proceed(), change)


def next_elsewhere(state: State, call: Call, proceed: Proceed) -> Reply:
    """Point to the next page on a host that nobody should follow."""
    elsewhere = state.options.elsewhere

    def change(place: Json) -> None:
        following = place.get("next")
        if isinstance(following, str):
            place["next"] = elsewhere + following.partition(".io")[2]
        elif following and call.method == "GET":
            query = {**call.query, "starting_after": following["starting_after"]}
            place["next"] = f"{elsewhere}{call.path}?{urlencode(query)}"

    return _rewritten(proceed(), change)


def redirect(state: State, call: Call, __: Proceed) -> Reply:
    """Send everybody away."""
    location = (b"location", f"{state.options.elsewhere}{call.path}".encode())
    return Reply(302, page("302 Found", "nginx"), (location,), HTML, bare=True)


def no_part_types(_: State, call: Call, proceed: Proceed) -> Reply:
    """Refuse to give a conversation's parts by their types, as versions before Preview do."""
    if any(name.endswith("_part_types") for name in call.query):
        raise Refusal(422, "parameter_invalid", "part types are not for this workspace")
    return proceed()


def search_404(_: State, call: Call, proceed: Proceed) -> Reply:
    """Stumble over a deleted conversation in the first call of each search."""
    if _searches(call) and call.nth == 1:
        raise Refusal(404, "not_found", "Conversation not found. Message deleted.")
    return proceed()


def deleted_between(state: State, call: Call, proceed: Proceed) -> Reply:
    """Lose one record in sixteen, of those that are asked for one by one, after it was listed."""
    parent = call.template.split("/")[1]
    if call.argument[-1:] != "3" or call.template not in PERISHABLE:
        return proceed()
    reply = proceed()
    if call.template in {"/contacts/{id}", "/companies/{id}"}:
        raise Refusal(404, "not_found", "Resource Not Found", headers=reply.headers)
    if parent == "contacts" and call.version >= V2_16:
        raise gone(next(iter(state.holdings.table("contacts"))))
    if parent == "companies" or call.argument[-2:-1] in "02468":
        return html(404, "Not Found")
    raise Refusal(404, "not_found", "Resource Not Found", headers=reply.headers)


PERISHABLE = {
    "/contacts/{id}",
    "/companies/{id}",
    "/conversations/{id}",
    "/conversations/{id}/handling_events",
    "/conversations/{id}/side_conversations",
    *(f"/contacts/{{id}}/{name}" for name in ("tags", "companies", "notes", "segments")),
    *(f"/contacts/{{id}}/{name}" for name in ("subscriptions", "merge_history")),
    *(f"/companies/{{id}}/{name}" for name in ("contacts", "segments", "notes")),
}


def parts_missing(_: State, call: Call, proceed: Proceed) -> Reply:
    """Withhold the oldest part of one conversation in ten."""
    reply = proceed()
    if call.template != "/conversations/{id}" or call.argument[-1:] != "3":
        return reply
    return reply.changed(lambda body: body["conversation_parts"]["conversation_parts"].pop(0))


def moving(state: State, call: Call, proceed: Proceed) -> Reply:
    """Let three records change after every search page, as in a busy workspace."""
    reply = proceed()
    if _searches(call):
        table = call.template.split("/")[1]
        ids = list(state.holdings.table(table))
        dice = state.holdings.world.dice(13, call.total)
        for identity in (dice.pick(ids) for _ in range(MOVED_PER_PAGE)):
            state.workspace.touch(table, identity, dice, int(state.clock.now()))
    return reply


def no_permission(resource: str) -> Misfortune:
    """Take the scope of one resource away."""

    def forbid(_: State, call: Call, proceed: Proceed) -> Reply:
        if resource not in call.resources:
            return proceed()
        if call.modern:
            message = f"The token does not have the scope to read {resource}."
            raise Refusal(403, "forbidden", message)
        raise Refusal(401, "token_unauthorized", "Not authorized to access resource")

    return forbid


def plan(resource: str) -> Misfortune:
    """Leave one resource out of the plan."""

    def restrict(_: State, call: Call, proceed: Proceed) -> Reply:
        if resource not in call.resources:
            return proceed()
        raise Refusal(403, "api_plan_restricted", RESTRICTED.get(resource, RESTRICTED[""]))

    return restrict


RESTRICTED = {
    "": "Active subscription needed.",
    "team_metrics": "Real-time monitoring is not enabled for your workspace.",
}

REVOKED = "demo-revoked"
RATE_LIMITS = {"demo-rate-limited": 30}

MISFORTUNES: dict[str, Misfortune] = {
    REVOKED: as_is,
    "demo-rate-limited": as_is,
    **{f"demo-{kind}-once": once(failure) for kind, failure in FAILURES.items()},
    "demo-flaky": flaky,
    "demo-paused": paused,
    "demo-slow": slow,
    "demo-down": down,
    "demo-heavy-pages": heavy_pages,
    "demo-cursor-loop": cursor_loop,
    "demo-deleted-between": deleted_between,
    "demo-parts-missing": parts_missing,
    "demo-redirect": redirect,
    "demo-redirect-once": once(redirect),
    "demo-next-elsewhere": next_elsewhere,
    "demo-no-part-types": no_part_types,
    "demo-search-404": search_404,
    "demo-moving": moving,
    "demo-restless": restless,
    "demo-inside-short": inside_short,
    **SCROLL_MISFORTUNES,
    **EXPORT_MISFORTUNES,
}
PREFIXES = {
    "demo-no-permission-": no_permission,
    "demo-plan-": plan,
    "demo-failing-": failing,
    "demo-poisoned-": poisoned,
    "demo-broken-": broken,
    "demo-unsearchable-": unsearchable,
    "demo-nth-": nth,
    "demo-odd-": odd,
    "demo-hostile-": hostile,
    "demo-ahead-": ahead,
    "demo-unsorted-": unsorted,
    **OF_SCROLLS,
}


def misfortune(token: str) -> tuple[str, Misfortune]:
    """Find what a token brings, and a label for it that is not the token."""
    if token in MISFORTUNES:
        return token.removeprefix("demo-"), MISFORTUNES[token]
    if token.startswith(ISSUED):
        return "oauth", as_is
    for prefix, made in PREFIXES.items():
        if token.startswith(prefix):
            return token.removeprefix("demo-"), made(token.removeprefix(prefix))
    return "all-well", as_is
