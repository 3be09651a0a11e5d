"""What do the workspace, its people and its settings answer?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from ..endpoint import (
    CURSOR,
    PAGE,
    Endpoint,
    attributes_of,
    detail,
    flag,
    names,
    numbered_of,
    there,
    unix,
    whole_of,
    without_field,
)
from ..exchange import Call, Refusal, Reply
from ..families import BUILT_IN
from ..hanging import rows_on
from ..paging import Followed, Numbered, envelope, linked, of_table, whole
from ..records.dice import DAY, HOUR
from ..records.history import stamp
from ..records.settings import BODIES, IDLE, team_metrics
from ..records.workspace import as_data_attribute
from ..versions import V2_0, V2_15, V2_16, V2_17

if TYPE_CHECKING:
    from ..paging import Answer, Found
    from ..search import Span
    from ..state import State
    from ..tables import Key

Json = dict[str, Any]

MONTH = 30 * DAY


def single(table: str) -> Answer:
    """Answer with the one record of a table."""

    def answer(state: State, call: Call) -> Reply:
        records = state.holdings.table(table)
        return Reply(body=records.encoded(next(iter(records)), call.version), records=1)

    return answer


def avatars(_: State, call: Call, __: list[str], rows: list[bytes]) -> list[bytes]:
    """Show avatars to those who ask."""
    return rows if flag(call, "display_avatar") else without_field(rows, "avatar")


def counts(_: State, call: Call, __: list[str], rows: list[bytes]) -> list[bytes]:
    """Show how many are in a segment to those who ask."""
    return rows if flag(call, "include_count") else without_field(rows, "count")


def segments(state: State, call: Call) -> Reply:
    """Answer with the segments of people, or with those of companies to who asks for these.

    The parameter is documented for version 1 only. Whether newer ones list all unasked, nobody has
    shown.
    """
    kind = call.query.get("type")
    if kind not in (None, "company"):
        raise Refusal(400, "parameter_invalid", "type must be company", field="type")
    of_companies = state.holdings.table("segments_of_companies")

    def chosen(state: State, call: Call, ids: list[str], rows: list[bytes]) -> list[bytes]:
        wanted = [
            row
            for identity, row in zip(ids, rows, strict=True)
            if (identity in of_companies) == (kind == "company")
        ]
        return counts(state, call, ids, wanted)

    return whole("segments", "segments", "segment.list", chosen)(state, call)


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
        for row in _attributes(one, state, call)
    ]
    return envelope("list", "data", rows)


def _attributes(model: str, state: State, call: Call) -> list[bytes]:
    custom = attributes_of(f"{model}_attributes", state, call)
    if model != "conversation":
        return custom
    older = [msgspec.json.encode(as_data_attribute(msgspec.json.decode(row))) for row in custom]
    return [*attributes_of(BUILT_IN, state, call), *older]


def activity_spans(state: State, call: Call) -> list[Span]:
    """Read the window of an activity log; whether its ends belong to it is not documented."""
    after, before = unix(call, "created_at_after"), unix(call, "created_at_before")
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


def event_types(state: State, _: Call) -> Reply:
    """Answer with bare strings."""
    rows = [msgspec.json.encode(one) for one in state.holdings.table("activity_log_event_types")]
    return envelope("activity_log_event_type.list", "event_types", rows)


def away_status_reasons(state: State, call: Call) -> Reply:
    """Answer with a list, which had nothing around it before 2.15."""
    reply = whole("away_status_reasons")(state, call)
    if call.version >= V2_15:
        return reply
    return replace(reply, body=msgspec.json.encode(msgspec.json.decode(reply.body)["data"]))


def metrics(state: State, call: Call) -> Reply:
    """Answer with what the members of a team have to do."""
    team = state.holdings.table("teams").record(there(state, "teams", call))
    idle = unix(call, "idle_threshold")
    rows = team_metrics(team, IDLE if idle is None else idle)
    return envelope("team_metric.list", "data", [msgspec.json.encode(row) for row in rows])


def execution_spans(state: State, call: Call) -> list[Span]:
    """Read a window, the last hour if none is asked for; its ends do not belong to it."""
    now = int(state.clock.now())
    start, end = unix(call, "start_ts"), unix(call, "end_ts")
    return [(now - HOUR if start is None else start + 1, now if end is None else end - 1)]


def executions(state: State, call: Call) -> Found:
    """Find what a connector has done, with the bodies for those who ask."""
    connector = there(state, "data_connectors", call)
    hidden = () if flag(call, "include_bodies") else BODIES
    rows: dict[Key, bytes] = {}
    for row in rows_on(state.holdings, "data_connector_executions", connector):
        if not _wanted(row, call):
            continue
        shown = {name: value for name, value in row.items() if name not in hidden}
        identity = str(row["id"])
        key = (stamp(row), len(identity), identity)
        rows[key] = msgspec.json.encode(shown)
    return sorted(rows), lambda keys: [rows[key] for key in keys]


def _wanted(row: Json, call: Call) -> bool:
    success, kind = call.query.get("success"), call.query.get("error_type")
    if success not in (None, "true", "false"):
        raise Refusal(400, "parameter_invalid", "success must be true or false", field="success")
    well = success is None or row.get("success") is (success == "true")
    return well and kind in (None, row.get("error_type"))


def custom_objects(state: State, call: Call) -> Reply:
    """Answer with the objects of one type, or with the one that has an external id."""
    asked = call.query.get("external_id")
    if asked is None:
        return OBJECTS(state, call)
    one = there(state, "custom_object_types", call)
    for row in rows_on(state.holdings, "custom_object_instances", one):
        if row.get("external_id") == asked:
            return Reply(body=msgspec.json.encode(row), records=1)
    raise Refusal(404, "not_found", "Resource Not Found")


OBJECTS = numbered_of("custom_object_instances", 20, 150, place=linked)

ENDPOINTS = (
    Endpoint("GET", "/me", "workspace", single("workspace")),
    Endpoint(
        "GET",
        "/admins",
        "admins",
        whole("admins", "admins", "admin.list", avatars),
        query=names("display_avatar"),
    ),
    Endpoint("GET", "/admins/{id}", "admins", detail("admins")),
    Endpoint("GET", "/teams", "teams", whole("teams", "teams", "team.list")),
    Endpoint("GET", "/tags", "tags", whole("tags")),
    Endpoint("GET", "/segments", "segments", segments, V2_0, names("include_count type")),
    Endpoint(
        "GET",
        "/data_attributes",
        "data_attributes",
        data_attributes,
        V2_0,
        names("model include_archived"),
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
            place=linked,
            counted=False,
            spans=activity_spans,
        ),
        query=PAGE | {"created_at_after", "created_at_before"},
    ),
    Endpoint(
        "GET",
        "/admins/activity_log_event_types",
        "activity_log_event_types",
        event_types,
        V2_16,
    ),
    Endpoint("GET", "/brands", "brands", whole("brands"), V2_15),
    Endpoint("GET", "/emails", "emails", whole("emails"), V2_15),
    Endpoint("GET", "/away_status_reasons", "away_status_reasons", away_status_reasons, (2, 14)),
    Endpoint(
        "GET", "/subscription_types", "subscription_types", whole("subscription_types"), (2, 7)
    ),
    Endpoint(
        "GET",
        "/office_hours_schedules",
        "office_hours_schedules",
        whole("office_hours_schedules", kind="office_hours_schedule.list"),
        V2_16,
    ),
    Endpoint(
        "GET",
        "/office_hours_schedules/{id}/office_hours_exceptions",
        "office_hours_exceptions",
        whole_of("office_hours_exceptions", kind="office_hours_exception.list"),
        V2_16,
    ),
    Endpoint("GET", "/teams/{id}/metrics", "team_metrics", metrics, V2_16, names("idle_threshold")),
    Endpoint("GET", "/ip_allowlist", "ip_allowlist", single("ip_allowlist"), (2, 14)),
    Endpoint(
        "GET",
        "/data_connectors",
        "data_connectors",
        Followed(of_table("data_connectors", "updated_at"), 20, 50),
        V2_16,
        CURSOR,
    ),
    Endpoint(
        "GET",
        "/data_connectors/{id}/execution_results",
        "data_connector_executions",
        Followed(executions, 10, 30, spans=execution_spans),
        V2_16,
        CURSOR | names("start_ts end_ts include_bodies success error_type"),
    ),
    Endpoint(
        "GET",
        "/custom_object_instances/{type}",
        "custom_object_instances",
        custom_objects,
        V2_16,
        PAGE | {"external_id"},
    ),
)
