"""One bookmark per stream, true at every STATE, and nothing is lost between two runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from runs import CUSTOM_OBJECT_TYPES, Run, amiss, catalog_of, latest, sync

from tap_intercom.audit import RunError
from tap_intercom.ending import SettingsError
from tap_intercom.records import times
from tap_intercom.streams import STREAMS
from tap_intercom.tap import TapIntercom

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_intercom.sandbox import Sandbox

DEFAULT = [stream for stream in STREAMS if stream.selected_by_default]
INCREMENTAL = {stream.name: stream.replication_key for stream in DEFAULT if stream.replication_key}
DAY = 86_400


def test_every_incremental_stream_has_one_bookmark_and_no_more(whole: Run) -> None:
    bookmarks = whole.state["bookmarks"]
    for stream, key in INCREMENTAL.items():
        made_with = {"made_with"} if stream == "companies" else set()
        known = {"replication_key", "replication_key_value"}
        assert bookmarks[stream].keys() == known | made_with, stream
        assert bookmarks[stream]["replication_key"] == key
    assert all(bookmarks[stream.name] == {} for stream in DEFAULT if not stream.replication_key)


def test_b42_a_second_run_without_changes_gives_only_what_is_within_the_lookback(
    sandbox: Sandbox,
) -> None:
    """Rows that come again and again cost money, and are taken for changes."""
    first = sync(sandbox)
    second = sync(sandbox, state=first.state)
    for stream, key in INCREMENTAL.items():
        bookmark = first.state["bookmarks"][stream]["replication_key_value"]
        assert all(row[key] >= bookmark for row in second.rows(stream)), stream
    third = sync(sandbox, state=second.state)
    assert third.counts == second.counts


def test_the_next_run_gives_what_changed(sandbox: Sandbox) -> None:
    first = sync(sandbox)
    sandbox.advance(DAY)
    second = sync(sandbox, state=first.state)
    assert 0 < second.counts["contacts"] < first.counts["contacts"] / 5
    together = latest(first, second)
    for contact in sandbox.records("contacts"):
        assert amiss("contacts", contact, together["contacts", contact["id"]]) == []
    for conversation in sandbox.records("conversations"):
        assert ("conversations", conversation["id"]) in together
        for part in conversation["conversation_parts"]["conversation_parts"][-500:]:
            row = together["conversation_parts", conversation["id"], part["id"]]
            assert amiss("conversation_parts", part, row) == []


def test_b13_bookmarks_never_pass_the_start_of_the_run_less_the_lookback(sandbox: Sandbox) -> None:
    """What was written during a run, or just before, may not have been found by it."""
    newest = sandbox.records("contacts")[0]
    sandbox.put("contacts", {"id": newest["id"], "updated_at": int(sandbox.now()) - 5})
    run = sync(sandbox, "contacts", lookback_seconds=600)
    bookmark = times.parse(run.state["bookmarks"]["contacts"]["replication_key_value"])
    assert bookmark.timestamp() <= sandbox.now() - 600
    again = sync(sandbox, "contacts", state=run.state)
    assert newest["id"] in again.ids("contacts")


def test_b13_no_bookmark_ever_passes_what_is_settled(quiet: Sandbox, whole: Run) -> None:
    """What changes during a run, or is found late, is found by the next: it begins before this."""
    limit = times.text(times.parse(quiet.now() - 600))
    assert all(
        entry.get("replication_key_value", "") <= limit
        for state in whole.states
        for entry in state["bookmarks"].values()
    )


def test_b05_a_start_in_the_future_gives_nothing_and_a_valid_state(sandbox: Sandbox) -> None:
    """A date that was mistyped must not break the runs after it, nor have them miss anything."""
    run = sync(sandbox, *INCREMENTAL, start_date="2099-01-01")
    assert run.error is None
    assert run.counts == {}
    assert run.left_out.keys() == INCREMENTAL.keys()
    assert all("start_date is yet to come: 2099-01-01" in why for why in run.left_out.values())
    assert not any(filter(None, (one for stream in INCREMENTAL for one in run.bookmarks(stream))))
    mended = sync(sandbox, *INCREMENTAL, state=run.state, start_date="2025-01-01")
    assert mended.error is None
    assert mended.records == sync(sandbox, *INCREMENTAL, start_date="2025-01-01").records
    strict = sync(sandbox, "contacts", start_date="2099-01-01", strict=True)
    assert isinstance(strict.error, RunError)


def test_a_start_before_intercom_costs_no_call_more(sandbox: Sandbox) -> None:
    sync(sandbox, "activity_logs", start_date="2011-01-01")
    calls = len(sandbox.log())
    sandbox.reset()
    assert sync(sandbox, "activity_logs", start_date="1970-01-01").error is None
    assert len(sandbox.log()) == calls


def test_b05_a_state_in_the_future_gives_nothing_stays_and_is_no_success(sandbox: Sandbox) -> None:
    """A stream that is read no more for years must not look as if it were."""
    value = "2099-01-01T00:00:00+00:00"
    state = {
        "bookmarks": {
            stream: {"replication_key": key, "replication_key_value": value}
            for stream, key in INCREMENTAL.items()
        }
    }
    run = sync(sandbox, *INCREMENTAL, "tags", state=state)
    assert isinstance(run.error, RunError)
    assert run.counts.keys() == {"tags"}
    assert run.failed.keys() == INCREMENTAL.keys()
    assert all(f"yet to come: {value}" in why for why in run.failed.values())
    assert run.state["bookmarks"] == {**state["bookmarks"], "tags": {}}


def test_a_bookmark_a_moment_ahead_is_that_of_another_server(sandbox: Sandbox) -> None:
    moment = times.text(times.parse(sandbox.now() + 30))
    run = sync(sandbox, "contacts", state={"bookmarks": {"contacts": moment}})
    assert run.error is None
    assert run.counts == {}
    assert run.bookmarks("contacts")[-1] == moment


def test_start_and_end_date_bound_what_is_read(sandbox: Sandbox) -> None:
    run = sync(sandbox, *INCREMENTAL, start_date="2026-02-01", end_date="2026-04-30T23:59:59Z")
    assert run.error is None
    for stream, key in INCREMENTAL.items():
        moments = [row[key] for row in run.rows(stream)]
        assert moments or stream == "deleted_conversations", "the sandbox holds none in the middle"
        assert min(moments, default="2026-03") >= "2026-02-01", stream
        assert max(moments, default="2026-03") <= "2026-04-30T23:59:59+00:00", stream
    expected = {
        one["id"]
        for one in sandbox.records("contacts")
        if "2026-02-01" <= times.canonical(one["updated_at"]) <= "2026-04-30T23:59:59+00:00"
    }
    assert set(run.ids("contacts")) == expected


def test_b26_parts_alone_are_complete_and_have_their_own_bookmark(
    sandbox: Sandbox, whole: Run
) -> None:
    """Who wants only the children must get all of them, and no parents."""
    alone = sync(sandbox, "conversation_parts")
    assert alone.rows("conversation_parts") == whole.rows("conversation_parts")
    assert alone.counts.keys() == alone.schemas.keys() == {"conversation_parts"}
    assert alone.state["bookmarks"].keys() == {"conversation_parts"}
    assert sync(sandbox, "conversation_parts", state=alone.state).counts["conversation_parts"] < 20


def test_b26_parts_selected_later_are_filled_from_the_beginning(
    sandbox: Sandbox, whole: Run
) -> None:
    """A parent's bookmark says nothing of children that were never read."""
    before = sync(sandbox, "conversations")
    both = sync(sandbox, "conversations", "conversation_parts", state=before.state)
    assert both.counts["conversations"] < 5
    assert both.rows("conversation_parts") == whole.rows("conversation_parts")


def test_b26_children_deselected_for_a_while_lose_nothing(sandbox: Sandbox) -> None:
    """A parent's bookmark that moved on must not take its children's place."""
    first = sync(sandbox, "conversations", "conversation_parts")
    sandbox.advance(DAY)
    without = sync(sandbox, "conversations", state=first.state)
    sandbox.advance(DAY)
    with_parts = sync(sandbox, "conversations", "conversation_parts", state=without.state)
    together = latest(first, without, with_parts)
    for conversation in sandbox.records("conversations"):
        for part in conversation["conversation_parts"]["conversation_parts"][-500:]:
            assert ("conversation_parts", conversation["id"], part["id"]) in together


def test_b26_children_that_were_refused_are_made_up_for(sandbox: Sandbox, whole: Run) -> None:
    """Parents that went on meanwhile must not take their children's place."""
    streams = ("conversations", "conversation_parts")
    refused = sync(sandbox, *streams, token="demo-no-permission-conversation_parts")
    assert refused.counts.keys() == {"conversations"}
    again = sync(sandbox, *streams, state=refused.state)
    assert again.counts["conversations"] < 5
    assert again.rows("conversation_parts") == whole.rows("conversation_parts")


@pytest.mark.parametrize("token", ["demo-no-permission-conversation_parts", "demo-deleted-between"])
def test_b26_parents_keep_their_bookmark_whatever_becomes_of_children(
    sandbox: Sandbox, token: str
) -> None:
    """Of parents nothing depends on how their children are read."""
    alone = sync(sandbox, "conversations", token=token)
    both = sync(sandbox, "conversations", "conversation_parts", token=token)
    assert both.rows("conversations") == alone.rows("conversations")
    assert both.bookmarks("conversations")[-1] == alone.bookmarks("conversations")[-1]


def test_states_come_in_the_middle_of_long_streams(sandbox: Sandbox) -> None:
    run = sync(sandbox, "conversation_parts")
    values = [
        state["bookmarks"]["conversation_parts"].get("replication_key_value", "")
        for state in run.states
    ]
    assert len(set(values)) >= 2
    assert values == sorted(values)


@pytest.mark.usefixtures("_tells_every_state")
def test_b15_no_state_runs_ahead_of_what_was_written(sandbox: Sandbox) -> None:
    """At each STATE, all that changed up to a bookmark is among the records before it."""
    run = sync(sandbox, *INCREMENTAL, page_size=10)
    assert run.error is None
    left = {stream: [row[key] for row in run.rows(stream)] for stream, key in INCREMENTAL.items()}
    reached = dict.fromkeys(INCREMENTAL, "")
    moves = 0
    for message in run.messages:
        if message["type"] == "RECORD":
            left[message["stream"]].pop(0)
        if message["type"] != "STATE":
            continue
        for stream, bookmark in message["value"]["bookmarks"].items():
            value = bookmark.get("replication_key_value", "")
            if value != reached[stream]:
                assert min(left[stream], default=value) >= value, stream
                reached[stream] = value
                moves += 1
    assert moves > 3 * len(INCREMENTAL)


MAY_20 = 1_779_235_200
CURSOR = {"updated_at": str(MAY_20)}


@pytest.mark.parametrize(
    "bookmark",
    [
        {"replication_key": "updated_at", "replication_key_value": MAY_20},
        {"replication_key": "updated_at", "replication_key_value": "2026-05-20T02:00:00+02:00"},
        "2026-05-20T00:00:00.000000Z",  # as singer-io's tap wrote it until 2021
        {"updated_at": "2026-05-20T00:00:00.000000Z"},  # and since
        {  # of conversations, when it was stopped on the way
            "updated_at": "2026-05-20T00:00:00.000000Z",
            "last_processed": "215468",
            "last_sync_started_at": "2026-05-25T00:00:00.000000Z",
        },
        {"updated_at": MAY_20},  # as Airbyte writes it
        {  # of a child, with that of its parent, until 2025
            "updated_at": MAY_20 + 5 * DAY,
            "prior_state": {"updated_at": MAY_20, "conversations": {"updated_at": MAY_20}},
            "conversations": {"updated_at": MAY_20 + 9 * DAY},
        },
        {  # and since
            "use_global_cursor": True,
            "state": {"updated_at": str(MAY_20 + 9 * DAY)},
            "parent_state": {"conversations": CURSOR},
            "lookback_window": 15,
        },
        {"states": [{"partition": {"id": "215468", "parent_slice": {}}, "cursor": CURSOR}]},
    ],
    ids=json.dumps,
)
def test_b28_bookmarks_of_other_taps_are_carried_over(sandbox: Sandbox, bookmark: Any) -> None:
    """Who comes from another tap loads what is new, and does not pay for everything once more."""
    state = {"bookmarks": {"contacts": bookmark, "conversation_parts": bookmark}}
    run = sync(sandbox, "contacts", "conversation_parts", state=state, start_date="2025-01-01")
    assert run.error is None
    since = "2026-05-20T00:00:00+00:00"
    expected = {
        one["id"]
        for one in sandbox.records("contacts")
        if times.canonical(one["updated_at"]) >= since
    }
    assert set(run.ids("contacts")) == expected
    assert run.rows("conversation_parts")
    assert all(row["conversation_updated_at"] >= since for row in run.rows("conversation_parts"))


@pytest.mark.parametrize(
    "bookmark", [{}, "", {"updated_at": ""}, {"updated_at": None}, {"slices": []}], ids=json.dumps
)
def test_b28_a_bookmark_that_says_nothing_reads_everything(sandbox: Sandbox, bookmark: Any) -> None:
    """Reading too much is the error that can be repaired."""
    run = sync(sandbox, "contacts", state={"bookmarks": {"contacts": bookmark}})
    assert run.error is None
    assert run.counts["contacts"] == len(sandbox.records("contacts"))


def test_a_bookmark_that_is_no_time_is_an_error_that_names_the_stream(sandbox: Sandbox) -> None:
    bookmark = {"replication_key": "updated_at", "replication_key_value": "last week"}
    with pytest.raises(SettingsError, match="contacts"):
        sync(sandbox, "contacts", state={"bookmarks": {"contacts": bookmark}})


def test_a_catalog_without_replication_keys_reads_everything(sandbox: Sandbox) -> None:
    catalog = catalog_of(*INCREMENTAL)
    for entry in catalog["streams"]:
        del entry["replication_key"], entry["replication_method"]
        for metadata in entry["metadata"]:
            metadata["metadata"].pop("replication-key", None)
            metadata["metadata"].pop("valid-replication-keys", None)
    tap = TapIntercom(config={"api_key": "demo", "api_url": sandbox.url}, catalog=catalog)
    tap.run.introduce()
    for stream in tap.streams.values():
        if stream.name in INCREMENTAL:
            assert stream.replication_method == "FULL_TABLE"
            assert list(stream.get_records(None)), stream.name


def test_full_table_by_catalog_reads_everything_and_keeps_no_bookmark(sandbox: Sandbox) -> None:
    catalog = catalog_of("contacts")
    catalog["streams"][0]["replication_method"] = "FULL_TABLE"
    tap = TapIntercom(config={"api_key": "demo", "api_url": sandbox.url}, catalog=catalog)
    assert len(list(tap.streams["contacts"].get_records(None))) == len(sandbox.records("contacts"))
    assert "replication_key_value" not in tap.state.get("bookmarks", {}).get("contacts", {})


# What lies around a state, and what it does not know


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"type": "STATE", "value": state},
        lambda state: {"singer_state": state},
        lambda state: {"completed": {"singer_state": state}, "partial": {}},
        lambda state: state["bookmarks"],
    ],
    ids=["message", "singer_state", "meltano", "bookmarks"],
)
def test_a_state_in_a_wrapping_goes_on_like_one_without(
    sandbox: Sandbox, wrap: Callable[[Any], Any]
) -> None:
    """What is not understood has everything read again."""
    first = sync(sandbox, "contacts", "tickets")
    plain = sync(sandbox, "contacts", "tickets", state=first.state)
    assert plain.counts["contacts"] < first.counts["contacts"]
    assert sync(sandbox, "contacts", "tickets", state=wrap(first.state)).records == plain.records


def test_a_state_that_is_none_is_refused_before_anything_is_asked(sandbox: Sandbox) -> None:
    with pytest.raises(SettingsError, match="The state is none that a tap wrote"):
        sync(sandbox, "contacts", state={"contact": {"replication_key_value": "2026-05-01"}})
    assert sandbox.log() == []


def test_streams_of_a_state_that_there_are_not_are_named(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    bookmark = {"replication_key_value": "2026-05-01"}
    state = {"bookmarks": {"contcats": bookmark, "contacts": bookmark, "an_older_one": bookmark}}
    run = sync(sandbox, "contacts", state=state)
    assert run.error is None
    assert "no stream of this tap: an_older_one, contcats." in caplog.text
    assert run.state["bookmarks"].keys() == {"contacts"}


# With what a bookmark was made


def values(run: Run, stream: str, name: str = "id") -> set[Any]:
    return {row[name] for row in run.rows(stream)}


def test_a_type_more_brings_its_old_instances_too(sandbox: Sandbox) -> None:
    stream, (one, other) = "custom_object_instances", CUSTOM_OBJECT_TYPES
    everything = sync(sandbox, stream, custom_object_types=[one, other])
    first = sync(sandbox, stream, custom_object_types=[one])
    more = sync(sandbox, stream, state=first.state, custom_object_types=[one, other])
    assert values(more, stream) >= values(everything, stream) - values(first, stream)
    assert more.state["bookmarks"][stream]["made_with"] == {"custom_object_types": [one, other]}
    same = sync(sandbox, stream, state=more.state, custom_object_types=[other, one, one])
    assert same.counts[stream] < 3
    fewer = sync(sandbox, stream, state=same.state, custom_object_types=[other])
    assert fewer.counts[stream] < 3


def test_a_type_that_was_left_out_for_a_while_is_made_up_for(sandbox: Sandbox) -> None:
    stream, types = "custom_object_instances", CUSTOM_OBJECT_TYPES
    runs = [sync(sandbox, stream, custom_object_types=types)]
    for number in (1, 2, 3):
        sandbox.advance(3 * DAY)
        chosen = types[:1] if number < 3 else types
        runs.append(sync(sandbox, stream, state=runs[-1].state, custom_object_types=chosen))
    arrived = latest(*runs)
    for record in sandbox.records(stream):
        assert amiss(stream, record, arrived[stream, record["type"], record["id"]]) == []


def test_a_type_that_fails_does_not_have_the_others_bookmark_pass_it(sandbox: Sandbox) -> None:
    stream, types = "custom_object_instances", CUSTOM_OBJECT_TYPES
    first = sync(sandbox, stream, custom_object_types=types[:1])
    wrong = sync(sandbox, stream, state=first.state, custom_object_types=[*types, "unheard_of"])
    assert isinstance(wrong.error, RunError)
    assert wrong.state == first.state
    mended = sync(sandbox, stream, state=wrong.state, custom_object_types=types)
    assert values(mended, stream, "type") == {*types}


@pytest.mark.parametrize("method", ["list", "search"])
def test_a_scroll_after_another_way_brings_what_that_leaves_out(
    sandbox: Sandbox, method: str
) -> None:
    everyone = {one["id"] for one in sandbox.records("companies")}
    first = sync(sandbox, "companies", companies_method=method)
    assert values(first, "companies") < everyone
    scrolled = sync(sandbox, "companies", state=first.state)
    assert values(scrolled, "companies") == everyone
    assert sync(sandbox, "companies", state=scrolled.state).counts["companies"] < 5
    back = sync(sandbox, "companies", state=scrolled.state, companies_method=method)
    assert back.counts["companies"] < 5


def test_a_way_that_was_another_for_a_while_is_made_up_for(sandbox: Sandbox) -> None:
    runs = [sync(sandbox, "companies")]
    for method in ("list", "scroll"):
        sandbox.advance(20 * DAY)
        runs.append(sync(sandbox, "companies", state=runs[-1].state, companies_method=method))
    arrived = latest(*runs)
    for company in sandbox.records("companies"):
        assert amiss("companies", company, arrived["companies", company["id"]]) == []


def test_a_bookmark_of_an_older_release_is_taken_for_one_of_the_same_settings(
    sandbox: Sandbox,
) -> None:
    first = sync(sandbox, "companies", companies_method="list")
    older = json.loads(json.dumps(first.state))
    del older["bookmarks"]["companies"]["made_with"]
    again = sync(sandbox, "companies", state=older, companies_method="list")
    assert again.counts["companies"] < 5
    assert again.state["bookmarks"]["companies"]["made_with"] == {"companies_method": "list"}


@pytest.mark.parametrize("made_with", [{}, {"companies_method": 5}, {"start_date": "soon"}, []])
def test_what_somebody_made_of_a_note_breaks_nothing(sandbox: Sandbox, made_with: Any) -> None:
    bookmark = {"replication_key_value": "2026-05-20", "made_with": made_with}
    for stream in ("companies", "custom_object_instances"):
        state = {"bookmarks": {stream: bookmark}}
        run = sync(sandbox, stream, state=state, custom_object_types=CUSTOM_OBJECT_TYPES)
        assert run.error is None


MIDDLE = "2026-05-30T00:00:00+00:00"


def test_a_later_start_for_one_run_does_not_move_the_bookmark_over_the_gap(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    streams = (*INCREMENTAL, "contact_events", "data_connector_executions")
    first = sync(sandbox, *streams, end_date="2026-05-15", start_date="2026-01-01")
    assert first.error is None
    caplog.clear()
    later = sync(sandbox, *streams, state=first.state, start_date=MIDDLE)
    assert later.error is None
    assert later.state == first.state
    told = {one.name for one in caplog.records if "start_date is later" in one.getMessage()}
    moved = {f"tap-intercom.{one}" for one in streams if first.bookmarks(one)[-1]}
    assert told == moved != set()
    assert min(row["updated_at"] for row in later.rows("contacts")) >= MIDDLE
    last = sync(sandbox, *streams, state=later.state, start_date="2026-01-01")
    plain = sync(sandbox, *streams, start_date="2026-01-01")
    together = latest(first, last)
    assert all(together[key] == row for key, row in latest(plain).items())


def test_a_parent_that_failed_beyond_a_gap_is_read_from_before_it(sandbox: Sandbox) -> None:
    """Its rows are asked for again first; they must not count as all that is new of it."""
    stream = "contact_events"
    first = sync(sandbox, stream, end_date="2026-05-01")
    later = sync(
        sandbox, stream, state=first.state, start_date=MIDDLE, token="demo-poisoned-without"
    )
    assert later.kept[stream]
    assert later.bookmarks(stream)[-1] == first.bookmarks(stream)[-1]
    last = sync(sandbox, stream, state=later.state)
    assert latest(first, last).keys() == latest(sync(sandbox, stream)).keys()


def test_the_same_start_as_before_leaves_no_gap(sandbox: Sandbox) -> None:
    """Nothing has changed since, or not before what may still be moving."""
    for start in (MIDDLE, times.text(times.parse(sandbox.now() - 60))):
        first = sync(sandbox, *INCREMENTAL, start_date=start)
        sandbox.advance(DAY)
        second = sync(sandbox, *INCREMENTAL, state=first.state, start_date=start)
        assert second.error is None
        moved = [one for one in INCREMENTAL if second.bookmarks(one)[-1] > first.bookmarks(one)[-1]]
        assert {"contacts", "activity_logs"} <= {*moved}


@pytest.mark.parametrize("start", [None, "2026-01-01", "2026-04-01", "2026-05-01"])
def test_an_earlier_start_than_before_says_how_to_read_what_is_older(
    sandbox: Sandbox, start: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    first = sync(sandbox, "contacts", "activity_logs", start_date="2026-04-01T00:00:00Z")
    note = {"start_date": "2026-04-01T00:00:00+00:00"}
    assert first.state["bookmarks"]["contacts"]["made_with"] == note
    sandbox.advance(DAY)
    caplog.clear()
    settings = {"start_date": start} if start else {}
    second = sync(sandbox, "contacts", state=first.state, **settings)
    assert second.error is None
    is_earlier = start is None or start < "2026-04-01"
    assert ("To read that too, remove the bookmark of contacts" in caplog.text) is is_earlier
    assert second.bookmarks("contacts")[-1] > first.bookmarks("contacts")[-1]
    assert second.state["bookmarks"]["contacts"]["made_with"] == note
    del second.state["bookmarks"]["contacts"]
    third = sync(sandbox, "contacts", state=second.state, **settings)
    oldest = min(one["updated_at"] for one in sandbox.records("contacts"))
    if start is None:
        assert min(row["updated_at"] for row in third.rows("contacts")) == times.canonical(oldest)


def test_an_end_before_the_bookmark_leaves_it(sandbox: Sandbox) -> None:
    first = sync(sandbox, *INCREMENTAL)
    second = sync(sandbox, *INCREMENTAL, state=first.state, end_date="2026-05-01")
    assert second.error is None
    assert second.state == first.state
