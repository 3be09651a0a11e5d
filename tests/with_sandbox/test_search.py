"""Searches lose no second and no day, in whatever time zone and version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from runs import sync

from tap_intercom.sandbox import running

if TYPE_CHECKING:
    from tap_intercom.sandbox import Sandbox

HOUR = 3_600


def searches(sandbox: Sandbox, resource: str) -> list[dict[str, Any]]:
    """The bodies of the searches that the sandbox was sent."""
    return [
        one["body"] for one in sandbox.log() if one["path"] == f"/{resource}/search" and one["body"]
    ]


def filters(query: dict[str, Any]) -> list[dict[str, Any]]:
    """All single filters of a query."""
    if isinstance(query["value"], list):
        return [single for part in query["value"] for single in filters(part)]
    return [query]


def bookmark(stream: str, value: str) -> dict[str, Any]:
    entry = {"replication_key": "updated_at", "replication_key_value": value}
    return {"bookmarks": {stream: entry}}


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles", "Etc/GMT+12"])
@pytest.mark.parametrize("version", ["2.11", "2.16", "2.17"])
def test_a_contact_changed_a_minute_after_the_bookmark_arrives(zone: str, version: str) -> None:
    with running(timezone=zone) as sandbox:
        now = int(sandbox.now())
        ids = [contact["id"] for contact in sandbox.records("contacts")[:4]]
        for contact, moment in zip(
            ids, (now - HOUR - 60, now - HOUR, now - HOUR + 60, now - 1), strict=True
        ):
            sandbox.put("contacts", {"id": contact, "updated_at": moment})
        state = bookmark("contacts", rfc(now - HOUR))
        run = sync(sandbox, "contacts", state=state, api_version=version)
        assert {ids[1], ids[2], ids[3]} <= set(run.ids("contacts"))
        assert ids[0] not in run.ids("contacts")
        assert run.rows("contacts") == sorted(
            run.rows("contacts"), key=lambda row: row["updated_at"]
        )


def rfc(moment: int) -> str:
    from datetime import datetime, timezone  # noqa: PLC0415

    return datetime.fromtimestamp(moment, timezone.utc).isoformat()


@pytest.mark.parametrize("stream", ["contacts", "conversations", "tickets"])
@pytest.mark.parametrize("version", ["2.11", "2.17"])
def test_what_is_asked(sandbox: Sandbox, stream: str, version: str) -> None:
    """Bounds are written with `>`, `=` and `<` only, and the upper one is frozen."""
    since = int(sandbox.now()) - 90 * 24 * HOUR
    run = sync(sandbox, stream, state=bookmark(stream, rfc(since)), api_version=version)
    assert run.error is None
    asked = searches(sandbox, stream)
    assert asked
    singles = [filters(body["query"]) for body in asked]
    assert all(one == singles[0] for one in singles)
    lower = [one["value"] for one in singles[0] if one["operator"] in {">", "="}]
    upper = [one["value"] for one in singles[0] if one["operator"] == "<"]
    assert len(lower) == 2
    assert len(set(lower)) == 1
    assert len(upper) == 1
    by_day = stream == "contacts" and version == "2.11"
    assert since - lower[0] == (24 * HOUR if by_day else 0)
    until = upper[0] - sandbox.now()
    assert (46 * HOUR < until < 49 * HOUR) if by_day else (-30 < until < 30)
    assert all(body["sort"] == {"field": "updated_at", "order": "ascending"} for body in asked)


def test_many_records_with_one_second_are_all_read_over_pages(sandbox: Sandbox) -> None:
    moment = int(sandbox.now()) - 30 * HOUR
    for contact in sandbox.records("contacts")[:200]:
        sandbox.put("contacts", {"id": contact["id"], "updated_at": moment})
    run = sync(sandbox, "contacts", page_size=20)
    assert sorted(run.ids("contacts")) == sorted(one["id"] for one in sandbox.records("contacts"))


def test_a_busy_workspace_loses_nothing_over_two_runs(sandbox: Sandbox) -> None:
    first = sync(sandbox, "contacts", token="demo-moving", page_size=20)
    assert first.error is None
    second = sync(sandbox, "contacts", state=first.state)
    delivered = {row["id"]: row for run in (first, second) for row in run.rows("contacts")}
    held = {one["id"]: rfc(one["updated_at"]) for one in sandbox.records("contacts")}
    assert {one: row["updated_at"] for one, row in delivered.items() if one in held} == held


def test_a_record_newer_than_its_place_does_not_carry_the_bookmark_ahead(sandbox: Sandbox) -> None:
    """A search that lags shows new content at an old place; the bookmark must not follow it."""
    run = sync(sandbox, "contacts", token="demo-moving", page_size=20)
    moments = [row["updated_at"] for row in run.rows("contacts")]
    for state in run.states:
        value = state.get("bookmarks", {}).get("contacts", {}).get("replication_key_value")
        assert value is None or value <= max(moments)


def test_searches_that_go_round_in_circles_are_broken_off_and_completed(sandbox: Sandbox) -> None:
    run = sync(sandbox, "contacts", token="demo-cursor-loop", page_size=50)
    assert run.error is None
    assert set(run.ids("contacts")) == {one["id"] for one in sandbox.records("contacts")}
    assert len(searches(sandbox, "contacts")) < 40


def test_pages_shrink_until_intercom_can_answer(sandbox: Sandbox) -> None:
    run = sync(sandbox, "conversations", token="demo-heavy-pages")
    assert run.error is None
    assert sorted(run.ids("conversations")) == sorted(
        one["id"] for one in sandbox.records("conversations")
    )
    sizes = [body["pagination"]["per_page"] for body in searches(sandbox, "conversations")]
    assert sizes[0] == 150
    assert min(sizes) <= 50


def test_a_deleted_conversation_in_the_search_does_not_end_it(sandbox: Sandbox) -> None:
    run = sync(sandbox, "conversations", "tickets", token="demo-search-404")
    assert run.error is None
    assert run.counts["conversations"] == len(sandbox.records("conversations"))
