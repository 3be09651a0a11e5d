"""A workspace that does not stand still: what there is at the end has arrived, as it is then."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from numbered import use_small_pages
from runs import CUSTOM_OBJECT_TYPES, Run, amiss, latest, sync
from thorough import the_first_of

from tap_intercom.api import bodies
from tap_intercom.records import times
from tap_intercom.sandbox import running
from tap_intercom.shapes.contents import ContentExport
from tap_intercom.shapes.lists import Singleton
from tap_intercom.shapes.reports import ReportExport
from tap_intercom.shapes.stream import IntercomStream
from tap_intercom.streams import STREAMS as REGISTERED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_intercom.sandbox import Sandbox
    from tap_intercom.shapes.shape import Shape

    Note = Callable[[str, object], None]

MINUTE, HOUR = 60, 3_600
DAY = 24 * HOUR

STREAMS = (
    "contacts",
    "companies",
    "conversations",
    "conversation_parts",
    "tickets",
    "ticket_parts",
)
# Rows that lie inside a record, and what they are called there.
INSIDE = {"conversation_parts": "conversation", "ticket_parts": "ticket"}


def held(sandbox: Sandbox, version: str) -> Iterator[tuple[str, tuple[str, ...], dict[str, Any]]]:
    """Every record that there is now, with its stream and key, as a version has it."""
    for stream in ("contacts", "companies", "conversations", "tickets"):
        for record in sandbox.records(stream, version):
            shown = {name: one for name, one in record.items() if name != "conversation_parts"}
            yield stream, (record["id"],), shown
    for stream, noun in INSIDE.items():
        for record in sandbox.records(f"{noun}s", version):
            for part in record[stream][stream][-500:]:
                links = {f"{noun}_id": record["id"], f"{noun}_updated_at": record["updated_at"]}
                yield stream, (record["id"], part["id"]), {**part, **links}


def missing(
    sandbox: Sandbox, *runs: Run, version: str = "2.17"
) -> dict[tuple[str, ...], list[str]]:
    """What has not arrived, or not as it is now; deleted and merged records may well have."""
    arrived = latest(*runs)
    found = {}
    for stream, key, record in held(sandbox, version):
        row = arrived.get((stream, *key))
        wrong = ["never arrived"] if row is None else amiss(stream, record, row)
        if wrong:
            found[(stream, *key)] = wrong
    return found


def rfc(moment: float) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).isoformat()


def bookmark(stream: str, moment: float) -> dict[str, Any]:
    entry = {"replication_key": "updated_at", "replication_key_value": rfc(moment)}
    return {"bookmarks": {stream: entry}}


# While it is read


@pytest.mark.parametrize("lookback", [0, 600])
@pytest.mark.parametrize("page_size", [2, 7, 150])
@pytest.mark.parametrize("seed", the_first_of(1, 2, 3))
def test_what_happens_between_any_two_calls_arrives_with_the_next_run(
    seed: int, page_size: int, lookback: int, record_property: Note
) -> None:
    settings = {"page_size": page_size, "lookback_seconds": lookback}
    with running(size=60, seed=seed, rate_limit=1_000_000) as sandbox:
        first = sync(sandbox, *STREAMS, token="demo-restless", **settings)
        assert first.error is None
        record_property("changes in between", sandbox.stats()["requests"])
        assert missing(sandbox, first) != {}, "nothing has moved, so nothing is shown"
        second = sync(sandbox, *STREAMS, state=first.state, **settings)
        assert second.error is None
        assert missing(sandbox, first, second) == {}


# Of what is exported there are files, which stand still, and of some there is one object.
SHAPES = [
    one for one in REGISTERED if not issubclass(one, (ContentExport, ReportExport, Singleton))
]


def keys_of(stream: type[Shape], rows: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    """The keys of a stream's rows, as it sends them or as Intercom holds them."""
    keys = set()
    for row in rows:
        named = {
            **row,
            "teammate_id": row.get("teammate_id") or bodies.at("teammate.id", row) or "",
        }
        if stream.name == "handling_events":
            named["timestamp"] = times.canonical(row["timestamp"])
        keys.add(tuple(str(named.get(name)) for name in stream.primary_keys))
    return keys


@pytest.mark.parametrize("version", ["2.16", "2.17"])
@pytest.mark.parametrize("seed", the_first_of(1, 2, 3))
def test_nothing_is_lost_of_any_shape_while_all_moves(
    seed: int, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In pages of a few records, so that what is listed moves from one to another."""
    use_small_pages(monkeypatch)
    streams = [one.name for one in SHAPES]
    settings = {"custom_object_types": CUSTOM_OBJECT_TYPES, "page_size": 5, "lookback_seconds": 0}
    settings["api_version"] = version
    with running(size=20, seed=seed, rate_limit=1_000_000) as sandbox:
        first = sync(sandbox, *streams, token="demo-restless", **settings)
        assert first.error is None
        second = sync(sandbox, *streams, state=first.state, **settings)
        assert second.error is None
        lost, empty = {}, set()
        for stream in (one for one in SHAPES if one.name not in first.left_out):
            there = keys_of(stream, sandbox.records(stream.name, version))
            arrived = keys_of(stream, [*first.rows(stream.name), *second.rows(stream.name)])
            lost[stream.name] = there - arrived
            empty |= set() if there else {stream.name}
        # Of so small a workspace, of which in the meantime much is deleted.
        assert empty <= {"company_contacts", "contact_companies", "newsfeed_items"}
        assert {name: keys for name, keys in lost.items() if keys} == {}


@pytest.mark.parametrize("method", ["search", "list"])
def test_companies_that_are_listed_while_they_move_arrive_all_the_same(method: str) -> None:
    """Neither way gives companies without users."""
    with running(size=60, rate_limit=1_000_000) as sandbox:
        settings = {"companies_method": method, "page_size": 20}
        first = sync(sandbox, "companies", token="demo-restless", **settings)
        second = sync(sandbox, "companies", state=first.state, **settings)
        assert second.error is None
        lost = [key[1] for key in missing(sandbox, first, second) if key[0] == "companies"]
        users = {one["id"]: one["user_count"] for one in sandbox.records("companies")}
        assert [one for one in lost if users[one] != 0] == []


def companies_of(sandbox: Sandbox, count: int) -> set[str]:
    """Leave so many companies in a workspace."""
    for one in sandbox.records("companies")[count:]:
        sandbox.delete("companies", one["id"])
    return {one["id"] for one in sandbox.records("companies")}


def born(sandbox: Sandbox, number: int) -> dict[str, Any]:
    one = {**sandbox.records("companies")[0], "id": f"new-{number}", "company_id": f"new-{number}"}
    return {"resource": "companies", "put": {**one, "updated_at": int(sandbox.now())}}


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 200])
@pytest.mark.parametrize("grows", [False, True])
def test_a_scroll_that_always_ends_with_404_gives_all_however_many_there_are(
    count: int,
    grows: bool,  # noqa: FBT001
) -> None:
    with running(size=300, rate_limit=1_000_000) as sandbox:
        there = companies_of(sandbox, count)
        if grows and there:
            for number in range(3):
                path = "/companies/scroll"
                sandbox.meanwhile(path, born(sandbox, number), after=1 + 3 * number)
        run = sync(sandbox, "companies", token="demo-scroll-ends-404")
        assert run.error is None
        assert there <= set(run.ids("companies"))
        held = {one["id"] for one in sandbox.records("companies")}
        again = sync(sandbox, "companies", token="demo-scroll-ends-404", state=run.state)
        assert held <= {*run.ids("companies"), *again.ids("companies")}


@pytest.mark.parametrize("times", [1, 2, 3, 9])
def test_a_scroll_that_is_lost_after_the_same_page_is_no_end(times: int) -> None:
    with running(size=300, rate_limit=1_000_000) as sandbox:
        there = companies_of(sandbox, 200)
        token = f"demo-scroll-expires-{times}"
        run = sync(sandbox, "companies", token=token, emit_activate_version_messages=True)
        assert run.error is None
        assert set(run.ids("companies")) == there


def test_a_scroll_that_is_always_lost_takes_nothing_from_a_target() -> None:
    with running(size=300, rate_limit=1_000_000) as sandbox:
        settings = {"emit_activate_version_messages": True}
        run = sync(sandbox, "company_tags", token="demo-scroll-expires-99", **settings)
        assert "the last page of them was full" in run.failed["company_tags"]
        assert [one["type"] for one in run.messages].count("ACTIVATE_VERSION") == 0


def test_runs_that_follow_each_other_in_a_restless_workspace_lose_nothing() -> None:
    with running(size=60, rate_limit=1_000_000) as sandbox:
        runs: list[Run] = []
        for number in range(5):
            state = runs[-1].state if runs else None
            settings = {"page_size": (3, 50)[number % 2], "lookback_seconds": 0}
            runs.append(sync(sandbox, *STREAMS, token="demo-restless", state=state, **settings))
            assert runs[-1].error is None
        runs.append(sync(sandbox, *STREAMS, state=runs[-1].state, lookback_seconds=0))
        assert missing(sandbox, *runs) == {}


@pytest.fixture
def stated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a STATE after every record, as a signal could want it there."""
    monkeypatch.setattr(IntercomStream, "STATE_MSG_FREQUENCY", 1)


def cut(run: Run, number: int, seed: int) -> Iterator[Run]:
    """What had been written by a run when it was ended, at some of its STATEs."""
    states = [at for at, one in enumerate(run.messages) if one["type"] == "STATE"]
    assert len(states) > 2
    for at in random.Random(seed).sample(states, min(number, len(states))):
        yield Run(run.messages[: at + 1])


@pytest.mark.usefixtures("stated")
@pytest.mark.parametrize("seed", the_first_of(1, 2, 3))
def test_a_run_that_ends_anywhere_in_a_restless_workspace_is_gone_on_from(seed: int) -> None:
    with running(size=60, seed=seed, rate_limit=1_000_000) as sandbox:
        whole = sync(sandbox, *STREAMS, token="demo-restless", page_size=5, lookback_seconds=0)
        assert whole.error is None
        for broken in cut(whole, 8, seed):
            after = sync(sandbox, *STREAMS, state=broken.state, lookback_seconds=0)
            assert missing(sandbox, broken, after) == {}


@pytest.mark.usefixtures("stated")
@pytest.mark.parametrize("stream", ["contacts", "conversations", "conversation_parts", "tickets"])
def test_a_run_that_ends_among_records_that_are_newer_than_their_place_is_gone_on_from(
    stream: str,
) -> None:
    """The old ones among the pages have just been changed, which the search does not know yet."""
    searched = stream.replace("_parts", "s")
    with running(size=200, search_lag=300, rate_limit=1_000_000) as sandbox:
        oldest = sorted(sandbox.records(searched), key=lambda one: one["updated_at"])
        for one in oldest[6:30:6]:
            sandbox.put(searched, {"id": one["id"], "updated_at": int(sandbox.now()) - 2})
        whole = sync(sandbox, stream, page_size=4)
        for broken in cut(whole, 12, 1):
            after = sync(sandbox, stream, state=broken.state, page_size=50)
            assert latest(broken, after).keys() == latest(whole).keys()


# Many at once


@pytest.mark.usefixtures("stated")
@pytest.mark.parametrize(
    ("stream", "version"),
    [("contacts", "2.16"), ("contacts", "2.17"), ("conversations", "2.17"), ("tickets", "2.17")],
)
def test_a_thousand_records_of_one_second_are_all_read_over_small_pages(
    stream: str, version: str
) -> None:
    """As after a bulk action. A run that ends among them goes on before them, not after."""
    sizes = {"contacts": 1_100, "conversations": 2_200, "tickets": 5_500}
    with running(size=sizes[stream], rate_limit=1_000_000) as sandbox:
        records = sandbox.records(stream)
        second = int(sandbox.now()) - 2 * DAY
        for record in records[:1_000]:
            sandbox.put(stream, {"id": record["id"], "updated_at": second})
        settings = {"api_version": version, "page_size": 30}
        run = sync(sandbox, stream, state=bookmark(stream, second - 30 * DAY), **settings)
        assert run.error is None
        ids = run.ids(stream)
        assert {one["id"] for one in records[:1_000]} <= set(ids)
        assert len(ids) == len(set(ids))
        again = sync(sandbox, stream, state=bookmark(stream, second), **settings)
        assert {one["id"] for one in records[:1_000]} <= set(again.ids(stream))
        for broken in cut(run, 5, 1):
            after = sync(sandbox, stream, state=broken.state, **settings)
            assert {*broken.ids(stream), *after.ids(stream)} == set(ids)


def test_a_bulk_action_in_the_middle_of_a_restless_run() -> None:
    with running(size=300, rate_limit=1_000_000) as sandbox:
        second = int(sandbox.now()) - 1
        for record in sandbox.records("contacts")[:250]:
            sandbox.put("contacts", {"id": record["id"], "updated_at": second})
        first = sync(sandbox, *STREAMS, token="demo-restless", page_size=10, lookback_seconds=0)
        after = sync(sandbox, *STREAMS, state=first.state, page_size=10, lookback_seconds=0)
        assert missing(sandbox, first, after) == {}


# What is found later than it was written


@pytest.mark.parametrize("lag", [60, 300, 590])
def test_a_search_that_lags_less_than_the_lookback_loses_nothing(lag: int) -> None:
    with running(size=60, search_lag=lag, rate_limit=1_000_000) as sandbox:
        runs: list[Run] = []
        for number in range(4):
            for one in sandbox.records("contacts")[number : number + 3]:
                now = int(sandbox.now())
                sandbox.put("contacts", {"id": one["id"], "updated_at": now, "name": f"{number}"})
                sandbox.put("contacts", {**one, "id": f"new-{number}", "updated_at": now})
            state = runs[-1].state if runs else None
            runs.append(sync(sandbox, *STREAMS, token="demo-restless", state=state, page_size=20))
            assert runs[-1].error is None
            assert lag == 60 or f"new-{number}" not in runs[-1].ids("contacts")
        sandbox.advance(2 * HOUR)
        runs.append(sync(sandbox, *STREAMS, state=runs[-1].state))
        assert missing(sandbox, *runs) == {}


@pytest.mark.parametrize(("lookback", "loses"), [(0, True), (299, True), (310, False)])
def test_the_lookback_is_what_makes_up_for_the_lag(lookback: int, loses: bool) -> None:  # noqa: FBT001
    """A record in its old place with its new time is no sign that all before that time is there."""
    with running(size=20, search_lag=300) as sandbox:
        old, other = sandbox.records("contacts")[:2]
        now = int(sandbox.now())
        sandbox.put("contacts", {**other, "id": "new", "updated_at": now - 300})
        sandbox.put("contacts", {"id": old["id"], "updated_at": now - 299})
        first = sync(sandbox, "contacts", lookback_seconds=lookback)
        sandbox.advance(400)
        second = sync(sandbox, "contacts", state=first.state, lookback_seconds=lookback)
        assert ("new" not in {*first.ids("contacts"), *second.ids("contacts")}) == loses


# Clocks and calendars


@pytest.mark.parametrize("off", [-26 * HOUR, -3 * HOUR, -7 * MINUTE, 7 * MINUTE, 5 * HOUR])
@pytest.mark.parametrize("version", ["2.16", "2.17"])
def test_a_clock_of_this_machine_that_is_wrong_loses_nothing(off: int, version: str) -> None:
    """The start of a run is Intercom's, whatever this machine takes for the time."""
    here = datetime.now(timezone.utc).replace(microsecond=0)
    settings = {"api_version": version, "page_size": 20, "lookback_seconds": 0}
    clock = (here + timedelta(seconds=off)).isoformat()
    with running(size=60, clock=clock, rate_limit=1_000_000) as sandbox:
        first = sync(sandbox, *STREAMS, token="demo-restless", **settings)
        assert first.error is None
        for stream in STREAMS:
            reached = first.state["bookmarks"][stream]["replication_key_value"]
            assert reached <= rfc(sandbox.now())
        second = sync(sandbox, *STREAMS, state=first.state, **settings)
        assert missing(sandbox, first, second, version=version) == {}


# A local day, and the hour of that day in UTC at which its clocks are changed, if they are.
DAYS = [
    ("Etc/GMT+12", "2026-06-10", None),
    ("Pacific/Kiritimati", "2026-06-10", None),
    ("Asia/Kolkata", "2026-06-10", None),
    ("America/New_York", "2026-03-08", "2026-03-08T07:00:00"),
    ("America/New_York", "2026-11-01", "2026-11-01T06:00:00"),
    ("Europe/Berlin", "2026-03-29", "2026-03-29T01:00:00"),
    ("Europe/Berlin", "2026-10-25", "2026-10-25T01:00:00"),
    ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T15:00:00"),
    ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T15:30:00"),
]


def edges(zone: str, day: str, shift: str | None) -> list[int]:
    """The midnights around a local day and the next, and the moment at which its clocks change."""
    local = ZoneInfo(zone)
    first = datetime.fromisoformat(day).replace(tzinfo=local)
    midnights = [first + timedelta(days=number) for number in (-1, 0, 1, 2)]
    found = [int(one.timestamp()) for one in midnights]
    if shift is not None:
        at = datetime.fromisoformat(f"{shift}+00:00")
        before, after = ((at + timedelta(minutes=one)).astimezone(local) for one in (-1, 1))
        assert before.utcoffset() != after.utcoffset()
        found.append(int(at.timestamp()))
    return sorted(found)


@pytest.mark.parametrize(("zone", "day", "shift"), DAYS)
@pytest.mark.parametrize("version", the_first_of("2.16", "2.17"))
def test_no_calendar_loses_what_changed_around_midnight(
    zone: str, day: str, shift: str | None, version: str
) -> None:
    """Contacts that changed a minute each side of every midnight and shift of the clock."""
    around = edges(zone, day, shift)
    start = rfc(around[-1] + 6 * HOUR)
    with running(size=40, clock=start, timezone=zone, rate_limit=1_000_000) as sandbox:
        moments = [edge + aside for edge in around for aside in (-MINUTE, 0, MINUTE)]
        ids = [one["id"] for one in sandbox.records("contacts")]
        changed = dict(zip(ids, moments, strict=False))
        for contact, moment in changed.items():
            sandbox.put("contacts", {"id": contact, "updated_at": moment})
        settings = {"api_version": version, "page_size": 2}
        assert sorted(sync(sandbox, "contacts", **settings).ids("contacts")) == sorted(ids)
        for since in [edge + aside for edge in around for aside in (-MINUTE, 1)]:
            run = sync(sandbox, "contacts", state=bookmark("contacts", since), **settings)
            got = {one: rfc(changed[one]) for one in run.ids("contacts") if one in changed}
            due = {one: rfc(moment) for one, moment in changed.items() if moment >= since}
            assert got == due


@pytest.mark.parametrize(("zone", "day", "shift"), DAYS)
def test_no_calendar_loses_what_changed_just_before_a_run(
    zone: str, day: str, shift: str | None
) -> None:
    """A run that starts a minute and a half after a midnight or a shift, and the run after it."""
    for edge in edges(zone, day, shift):
        with running(size=10, clock=rfc(edge + 90), timezone=zone) as sandbox:
            ids = [one["id"] for one in sandbox.records("contacts")[:4]]
            for contact, aside in zip(ids, (-90, -1, 0, 60), strict=True):
                sandbox.put("contacts", {"id": contact, "updated_at": edge + aside})
            settings = {"api_version": "2.16", "lookback_seconds": 0}
            since = bookmark("contacts", edge - 90)
            first = sync(sandbox, "contacts", state=since, **settings)
            assert set(ids) <= set(first.ids("contacts"))
            sandbox.put("contacts", {"id": ids[0], "updated_at": int(sandbox.now())})
            second = sync(sandbox, "contacts", state=first.state, **settings)
            assert ids[0] in second.ids("contacts")
