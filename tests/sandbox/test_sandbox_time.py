"""The clock, the time that passes, and what a test changes by hand."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest

from tap_intercom.sandbox.clock import Clock

if TYPE_CHECKING:
    import requests
    from calling import Code, Json, Start

CLOCK = 1_780_315_200
DAY = 86_400
EVOLVING = ("contacts", "companies", "conversations", "tickets", "articles", "activity_logs")


def date(answer: requests.Response) -> float:
    return parsedate_to_datetime(answer.headers["Date"]).timestamp()


def by_id(rows: list[Json]) -> dict[str, Json]:
    return {row["id"]: row for row in rows}


def test_the_clock_starts_where_it_is_told_and_ticks() -> None:
    seconds = iter([100.0, 100.0, 101.5])
    clock = Clock(CLOCK, ticks=lambda: next(seconds))
    assert clock.now() == CLOCK
    assert clock.now() == CLOCK + 1.5


def test_the_date_header_is_the_sandbox_s(start: Start) -> None:
    assert 0 <= date(start().get("/me")) - CLOCK < 5
    there = start(clock="2031-02-03T04:05:06+02:00")
    assert 0 <= date(there.get("/me")) - 1_927_850_706 < 5
    intercom = start()
    intercom.sandbox.advance(DAY)
    assert 0 <= date(intercom.get("/me")) - CLOCK - DAY < 5
    assert 0 <= intercom.sandbox.now() - CLOCK - DAY < 5


def test_the_clock_is_in_zone_when_none_is_given(start: Start) -> None:
    assert 0 <= date(start(clock="2026-06-01T12:00:00").get("/me")) - CLOCK < 5


def test_nothing_happens_while_nobody_lets_time_pass(start: Start) -> None:
    intercom = start()
    before = intercom.truth("contacts")
    time.sleep(0.05)
    intercom.sandbox.advance(0)
    assert intercom.truth("contacts") == before


def test_a_day_touches_a_little_of_everything(start: Start) -> None:
    intercom = start(size=300)
    before = {name: by_id(intercom.truth(name)) for name in EVOLVING}
    intercom.sandbox.advance(DAY)
    for name in EVOLVING:
        after = by_id(intercom.truth(name))
        born = set(after) - set(before[name])
        gone = set(before[name]) - set(after)
        changed = {one for one in set(after) & set(before[name]) if after[one] != before[name][one]}
        touched = len(born) + len(gone) + len(changed)
        assert born, name
        assert touched <= len(before[name]) * 0.12
        stamp = "created_at" if name == "activity_logs" else "updated_at"
        assert changed or name == "activity_logs"
        assert gone or name == "activity_logs"
        for one in born | changed:
            assert CLOCK < after[one][stamp] < CLOCK + DAY
        for one in born:
            assert after[one]["created_at"] > CLOCK


def test_what_happens_does_not_lie_before_what_was_just_read(start: Start) -> None:
    intercom = start(size=6_000)
    for _ in range(5):
        intercom.sandbox.advance(1_200)
    times = [row["updated_at"] - CLOCK for row in intercom.truth("contacts")]
    passed = [time for time in times if time >= 0]
    assert len(passed) > 10
    assert all(time % 1_200 >= 600 for time in passed)


def test_longer_times_change_more(start: Start) -> None:
    counts = []
    for days in (1, 10):
        intercom = start(size=300)
        before = by_id(intercom.truth("contacts"))
        intercom.sandbox.advance(days * DAY)
        counts.append(sum(before.get(row["id"]) != row for row in intercom.truth("contacts")))
    assert counts[1] > 4 * counts[0]


def test_conversations_go_on_by_new_parts(start: Start) -> None:
    intercom = start(size=300)
    before = by_id(intercom.truth("conversations"))
    intercom.sandbox.advance(3 * DAY)
    longer = 0
    for row in intercom.truth("conversations"):
        parts = row["conversation_parts"]["conversation_parts"]
        if row["statistics"]:
            assert row["statistics"]["count_conversation_parts"] == len(parts) + 1
        assert len({part["id"] for part in parts}) == len(parts)
        if row["id"] in before:
            old = before[row["id"]]["conversation_parts"]["conversation_parts"]
            assert parts[: len(old)] == old
            longer += len(parts) > len(old)
            if len(parts) > len(old):
                assert parts[-1]["created_at"] == row["updated_at"]
    assert longer > 3


def test_deleted_conversations_leave_a_trace(start: Start) -> None:
    intercom = start(size=300)
    before = set(by_id(intercom.truth("conversations")))
    known = set(by_id(intercom.truth("deleted_conversations")))
    intercom.sandbox.advance(5 * DAY)
    gone = before - set(by_id(intercom.truth("conversations")))
    shown = intercom.get("/conversations/deleted", per_page=60).json()["conversations"]
    assert gone
    assert {row["id"] for row in shown} == gone | known
    for identity in gone:
        assert intercom.get(f"/conversations/{identity}").status_code == 404


@pytest.mark.parametrize("seconds", [3_600, 2 * DAY])
def test_starting_later_is_the_same_as_letting_time_pass(start: Start, seconds: int) -> None:
    later, passed = start(advance=seconds), start()
    passed.get("/tags")
    passed.sandbox.advance(seconds)
    for name in (*EVOLVING, "collections", "deleted_conversations"):
        assert later.truth(name) == passed.truth(name)


def test_time_passes_over_http_too(start: Start) -> None:
    intercom, other = start(), start()
    answer = intercom.session.post(
        f"{intercom.sandbox.url}/__sandbox__/advance", json={"seconds": DAY}
    )
    assert 0 <= answer.json()["now"] - CLOCK - DAY < 5
    other.sandbox.advance(DAY)
    assert intercom.truth("contacts") == other.truth("contacts")
    bad = intercom.session.post(f"{intercom.sandbox.url}/__sandbox__/advance", json={"seconds": -1})
    assert bad.status_code == 400


def test_search_finds_what_has_changed(start: Start) -> None:
    intercom = start(size=300)
    intercom.found("contacts", {"field": "updated_at", "operator": ">", "value": 0})
    intercom.sandbox.advance(DAY)
    for table in ("contacts", "conversations", "tickets"):
        since = {"field": "updated_at", "operator": ">", "value": CLOCK}
        found = by_id(intercom.found(table, since, per_page=3))
        truth = by_id(intercom.truth(table))
        assert set(found) == {one for one, row in truth.items() if row["updated_at"] > CLOCK}
        assert found
        everything = intercom.found(table, {**since, "value": 0}, per_page=150)
        assert sorted(row["id"] for row in everything) == sorted(truth)


RAW = {
    "id": "raw",
    "updated_at": CLOCK - 5,
    "name": "NUL \x00 and 🎈",
    "created_at": "yesterday",
    "owner_id": {"not": "text"},
    "tags": 7,
    "a field of next year": [1, {"two": None}],
}


@pytest.mark.parametrize("version", ["2.11", "2.17"])
def test_a_record_is_served_as_it_was_put(start: Start, version: str) -> None:
    intercom = start().using(version=version)
    intercom.sandbox.put("contacts", RAW)
    since = {"field": "updated_at", "operator": ">", "value": CLOCK - 3 * DAY}
    (row,) = [row for row in intercom.found("contacts", since) if row["id"] == "raw"]
    assert row == RAW
    listed = intercom.get("/contacts", per_page=150).json()["data"]
    assert RAW in listed


def test_putting_changes_the_given_fields_only(start: Start) -> None:
    intercom = start()
    before = intercom.truth("contacts")[3]
    intercom.sandbox.put("contacts", {"id": before["id"], "updated_at": CLOCK - 1})
    assert by_id(intercom.truth("contacts"))[before["id"]] == {**before, "updated_at": CLOCK - 1}
    newest = intercom.search(
        "contacts", {"field": "updated_at", "operator": ">", "value": 0}, order="descending"
    )
    assert newest.json()["data"][0]["id"] == before["id"]


def test_putting_over_http(start: Start) -> None:
    intercom = start()
    url = f"{intercom.sandbox.url}/__sandbox__/records"
    assert intercom.session.post(f"{url}/teams", json={"id": "9", "name": "Ü"}).json() == {
        "id": "9",
        "name": "Ü",
    }
    assert {"id": "9", "name": "Ü"} in intercom.get("/teams").json()["teams"]
    assert intercom.session.delete(f"{url}/teams/9").status_code == 200
    assert intercom.session.delete(f"{url}/teams/9").status_code == 404
    assert intercom.session.post(f"{url}/teams", json={"name": "x"}).status_code == 400
    assert intercom.session.post(f"{url}/teams", json=[1]).status_code == 400
    assert intercom.session.post(f"{url}/nonsense", json={"id": "1"}).status_code == 404


def test_parts_can_be_put(start: Start) -> None:
    intercom = start()
    identity = intercom.truth("conversations")[2]["id"]
    parts = [{"id": "1", "body": None}, {"id": 2, "created_at": "?"}]
    intercom.sandbox.put("conversations", {"id": identity, "conversation_parts": parts})
    shown = intercom.get(f"/conversations/{identity}").json()["conversation_parts"]
    assert shown["conversation_parts"] == parts
    intercom.sandbox.put("conversations", {"id": "new", "updated_at": 5})
    assert intercom.get("/conversations/new").json()["conversation_parts"]["total_count"] == 0


def test_deleting_by_hand(start: Start) -> None:
    intercom = start()
    identity = intercom.truth("conversations")[2]["id"]
    assert intercom.sandbox.delete("conversations", identity)
    assert not intercom.sandbox.delete("conversations", identity)
    assert intercom.get(f"/conversations/{identity}").status_code == 404
    newest = intercom.get("/conversations/deleted").json()["conversations"][0]
    assert newest["id"] == identity
    assert 0 <= newest["deleted_at"] - CLOCK < 5


def test_calls_are_limited_in_windows(start: Start, code: Code) -> None:
    intercom = start(rate_limit=30)
    answers = [intercom.get("/me") for _ in range(6)]
    if int(answers[0].headers["X-RateLimit-Reset"]) != int(
        answers[-1].headers["X-RateLimit-Reset"]
    ):
        pytest.skip("a window ended meanwhile")
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == list("432100")
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"5"}
    assert code(answers[-1]) == "rate_limit_exceeded"
    assert "Exceeded rate limit of 5 in 10_seconds" in answers[-1].text
    reset = int(answers[-1].headers["X-RateLimit-Reset"])
    assert 0 < reset - date(answers[-1]) <= 10
    assert reset % 10 == 0
    assert intercom.using(token="demo-other").get("/me").status_code == 200
    intercom.sandbox.advance(10)
    assert intercom.get("/me").status_code == 200


def test_the_usual_limit_is_intercom_s(start: Start) -> None:
    assert start(rate_limit=10_000).get("/me").headers["X-RateLimit-Limit"] == "1667"
    assert start(rate_limit=1_000).get("/me").headers["X-RateLimit-Limit"] == "167"


def test_latency_is_added_but_not_in_line(start: Start) -> None:
    intercom = start(latency_ms=150)
    began = time.perf_counter()
    assert intercom.get("/me").status_code == 200
    assert time.perf_counter() - began >= 0.15
