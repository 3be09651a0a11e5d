"""Every stream by itself: in which versions, with which permission, at what cost, how far back."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from runs import CUSTOM_OBJECT_TYPES, NAMES, sync
from thorough import the_first_of

from tap_intercom.api.address import VERSIONS
from tap_intercom.audit import RunError
from tap_intercom.run import Run as TapRun
from tap_intercom.sandbox import running
from tap_intercom.shapes.children import Explode
from tap_intercom.shapes.feed import Feed
from tap_intercom.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_intercom.api.retries import Patience
    from tap_intercom.sandbox import Sandbox

BY_NAME = {stream.name: stream for stream in STREAMS}
DAY = 86_400


@pytest.fixture(scope="module")
def quiet() -> Iterator[Sandbox]:
    """A small workspace in which nothing changes."""
    with running(size=40, rate_limit=1_000_000) as sandbox:
        yield sandbox


def resource(stream: str) -> str:
    """What a token has to be refused for a stream to be: rows inside a parent come with it."""
    shape = BY_NAME[stream]
    return shape.of.name if issubclass(shape, Explode) else stream


def calls(sandbox: Sandbox) -> list[str]:
    """The calls since the last reset, but for the one that asks who we are."""
    return [f"{one['method']} {one['path']}" for one in sandbox.log() if one["path"] != "/me"]


@pytest.mark.parametrize(
    "version", ["2.11", "2.16", *the_first_of("2.17", "2.13", "2.14", "2.15", "Preview")]
)
def test_each_version_has_the_streams_that_say_so(quiet: Sandbox, version: str) -> None:
    run = sync(quiet, *NAMES, api_version=version, custom_object_types=CUSTOM_OBJECT_TYPES)
    assert run.error is None
    too_new = {
        name
        for name, stream in BY_NAME.items()
        if VERSIONS.index(stream.min_version) > VERSIONS.index(version)
    }
    assert run.left_out.keys() == too_new
    assert all("api_version" in reason for reason in run.left_out.values())
    assert run.counts.keys() == set(NAMES) - too_new


def test_conversation_attributes_come_from_another_place_before_2_16(quiet: Sandbox) -> None:
    old = sync(quiet, "conversation_attributes", api_version="2.15")
    new = sync(quiet, "conversation_attributes", api_version="2.17")
    assert old.error is None
    assert new.counts["conversation_attributes"] > 0
    ids = old.ids("conversation_attributes")
    assert len(set(ids)) == len(ids) > 0
    assert not any(one.startswith("keyless") for one in ids)
    assert sorted(new.ids("conversation_attributes")) == sorted(ids)


def test_built_in_attributes_that_are_refused_do_not_cost_the_custom_ones(
    quiet: Sandbox,
) -> None:
    token = "demo-no-permission-data_attributes"
    run = sync(quiet, "conversation_attributes", token=token, emit_activate_version_messages=True)
    assert (run.error, run.left_out) == (None, {})
    custom = {str(row["id"]) for row in quiet.records("conversation_attributes")}
    assert set(run.ids("conversation_attributes")) == custom
    assert [one for one in run.messages if one["type"] == "ACTIVATE_VERSION"] == []
    strict = sync(quiet, "conversation_attributes", token=token, strict=True)
    assert isinstance(strict.error, RunError)


@pytest.mark.parametrize(
    "stream", [name for name in NAMES if name not in {"workspace", "activity_log_event_types"}]
)
@pytest.mark.parametrize("kind", ["no-permission", "plan"])
def test_b01_what_a_token_may_not_read_is_left_out_with_advice(
    quiet: Sandbox, stream: str, kind: str
) -> None:
    """An empty table would be believed; the permission that is missing can be ticked.

    A bookmark moves at most over parents that tell their rows, and keeps those that were refused.
    """
    quiet.reset()
    token = f"demo-{kind}-{resource(stream)}"
    run = sync(quiet, stream, token=token, custom_object_types=CUSTOM_OBJECT_TYPES)
    assert run.error is None
    named = BY_NAME[stream].permission if kind == "no-permission" else "plan"
    assert named in run.left_out[stream]
    if "replication_key_value" in run.state.get("bookmarks", {}).get(stream, {}):
        refused = {one["path"].split("/")[2] for one in quiet.log() if one["status"] in {401, 403}}
        assert set(run.kept[stream]) == refused


def test_b33_children_of_a_parent_that_tells_all_cost_no_call(quiet: Sandbox) -> None:
    """Most contacts have fewer than ten: a call for each would take most of a sync."""
    contacts = quiet.records("contacts")
    for stream, path in (("contact_tags", "tags"), ("contact_companies", "companies")):
        quiet.reset()
        run = sync(quiet, stream)
        asked = {one.split("/")[2] for one in calls(quiet) if one.endswith(f"/{path}")}
        assert asked == {one["id"] for one in contacts if one[path]["has_more"]}
        assert asked
        assert run.counts[stream] == len(quiet.records(stream))


@pytest.mark.parametrize(
    ("stream", "parents"), [("contact_notes", "contacts"), ("company_notes", "companies")]
)
def test_b33_notes_are_asked_for_where_there_are_any(
    quiet: Sandbox, stream: str, parents: str
) -> None:
    """Most contacts and companies have none."""
    quiet.reset()
    run = sync(quiet, stream)
    asked = {one.split("/")[2] for one in calls(quiet) if one.endswith("/notes")}
    with_notes = {one["id"] for one in quiet.records(parents) if one["notes"]["total_count"]}
    assert asked == with_notes
    assert run.counts[stream] == len(quiet.records(stream)) > 0


def test_companies_tell_of_their_notes_since_2_16(quiet: Sandbox) -> None:
    quiet.reset()
    run = sync(quiet, "company_notes", api_version="2.15")
    assert run.counts["company_notes"] == len(quiet.records("company_notes"))
    asked = [one for one in calls(quiet) if one.endswith("/notes")]
    assert len(set(asked)) == len(quiet.records("companies"))


def test_drafts_are_asked_for_where_there_are_any(quiet: Sandbox) -> None:
    quiet.reset()
    run = sync(quiet, "article_drafts")
    asked = [one for one in calls(quiet) if one.endswith("/draft")]
    assert len(asked) == run.counts["article_drafts"] > 0


def test_nothing_that_leaves_a_trace_is_ever_called(quiet: Sandbox) -> None:
    quiet.reset()
    sync(quiet, *NAMES, custom_object_types=CUSTOM_OBJECT_TYPES)
    assert not [one for one in calls(quiet) if "banners" in one]
    posts = {one for one in calls(quiet) if not one.startswith("GET ")}
    # An export has a file made of what is there, and changes nothing in the workspace.
    exports = {"POST /export/content/data", "POST /export/reporting_data/enqueue"}
    assert all(one.endswith("/search") for one in posts - exports), posts


@pytest.mark.parametrize("method", ["search", "list"])
def test_companies_can_be_read_in_other_ways(quiet: Sandbox, method: str) -> None:
    run = sync(quiet, "companies", companies_method=method)
    assert run.error is None
    with_users = [row for row in sync(quiet, "companies").rows("companies") if row["user_count"]]
    assert sorted(run.ids("companies")) == sorted(row["id"] for row in with_users)
    again = sync(quiet, "companies", companies_method=method, state=run.state)
    assert again.counts["companies"] < 5


def test_transcripts_are_asked_for_by_twenty_calls_at_a_time(quiet: Sandbox) -> None:
    quiet.reset()
    run = sync(quiet, "call_transcripts")
    bodies = [one["body"]["conversation_ids"] for one in quiet.log() if one["method"] == "POST"]
    assert 10 < max(map(len, bodies)) <= 20
    assert run.counts["call_transcripts"] == len(quiet.records("call_transcripts"))


def test_what_changes_in_a_day_arrives_the_next() -> None:
    """For all incremental streams: what is new or changed after a day is in the second run."""
    with running(size=40) as sandbox:
        assert_nothing_is_missed(sandbox)


def assert_nothing_is_missed(sandbox: Sandbox) -> None:
    settings: dict[str, Any] = {"custom_object_types": CUSTOM_OBJECT_TYPES}
    first = sync(sandbox, *NAMES, **settings)
    sandbox.advance(DAY)
    second = sync(sandbox, *NAMES, state=first.state, **settings)
    fresh = sync(sandbox, *NAMES, **settings)
    for name, stream in BY_NAME.items():
        keys = stream.primary_keys
        held = {tuple(row[key] for key in keys): row for row in first.rows(name)}
        held |= {tuple(row[key] for key in keys): row for row in second.rows(name)}
        # A feed's rows say when their parent had changed at the time that they were read.
        link = f"{stream.of.noun}_updated_at" if issubclass(stream, Feed) else ""
        for row in fresh.rows(name):
            got = held.get(tuple(row[key] for key in keys), {})
            assert {**got, link: None} == {**row, link: None}, name


def test_incremental_streams_do_not_read_everything_again(quiet: Sandbox) -> None:
    settings: dict[str, Any] = {"custom_object_types": CUSTOM_OBJECT_TYPES}
    first = sync(quiet, *NAMES, **settings)
    second = sync(quiet, *NAMES, state=first.state, **settings)
    for name, stream in BY_NAME.items():
        if stream.replication_key:
            assert second.counts[name] <= max(5, first.counts[name] / 5), name
        else:
            assert second.counts[name] == first.counts[name], name


def test_contact_events_are_read_as_far_as_the_bookmark(sandbox: Sandbox) -> None:
    first = sync(sandbox, "contact_events")
    value = first.state["bookmarks"]["contact_events"]["replication_key_value"]
    sandbox.reset()
    second = sync(sandbox, "contact_events", state=first.state)
    assert all(row["created_at"] >= value for row in second.rows("contact_events"))
    assert len([one for one in calls(sandbox) if "/events" in one]) == len(
        sandbox.records("contacts")
    )


def test_macros_are_filtered_by_intercom_itself(sandbox: Sandbox) -> None:
    first = sync(sandbox, "macros")
    sandbox.reset()
    sync(sandbox, "macros", state=first.state)
    [asked] = [one["query"] for one in sandbox.log() if one["path"] == "/macros"]
    assert int(asked["updated_since"]) > 0


def test_a_whole_table_is_activated_after_its_last_record(quiet: Sandbox) -> None:
    run = sync(quiet, *NAMES, emit_activate_version_messages=True)
    order = [(one["type"], one["stream"]) for one in run.messages if one["type"] != "STATE"]
    for name, stream in BY_NAME.items():
        kinds = [kind for kind, of in order if of == name]
        whole = not stream.replication_key
        assert (kinds[-1] == "ACTIVATE_VERSION") == whole, name
        assert kinds.count("ACTIVATE_VERSION") == whole, name
    versions = {one["version"] for one in run.messages if one.get("version")}
    assert len(versions) == 1


def test_a_stream_that_is_left_out_activates_nothing(sandbox: Sandbox) -> None:
    token = "demo-no-permission-ticket_states"
    run = sync(sandbox, "ticket_states", token=token, emit_activate_version_messages=True)
    assert run.left_out
    assert [one for one in run.messages if one["type"] == "ACTIVATE_VERSION"] == []


def test_custom_attributes_are_typed_on_demand(sandbox: Sandbox) -> None:
    contact = sandbox.records("contacts")[0]
    values = {**contact["custom_attributes"], "trial ends at": 1_741_573_838, "brand new": [1]}
    sandbox.put("contacts", {"id": contact["id"], "custom_attributes": values})
    run = sync(sandbox, "contacts", custom_attributes="typed")
    row = next(one for one in run.rows("contacts") if one["id"] == contact["id"])
    assert row["custom_attributes"]["trial ends at"] == "2025-03-10T02:30:38+00:00"
    assert row["custom_attributes"]["brand new"] == [1]
    untouched = sync(sandbox, "contacts")
    row = next(one for one in untouched.rows("contacts") if one["id"] == contact["id"])
    assert row["custom_attributes"] == values


def test_custom_attributes_stay_open_without_the_permission_to_see_them(sandbox: Sandbox) -> None:
    token = "demo-no-permission-contact_attributes"
    run = sync(sandbox, "contacts", custom_attributes="typed", token=token)
    assert run.error is None
    assert run.counts["contacts"] == len(sandbox.records("contacts"))


def test_an_unknown_custom_object_type_is_said(quiet: Sandbox) -> None:
    types = [CUSTOM_OBJECT_TYPES[0], "unheard_of", *CUSTOM_OBJECT_TYPES[1:]]
    run = sync(quiet, "custom_object_instances", "tags", custom_object_types=types)
    assert isinstance(run.error, RunError)
    assert "`unheard_of`" in run.failed["custom_object_instances"]
    assert {row["type"] for row in run.rows("custom_object_instances")} == {*CUSTOM_OBJECT_TYPES}
    assert run.counts["custom_object_instances"] == len(quiet.records("custom_object_instances"))
    assert run.bookmarks("custom_object_instances")[-1] == ""
    assert run.counts["tags"]


def test_what_is_read_for_all_parents_misses_none_that_changes_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A run takes a day here, in which contacts come and change; their events are still read."""
    introduce = TapRun.introduce
    streams = ("contact_events", "contact_event_summaries", "article_statistics")
    with running(size=60) as sandbox:

        def introduce_and_wait(self: TapRun, *patience: Patience) -> Any:
            told = introduce(self, *patience)
            sandbox.advance(DAY)
            return told

        monkeypatch.setattr(TapRun, "introduce", introduce_and_wait)
        slow = sync(sandbox, *streams, end_date="2026-05-01")
        monkeypatch.undo()
        quick = sync(sandbox, *streams)
    for stream, parent in (
        ("contact_events", "contact_id"),
        ("contact_event_summaries", "contact_id"),
        ("article_statistics", "article_id"),
    ):
        expected = {
            row[parent] for row in quick.rows(stream) if row.get("created_at", "") < "2026-05"
        }
        assert {row[parent] for row in slow.rows(stream)} == expected, stream


@pytest.mark.parametrize("stream", ["company_notes", "contact_segments", "side_conversations"])
def test_b27_parents_deleted_or_merged_after_they_were_listed_are_skipped_with_a_note(
    quiet: Sandbox, stream: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody deletes something during every long sync.

    Of some conversations no more than a page of something before Intercom says so, also where the
    conversation itself is asked for: they are kept, and asked about again.
    """
    caplog.set_level("INFO", "tap-intercom")
    quiet.reset()
    run = sync(quiet, stream, token="demo-deleted-between")
    assert run.error is None
    assert run.left_out == {}
    gone = {one["path"].split("/")[2] for one in quiet.log() if one["status"] in {404, 410}}
    [note] = [one.getMessage() for one in caplog.records if "deleted after" in one.getMessage()]
    kept = set(run.kept.get(stream, ()))
    assert gone > kept
    assert {one for one in gone if one not in note} == kept
    assert not kept or stream == "side_conversations"


def test_contacts_that_leave_are_listed_with_the_reason(sandbox: Sandbox) -> None:
    one, _ = sandbox.records("contacts")[:2]
    sandbox.delete("contacts", one["id"])
    sandbox.advance(30 * DAY)
    run = sync(sandbox, "deleted_contacts")
    rows = {row["id"]: row for row in run.rows("deleted_contacts")}
    assert rows[one["id"]]["status"] == "permanently_deleted"
    assert rows[one["id"]]["email"] is None
    merged = [row for row in rows.values() if row["status"] == "merged"]
    assert merged
    assert all(row["merged_into_id"] for row in merged)
    assert any("&" in (row["email"] or "") for row in rows.values())
    assert not any("&amp;" in (row["email"] or "") for row in rows.values())


def test_what_a_contact_is_granted_are_the_workspaces_own_ids(quiet: Sandbox) -> None:
    run = sync(quiet, "contact_granted_companies", "companies")
    rows = run.rows("contact_granted_companies")
    own = {row["company_id"] for row in run.rows("companies")}
    assert {row["company_id"] for row in rows} <= own
    assert max(Counter(row["contact_id"] for row in rows).values()) == 70


def test_what_was_said_between_fin_and_a_teammate_comes_in_its_order(quiet: Sandbox) -> None:
    rows = sync(quiet, "hitl_events").rows("hitl_events")
    of_one: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        of_one.setdefault(row["conversation_id"], []).append(row)
    for events in of_one.values():
        assert [row["position"] for row in events] == [*map(str, range(1, len(events) + 1))]
        assert events[0]["event_type"] == "fin_consultation_started"
        assert events[-1]["data"]["outcome"]
