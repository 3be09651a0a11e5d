"""What is read in parts, several at once, is what would be read from end to end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from runs import sync

from tap_intercom import run as run_module
from tap_intercom.sandbox import Sandbox, running
from tap_intercom.shapes.parts import PARTS_AT_ONCE, Parts
from tap_intercom.tap import TapIntercom

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR = 3_600
DAY = 24 * HOUR


@pytest.fixture(scope="module")
def large() -> Iterator[Sandbox]:
    """A workspace whose contacts take more than one page, and the time to be read in parts."""
    with running(size=1_500, rate_limit=100_000) as sandbox:
        yield sandbox


def asked(sandbox: Sandbox, path: str = "/contacts/search") -> list[dict[str, Any]]:
    return [one for one in sandbox.log() if one["path"] == path]


def questions(sandbox: Sandbox) -> set[str]:
    """What was searched for, whichever page of it."""
    return {str(one["body"]["query"]) for one in asked(sandbox)}


@pytest.mark.parametrize("version", ["2.11", "2.17"])
def test_parts_give_the_same_as_the_whole(
    large: Sandbox, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    large.reset()
    parts = sync(large, "contacts", api_version=version)
    assert len(questions(large)) > 4
    monkeypatch.setattr(Parts, "cut", lambda *_: [])
    large.reset()
    whole = sync(large, "contacts", api_version=version)
    assert len(questions(large)) == 1
    assert parts.rows("contacts") == whole.rows("contacts")
    assert parts.state == whole.state


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles", "Etc/GMT+12"])
@pytest.mark.parametrize("version", ["2.16", "2.17"])
def test_b11_no_zone_loses_a_day_between_two_parts(zone: str, version: str) -> None:
    """Where days are compared, a day ends at another second in each zone."""
    with running(size=400, timezone=zone) as sandbox:
        run = sync(sandbox, "contacts", api_version=version, page_size=10)
        assert len(questions(sandbox)) > 4
        assert sorted(run.ids("contacts")) == sorted(
            one["id"] for one in sandbox.records("contacts")
        )
        moments = [row["updated_at"] for row in run.rows("contacts")]
        assert moments == sorted(moments)


def test_hardly_a_record_is_asked_for_twice(large: Sandbox) -> None:
    large.reset()
    run = sync(large, "contacts")
    served = sum(one["records"] for one in asked(large))
    assert served <= run.counts["contacts"] + 2 * 150
    assert len(asked(large)) <= 2 * run.counts["contacts"] / 150


def test_a_few_pages_are_not_cut(quiet: Sandbox) -> None:
    quiet.reset()
    sync(quiet, "contacts")
    assert len(questions(quiet)) == 1
    assert len(asked(quiet)) == 2


def test_a_second_full_of_records_is_read_in_one_piece(sandbox: Sandbox) -> None:
    """As after an import: there is nothing in it to cut, and it fills many pages."""
    moment = int(sandbox.now()) - 40 * DAY
    contacts = sandbox.records("contacts")
    for contact in contacts[:250]:
        sandbox.put("contacts", {"id": contact["id"], "updated_at": moment})
    run = sync(sandbox, "contacts", page_size=10)
    assert sorted(run.ids("contacts")) == sorted(one["id"] for one in contacts)


def test_many_parts_are_read_at_once() -> None:
    with running(size=1_500, latency_ms=30) as sandbox:
        for concurrency, most in ((1, 1), (4, 4), (32, PARTS_AT_ONCE)):
            sandbox.reset()
            sync(sandbox, "contacts", max_concurrency=concurrency, page_size=20)
            assert 0.5 * most <= sandbox.stats()["max_in_flight"] <= most


@pytest.mark.parametrize(("token", "told"), [("demo", "records"), ("demo-flaky", "in_any_order")])
def test_the_output_is_the_same_whatever_the_concurrency(
    large: Sandbox, token: str, told: str
) -> None:
    """Also where calls fail; but which parents are put off until later is then left to chance."""
    streams = ("contacts", "contact_tags", "conversations", "conversation_parts", "news_items")
    runs = [
        sync(large, *streams, token=token, max_concurrency=concurrency, page_size=50)
        for concurrency in (1, 4, 32)
    ]
    assert [run.error for run in runs] == [None] * 3
    one, four, many = (getattr(run, told) for run in runs)
    assert one == four == many


def test_what_moves_while_parts_are_read_whole_arrives_all_the_same(sandbox: Sandbox) -> None:
    """Parents of whom all are wanted have no upper bound: what moves on is found at the end."""
    run = sync(sandbox, "contact_event_summaries", token="demo-moving", page_size=10)
    assert run.error is None
    found = {row["contact_id"] for row in run.rows("contact_event_summaries")}
    expected = {
        row["contact_id"]
        for row in sync(sandbox, "contact_event_summaries").rows("contact_event_summaries")
    }
    assert found == expected


def test_every_state_on_the_way_is_true(large: Sandbox) -> None:
    """What comes after a STATE has not changed before its bookmark."""
    run = sync(large, "contacts")
    reached = ""
    for message in run.messages:
        if message["type"] == "STATE":
            bookmark = message["value"]["bookmarks"].get("contacts", {})
            reached = bookmark.get("replication_key_value", "")
        elif message["type"] == "RECORD":
            assert message["record"]["updated_at"] >= reached


# What is asked beforehand


def test_first_requests_go_out_together() -> None:
    with running(size=60, latency_ms=200) as sandbox:
        first = sync(sandbox)
        sandbox.reset()
        run = sync(sandbox, state=first.state)
        assert run.error is None
        assert sandbox.stats()["max_in_flight"] >= 20


def test_a_run_with_nothing_new_asks_each_stream_once() -> None:
    with running(size=60) as sandbox:
        first = sync(sandbox)
        sandbox.advance(2 * HOUR)
        second = sync(sandbox, state=first.state)
        sandbox.reset()
        run = sync(sandbox, state=second.state)
        assert run.error is None
        asked = [
            (one["method"], one["path"], str(one["query"]))
            for one in sandbox.log()
            if one["path"] not in {"/companies/scroll", "/me"}  # which is asked as a stream, too
        ]
        assert len(asked) == len(set(asked)) > 20


def test_a_list_whose_turn_comes_late_is_read_in_one_go(
    quiet: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "FRESH_SECONDS", 0)
    quiet.reset()
    run = sync(quiet, "news_items", "tags", "contacts")
    assert run.counts["news_items"] == 50
    assert len(asked(quiet, "/news/news_items")) == 6
    assert len(asked(quiet, "/tags")) == 1  # it has one page
    assert len(asked(quiet)) == 2  # it keeps its place


def test_streams_that_search_alike_share_all_pages(large: Sandbox) -> None:
    large.reset()
    alone = sync(large, "contacts", page_size=50)
    once = len(asked(large))
    large.reset()
    together = sync(large, "contacts", "contact_tags", "contact_merge_history", page_size=50)
    assert len(asked(large)) == once > 20
    assert together.rows("contacts") == alone.rows("contacts")
    for stream in ("contact_tags", "contact_merge_history"):
        assert together.rows(stream) == sync(large, stream, page_size=50).rows(stream) != []


def test_a_stream_whose_bookmark_differs_searches_by_itself(large: Sandbox) -> None:
    first = sync(large, "contacts")
    large.reset()
    run = sync(large, "contacts", "contact_merge_history", state=first.state)
    assert len(questions(large)) > 1
    assert run.counts["contact_merge_history"] > run.counts["contacts"]


def test_two_streams_that_search_alike_are_asked_for_once(quiet: Sandbox) -> None:
    quiet.reset()
    run = sync(quiet, "tickets", "ticket_parts")
    assert len(asked(quiet, "/tickets/search")) == 1
    assert run.counts["tickets"] == 60
    assert all(row["ticket_id"] for row in run.rows("ticket_parts"))


def test_what_is_asked_beforehand_fails_for_its_stream_only(quiet: Sandbox) -> None:
    run = sync(quiet, "tags", "teams", token="demo-no-permission-tags")
    assert run.error is None
    assert run.left_out.keys() == {"tags"}
    assert run.counts["teams"]


def test_a_dry_run_asks_nothing_beforehand(quiet: Sandbox) -> None:
    quiet.reset()
    tap = TapIntercom(config={"api_key": "demo", "api_url": quiet.url})
    tap.run_sync_dry_run(1, [tap.streams["contacts"]])
    assert [one["path"] for one in quiet.log()] == ["/me", "/contacts/search"]
