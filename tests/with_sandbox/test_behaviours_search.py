"""Behaviours of searches: they lose no second and no day, in whatever time zone and version."""

from __future__ import annotations

from datetime import datetime, timezone
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from runs import Run, latest, sync

from tap_intercom.api.address import VERSIONS
from tap_intercom.records import times
from tap_intercom.sandbox import running

if TYPE_CHECKING:
    from tap_intercom.sandbox import Sandbox

HOUR = 3_600
DAY = 24 * HOUR


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


def rfc(moment: int) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).isoformat()


def bookmark(stream: str, value: str) -> dict[str, Any]:
    entry = {"replication_key": "updated_at", "replication_key_value": value}
    return {"bookmarks": {stream: entry}}


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles", "Etc/GMT+12"])
@pytest.mark.parametrize("version", ["2.11", "2.16", "2.17"])
def test_b09_a_contact_changed_a_minute_after_the_bookmark_arrives(zone: str, version: str) -> None:
    """A plain comparison by day loses the rest of the bookmark's day, or today."""
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


@pytest.mark.parametrize("stream", ["contacts", "conversations", "tickets"])
@pytest.mark.parametrize("version", ["2.11", "2.17"])
def test_b10_what_is_asked(sandbox: Sandbox, stream: str, version: str) -> None:
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


@pytest.mark.parametrize("version", VERSIONS[:-2])
def test_b10_no_version_is_asked_what_it_refuses(quiet: Sandbox, version: str) -> None:
    """Before 2.17, `>=` is an error where contacts are compared by day."""
    quiet.reset()
    state = bookmark("contacts", rfc(int(quiet.now()) - 30 * DAY))
    run = sync(quiet, "contacts", state=state, api_version=version)
    assert run.error is None
    assert run.counts["contacts"]
    operators = {
        one["operator"] for body in searches(quiet, "contacts") for one in filters(body["query"])
    }
    assert operators == {">", "=", "<"}


# Parts, and bookmarks on the way


def edges(sandbox: Sandbox, resource: str) -> set[int]:
    """The seconds before which the parts of a search end; what lies before is only counted."""
    parts = [one for one in searches(sandbox, resource) if one["pagination"]["per_page"] > 1]
    asked = [filters(body["query"]) for body in parts]
    return {one["value"] for query in asked for one in query if one["operator"] == "<"}


@pytest.mark.parametrize("version", ["2.16", "2.17"])
def test_b11_what_changed_at_the_edge_of_a_part_arrives(sandbox: Sandbox, version: str) -> None:
    """No second may lie between two searches that follow each other."""
    settings: dict[str, Any] = {
        "page_size": 10,
        "api_version": version,
        "end_date": rfc(int(sandbox.now()) - DAY),  # so that the edges stay where they are
    }
    run = sync(sandbox, "contacts", **settings)
    at = sorted(edges(sandbox, "contacts"))[:-1]
    moments = [one + by for one in at for by in (-1, 0, 1)]
    moved = dict(zip(run.ids("contacts")[30:], moments, strict=False))
    for contact, moment in moved.items():
        sandbox.put("contacts", {"id": contact, "updated_at": moment})
    sandbox.reset()
    again = sync(sandbox, "contacts", **settings)
    assert again.error is None
    assert len(edges(sandbox, "contacts") & set(at)) > 3
    assert sorted(again.ids("contacts")) == sorted(run.ids("contacts"))


def test_b11_what_changed_at_the_bookmark_arrives_again(sandbox: Sandbox) -> None:
    """Two records may share a second, of which only one had been found when it was written down."""
    first = sync(sandbox, "contacts", "conversations", "tickets", lookback_seconds=0)
    for stream in ("contacts", "conversations", "tickets"):
        value = first.bookmarks(stream)[-1]
        moment = int(times.parse(value).timestamp())
        late = next(
            one["id"] for one in sandbox.records(stream) if one["updated_at"] < moment - DAY
        )
        sandbox.put(stream, {"id": late, "updated_at": moment})
        run = sync(sandbox, stream, state=first.state)
        assert late in run.ids(stream), stream


@pytest.mark.usefixtures("_tells_every_state")
def test_b12_a_history_of_activities_is_read_by_the_month(quiet: Sandbox) -> None:
    """Longer spans time out at Intercom, and what is read of a history must not be read again."""
    quiet.reset()
    since = int(quiet.now()) - 95 * DAY
    run = sync(quiet, "activity_logs", state=bookmark("activity_logs", rfc(since)))
    assert run.error is None
    asked = [one["query"] for one in quiet.log() if one["path"] == "/admins/activity_logs"]
    spans = sorted({(int(one["created_at_after"]), int(one["created_at_before"])) for one in asked})
    assert len(spans) >= 4
    assert spans[0][0] < since
    assert spans[-1][1] > quiet.now() - HOUR
    assert all(end - start <= 30 * DAY + 2 for start, end in spans)
    assert all(later[0] < earlier[1] for earlier, later in pairwise(spans))
    assert len(set(run.bookmarks("activity_logs"))) >= len(spans)


@pytest.mark.usefixtures("_tells_every_state")
@pytest.mark.parametrize("stream", ["contacts", "conversations"])
def test_b12_a_search_is_read_in_parts_that_each_have_an_end(quiet: Sandbox, stream: str) -> None:
    """A search through years is never done where records move, and nothing of it is kept."""
    quiet.reset()
    run = sync(quiet, stream, page_size=10)
    asked = [filters(body["query"]) for body in searches(quiet, stream)]
    assert all(query[-1]["operator"] == "<" for query in asked)
    assert len(edges(quiet, stream)) >= 4
    reached = run.bookmarks(stream)
    assert reached == sorted(reached)
    assert len(set(reached)) >= 4


@pytest.mark.usefixtures("_tells_every_state")
def test_b15_a_bookmark_does_not_pass_over_records_of_its_second(sandbox: Sandbox) -> None:
    """A bulk update gives hundreds of records one second, over more than a page of a search."""
    then = int(sandbox.now()) - 40 * DAY
    for number, contact in enumerate(sandbox.records("contacts")):
        moment = then + DAY * (number % 3)
        sandbox.put("contacts", {"id": contact["id"], "updated_at": moment})
    run = sync(sandbox, "contacts", page_size=20)
    assert run.counts["contacts"] == len(sandbox.records("contacts"))
    reached = set(run.bookmarks("contacts"))
    assert len(reached) > 2
    for value in reached:
        end = next(
            number
            for number, one in enumerate(run.messages, 1)
            if one["type"] == "STATE" and Run([one]).bookmarks("contacts") == [value]
        )
        broken = Run(run.messages[:end])
        rest = sync(sandbox, "contacts", state=broken.state)
        assert latest(broken, rest) == latest(run)


def test_b15_many_records_with_one_second_are_all_read_over_pages(sandbox: Sandbox) -> None:
    """An import gives more records one second than a page has room for."""
    moment = int(sandbox.now()) - 30 * HOUR
    for contact in sandbox.records("contacts")[:200]:
        sandbox.put("contacts", {"id": contact["id"], "updated_at": moment})
    run = sync(sandbox, "contacts", page_size=20)
    assert sorted(run.ids("contacts")) == sorted(one["id"] for one in sandbox.records("contacts"))


def test_b13_a_busy_workspace_loses_nothing_over_two_runs(sandbox: Sandbox) -> None:
    """A record that changes while pages are read moves on, out of the search."""
    first = sync(sandbox, "contacts", token="demo-moving", page_size=20)
    assert first.error is None
    second = sync(sandbox, "contacts", state=first.state)
    delivered = {row["id"]: row for run in (first, second) for row in run.rows("contacts")}
    held = {one["id"]: rfc(one["updated_at"]) for one in sandbox.records("contacts")}
    assert {one: row["updated_at"] for one, row in delivered.items() if one in held} == held


def test_b14_searches_that_go_round_in_circles_are_broken_off_and_completed(
    sandbox: Sandbox,
) -> None:
    """They would go on for ever, or end as if complete."""
    run = sync(sandbox, "contacts", token="demo-cursor-loop", page_size=50)
    assert run.error is None
    assert set(run.ids("contacts")) == {one["id"] for one in sandbox.records("contacts")}
    assert len(searches(sandbox, "contacts")) < 40


def test_b14_a_search_that_gets_no_further_fails_and_says_so(sandbox: Sandbox) -> None:
    """All contacts share a second here, so there is no later moment to search on from."""
    moment = int(sandbox.now()) - 40 * DAY
    for contact in sandbox.records("contacts"):
        sandbox.put("contacts", {"id": contact["id"], "updated_at": moment})
    run = sync(sandbox, "contacts", token="demo-cursor-loop", page_size=50)
    assert str(run.error).startswith("0 streams ended; 1 failed (contacts).")
    assert "round in circles" in run.failed["contacts"]
    assert len(searches(sandbox, "contacts")) < 40


@pytest.mark.usefixtures("_tells_every_state")
def test_b16_the_lookback_reads_again_and_moves_no_bookmark_back(sandbox: Sandbox) -> None:
    """New records take minutes to be found; but a state that went back would grow ever older."""
    now = int(sandbox.now())
    recent, late = (one["id"] for one in sandbox.records("contacts")[:2])
    sandbox.put("contacts", {"id": recent, "updated_at": now - 1_800})
    first = sync(sandbox, "contacts", lookback_seconds=HOUR)
    [value] = set(first.bookmarks("contacts")[-1:])
    assert times.parse(value).timestamp() <= sandbox.now() - HOUR
    sandbox.put("contacts", {"id": late, "updated_at": now - 3_000})  # as if found only now
    second = sync(sandbox, "contacts", state=first.state, lookback_seconds=0)
    assert {recent, late} <= set(second.ids("contacts"))
    ahead = second.bookmarks("contacts")[-1]
    third = sync(sandbox, "contacts", state=second.state, lookback_seconds=2 * HOUR)
    assert ahead > value
    assert set(third.bookmarks("contacts")) == {ahead}


def levels(query: dict[str, Any]) -> int:
    """How many groups lie in each other."""
    inside = query["value"] if isinstance(query["value"], list) else []
    assert len(inside) <= 15
    return 1 + max(map(levels, inside)) if inside else 0


@pytest.mark.parametrize("version", ["2.11", "2.17"])
def test_b17_queries_keep_within_intercoms_bounds(quiet: Sandbox, version: str) -> None:
    """A group of more than 15 filters, or a third level, is refused; users add no filters."""
    quiet.reset()
    resources = ("contacts", "companies", "conversations", "tickets")
    method = {"companies_method": "search"} if version == "2.17" else {}
    since = {"replication_key_value": rfc(int(quiet.now()) - 300 * DAY)}
    for state in (None, {"bookmarks": dict.fromkeys(resources, since)}):
        run = sync(quiet, *resources, state=state, api_version=version, page_size=20, **method)
        assert run.error is None
    asked = [body["query"] for resource in resources for body in searches(quiet, resource)]
    assert {levels(query) for query in asked} <= {0, 1, 2}
    assert max(map(levels, asked)) > 0


def test_b08_pages_shrink_until_intercom_can_answer(sandbox: Sandbox) -> None:
    """Some days of a workspace would otherwise fail every run, for good."""
    run = sync(sandbox, "conversations", token="demo-heavy-pages")
    assert run.error is None
    assert sorted(run.ids("conversations")) == sorted(
        one["id"] for one in sandbox.records("conversations")
    )
    sizes = [body["pagination"]["per_page"] for body in searches(sandbox, "conversations")]
    assert sizes[0] == 150
    assert min(sizes) <= 50


def test_b18_a_deleted_conversation_in_the_search_does_not_end_it(sandbox: Sandbox) -> None:
    """One record that is still in the index, and gone, must not cost all others."""
    run = sync(sandbox, "contacts", "conversations", "tickets", token="demo-search-404")
    assert run.error is None
    for stream in ("contacts", "conversations", "tickets"):
        assert sorted(run.ids(stream)) == sorted(one["id"] for one in sandbox.records(stream))
