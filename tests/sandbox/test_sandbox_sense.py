"""Whether a simulated workspace makes sense: what it says of itself follows from its parts."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

import pytest

from tap_intercom.sandbox.state import Options, State

if TYPE_CHECKING:
    from calling import Caller, Json, Start

DAY = 86_400
CONTACTS = {"user", "lead", "contact", "visitor"}
OPENING = {"open", "note_and_reopen", "assign_and_reopen"}
ASSIGNING = {"assignment", "assign_and_reopen"}
AWAKE = {"unsnoozed", "timer_unsnooze"}
WHO = {"admin_assignee_id", "team_assignee_id"}


def is_from(part: Json, side: str) -> bool:
    kind = part["author"]["type"]
    return kind in CONTACTS if side == "contact" else kind == side


def is_reply(part: Json) -> bool:
    if part["part_type"] == "comment":
        return True
    return part["part_type"] in {"close", "open", *ASSIGNING} and part["body"] is not None


def begun(conversation: Json) -> int | None:
    """When the contact asked; None if they have not."""
    if conversation["source"]["author"]["type"] in CONTACTS:
        return int(conversation["created_at"])
    for part in parts_of(conversation):
        if is_from(part, "contact") and is_reply(part):
            return int(part["created_at"])
    return None


def parts_of(conversation: Json) -> list[Json]:
    parts: list[Json] = conversation["conversation_parts"]["conversation_parts"]
    return parts


def times(parts: list[Json]) -> list[int]:
    return [part["created_at"] for part in parts]


def ends(parts: list[Json]) -> tuple[int | None, int | None]:
    found = times(parts)
    return (found[0], found[-1]) if found else (None, None)


def expected(conversation: Json) -> Json:
    """The statistics of a conversation, worked out step by step from its parts."""
    parts, asked = parts_of(conversation), begun(conversation)
    after = [part for part in parts if asked is not None and part["created_at"] >= asked]
    of_admins = [part for part in after if is_from(part, "admin") and is_reply(part)]
    of_contacts = [part for part in after if is_from(part, "contact") and is_reply(part)]
    assigning = [part for part in after if part["part_type"] in ASSIGNING]
    closing = [part for part in after if part["part_type"] == "close"]
    first_reply, last_reply = ends(of_admins)
    first_close, last_close = ends(closing)
    first_assignment, last_assignment = ends(assigning)
    _, last_contact = ends(of_contacts)
    before = [at for at in times(assigning) if first_reply is not None and at <= first_reply]
    since = [at for at in times(of_admins) if assigning and at >= assigning[-1]["created_at"]]
    gaps = answers(conversation, after)
    spent, worked = handling(conversation)

    def wait(at: int | None) -> int | None:
        return None if at is None or asked is None else at - asked

    return {
        "type": "conversation_statistics",
        "time_to_assignment": wait(before[-1] if before else None),
        "time_to_admin_reply": wait(first_reply),
        "time_to_first_close": wait(first_close),
        "time_to_last_close": wait(last_close),
        "median_time_to_reply": int(median(gaps)) if gaps else None,
        "first_contact_reply_at": asked,
        "first_assignment_at": first_assignment,
        "first_admin_reply_at": first_reply,
        "first_close_at": first_close,
        "last_assignment_at": last_assignment,
        "last_assignment_admin_reply_at": since[0] if since else None,
        "last_contact_reply_at": asked if last_contact is None else last_contact,
        "last_admin_reply_at": last_reply,
        "last_close_at": last_close,
        "last_closed_by_id": int(closing[-1]["author"]["id"]) if closing else None,
        "count_reopens": len([at for at in reopenings(parts) if asked is not None and at >= asked]),
        "count_assignments": len(assigning),
        "count_conversation_parts": len(parts) + 1,
        "assigned_team_first_response_time": responses(parts, asked),
        "assigned_team_first_response_time_in_office_hours": [],
        "handling_time": spent if assigning else None,
        "adjusted_handling_time": worked if assigning else None,
    }


def answers(conversation: Json, after: list[Json]) -> list[int]:
    """How long a contact waited for each answer."""
    gaps = []
    since = None
    if conversation["source"]["author"]["type"] in CONTACTS:
        since = conversation["created_at"]
    for part in after:
        if is_reply(part) and is_from(part, "contact"):
            since = part["created_at"] if since is None else since
        if is_reply(part) and is_from(part, "admin") and since is not None:
            gaps.append(part["created_at"] - since)
            since = None
    return gaps


def reopenings(parts: list[Json]) -> list[int]:
    closed, found = False, []
    for part in parts:
        if part["part_type"] in OPENING and closed:
            found.append(part["created_at"])
        closed = part["part_type"] == "close" or (closed and part["part_type"] not in OPENING)
    return found


def handling(conversation: Json) -> tuple[int | None, int | None]:
    """From the assignment to the closing and from each reopening to the next; without idle time."""
    parts = parts_of(conversation)
    spent = worked = 0
    closed_once = False
    since: int | None = conversation["created_at"]
    assigned = times([part for part in parts if part["part_type"] in ASSIGNING])
    for part in parts:
        at = part["created_at"]
        if part["part_type"] == "close" and since is not None:
            if not closed_once and assigned and assigned[0] <= at:
                since = assigned[0]
            spent += at - since
            marks = sorted({since, at, *(one for one in times(parts) if since <= one <= at)})
            worked += sum(min(b - a, 1_800) for a, b in pairwise(marks))
            since, closed_once = None, True
        elif part["part_type"] in OPENING and since is None:
            since = at
    return (spent, worked) if closed_once else (None, None)


def responses(parts: list[Json], asked: int | None) -> list[Json]:
    """How soon each team answered once it had the conversation, and before another had it."""
    if asked is None:
        return []
    found = []
    given = [
        (number, part["assigned_to"]["id"])
        for number, part in enumerate(parts)
        if (part["assigned_to"] or {}).get("type") == "team"
    ]
    for team in dict.fromkeys(team for _, team in given):
        start = min(number for number, one in given if one == team)
        stop = min((n for n, one in given if n > start and one != team), default=len(parts))
        since = max(parts[start]["created_at"], asked)
        replies = [
            part["created_at"]
            for part in parts[start:stop]
            if is_from(part, "admin") and is_reply(part) and part["created_at"] >= since
        ]
        if replies:
            found.append((replies[0], {"team_id": int(team), "response_time": replies[0] - since}))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def unnamed(statistics: Json) -> Json:
    teams = [
        {name: one[name] for name in one if name != "team_name"}
        for one in statistics["assigned_team_first_response_time"]
    ]
    return {**statistics, "assigned_team_first_response_time": teams}


def state_after(parts: list[Json]) -> str:
    state = "open"
    for part in parts:
        if part["part_type"] in OPENING | AWAKE:
            state = "open"
        elif part["part_type"] in {"close", "snoozed"}:
            state = {"close": "closed", "snoozed": "snoozed"}[part["part_type"]]
    return state


def check_conversation(one: Json, at: str) -> None:
    parts = parts_of(one)
    if one["statistics"] is not None:
        assert unnamed(one["statistics"]) == expected(one), at
    assert times(parts) == sorted(times(parts)), at
    assert parts[-1]["created_at"] == one["updated_at"], at
    assert one["state"] == state_after(parts) == parts[-1]["state"], at
    assert one["open"] is (one["state"] != "closed"), at
    assert (one["snoozed_until"] is None) is (one["state"] != "snoozed"), at
    reply = one["first_contact_reply"]
    assert begun(one) == (reply and reply["created_at"]), at
    talk = [part for part in parts if is_reply(part) and not is_from(part, "bot")]
    theirs = [is_from(part, "contact") for part in talk]
    asks = theirs[-1] if theirs else one["source"]["author"]["type"] in CONTACTS
    waiting = asks and one["state"] == "open"
    assert (one["waiting_since"] is not None) is waiting, at
    assert one["read"] is not asks, at
    assigned = [part for part in parts if part["assigned_to"]]
    last = assigned[-1] if assigned else dict.fromkeys(WHO, 0)
    assert {name: one[name] for name in WHO} == {name: last[name] for name in WHO}, at
    teams = [
        part["assigned_to"]["id"] for part in assigned if part["assigned_to"]["type"] == "team"
    ]
    assert one["team_assignee_id"] == (int(teams[-1]) if teams else 0), at
    wrote = {part["author"]["id"] for part in parts if is_from(part, "admin")}
    assert {who["id"] for who in (one["teammates"] or {"admins": []})["admins"]} == wrote, at
    check_rating(one, at)


def check_rating(one: Json, at: str) -> None:
    parts, rating = parts_of(one), one["conversation_rating"]
    if rating:
        closed = [part["created_at"] for part in parts if part["part_type"] == "close"]
        assert closed[0] <= rating["created_at"] <= rating["updated_at"] <= one["updated_at"], at
        if rating["teammate"]["type"] == "admin":
            assert rating["teammate"]["id"] in {part["author"]["id"] for part in parts}, at
    if one["sla_applied"] and one["statistics"]:
        wait = one["statistics"]["time_to_admin_reply"]
        status = "active" if wait is None else "hit" if wait <= 3_600 else "missed"
        assert one["sla_applied"]["sla_status"] == status, at


@pytest.mark.parametrize("size", [1, 20, 100, 400])
@pytest.mark.parametrize("seed", [1, 2, 7])
def test_a_conversation_says_what_its_parts_say(start: Start, seed: int, size: int) -> None:
    """Also after a day, and after a month in which it went on."""
    intercom = start(seed=seed, size=size)
    before: dict[str, Json] = {}
    for days in (0, 1, 30):
        intercom.sandbox.advance(days * DAY)
        rows = intercom.truth("conversations")
        for one in rows:
            check_conversation(one, f"{one['id']} of seed {seed} after {days} days")
        changed = [one for one in rows if before.get(one["id"], one) != one]
        assert size == 1 or bool(changed) is bool(days)
        before = {one["id"]: one for one in rows}


def test_a_conversation_of_a_restless_workspace_says_what_its_parts_say(start: Start) -> None:
    intercom = start(size=60).using(token="demo-restless")
    for _ in range(120):
        intercom.get("/tags")
    for one in intercom.truth("conversations"):
        check_conversation(one, one["id"])


def test_what_is_written_into_a_conversation_is_counted(start: Start) -> None:
    """Unless it is said what its statistics shall be, or of parts that nobody can count."""
    intercom = start(size=60)
    one, other, third = intercom.truth("conversations")[1:4]
    for conversation in (one, other, third):
        assert conversation["statistics"]
    parts = [part for part in parts_of(one) if part["part_type"] != "close"]
    close = {**parts[-1], "part_type": "close", "body": None, "state": "closed"}
    later = {"created_at": one["updated_at"] + 60, "updated_at": one["updated_at"] + 60}
    closed = {**close, **later, "id": "1", "author": {"type": "admin", "id": "7"}}
    given = {"conversation_parts": {"conversation_parts": [*parts, closed]}}
    intercom.sandbox.put("conversations", {"id": one["id"], **given})
    intercom.sandbox.put("conversations", {"id": other["id"], "statistics": {"x": 1}, **given})
    odd = {"conversation_parts": [{**closed, "author": "nobody"}]}
    intercom.sandbox.put("conversations", {"id": third["id"], "conversation_parts": odd})
    rows = {row["id"]: row for row in intercom.truth("conversations")}
    assert unnamed(rows[one["id"]]["statistics"]) == expected(rows[one["id"]])
    assert rows[one["id"]]["statistics"]["last_closed_by_id"] == 7
    assert rows[one["id"]]["state"] == "closed"
    assert rows[other["id"]]["statistics"] == {"x": 1}
    assert rows[third["id"]]["statistics"] == third["statistics"]


def test_every_team_that_has_people_gets_conversations_and_tickets(intercom: Caller) -> None:
    manned = {int(row["id"]) for row in intercom.truth("teams") if row["admin_ids"]}
    admins = {int(row["id"]) for row in intercom.truth("admins")}
    for resource in ("conversations", "tickets"):
        rows = intercom.truth(resource)
        assert {row["team_assignee_id"] for row in rows} == manned | {0}
        assert len({row["admin_assignee_id"] for row in rows} & admins) > len(manned)


def test_admins_and_teams_name_each_other(intercom: Caller) -> None:
    of_teams = {
        (str(admin), team["id"]) for team in intercom.truth("teams") for admin in team["admin_ids"]
    }
    assert of_teams == {
        (admin["id"], str(team)) for admin in intercom.truth("admins") for team in admin["team_ids"]
    }


def test_a_ticket_stands_where_its_parts_have_moved_it(start: Start) -> None:
    intercom = start(size=300)
    for days in (0, 20):
        intercom.sandbox.advance(days * DAY)
        rows = intercom.truth("tickets")
        for ticket in rows:
            state = "submitted"
            who = {"admin": 0, "team": 0}
            for part in ticket["ticket_parts"]["ticket_parts"]:
                if "ticket_state" in part:
                    assert part["previous_ticket_state"] == state
                    state = part["ticket_state"]
                if part["assigned_to"]:
                    assert part["part_type"] == "assignment"
                    who[part["assigned_to"]["type"]] = int(part["assigned_to"]["id"])
            assert ticket["ticket_state"]["category"] == state
            assert ticket["open"] is (state != "resolved")
            assert (ticket["admin_assignee_id"], ticket["team_assignee_id"]) == (*who.values(),)
        assert len({row["ticket_state"]["category"] for row in rows}) == 4


@pytest.mark.parametrize("version", ["2.15", "2.16", "2.17"])
def test_articles_lie_in_collections(intercom: Caller, version: str) -> None:
    """Until 2.15 an article names one by itself, too; its type says that it is a collection."""
    caller = intercom.using(version=version)
    collections = {row["id"] for row in caller.truth("collections")}
    rows = caller.truth("articles")
    lying = [row for row in rows if row["parent_ids"]]
    assert len(lying) > len(rows) / 2
    for row in rows:
        parents = [str(one) for one in row["parent_ids"]]
        assert set(parents) <= collections
        assert len(set(parents)) == len(parents)
        named = (row.get("parent_id"), row.get("parent_type"))
        first = row["parent_ids"][0] if parents and version == "2.15" else None
        assert named == (first, first and "collection")


def test_statistics_of_articles_add_up(intercom: Caller) -> None:
    rows = intercom.truth("article_statistics")
    assert any(row["reactions"] for row in rows)
    for row in rows:
        shares = [row[f"{mood}_reaction_percentage"] for mood in ("happy", "neutral", "sad")]
        assert sum(shares) == pytest.approx(100 if row["reactions"] else 0, abs=0.2)
        assert row["reactions"] <= row["views"]
        assert row["fin_resolutions"] <= row["fin_involvements"]
        rate = 100 * row["fin_resolutions"] / max(row["fin_involvements"], 1)
        assert row["fin_resolution_rate"] == pytest.approx(rate, abs=0.1)


def test_segments_of_companies_are_in_the_list_of_segments(intercom: Caller) -> None:
    known = {row["id"]: row for row in intercom.truth("segments")}
    rows = [*intercom.truth("company_segments"), *intercom.truth("contact_segments")]
    assert rows
    for row in rows:
        assert known[row["id"]]["name"] == row["name"]
    listed = [
        [row["id"] for row in intercom.get("/segments", **query).json()["segments"]]
        for query in ({}, {"type": "company"})
    ]
    assert all(listed)
    assert sorted(listed[0] + listed[1]) == sorted(known)


def test_exceptions_of_office_hours_count_from_their_own_midnight(intercom: Caller) -> None:
    rows = intercom.truth("office_hours_exceptions")
    hours = [(row, one) for row in rows for one in row["time_intervals"] or []]
    assert hours
    for row, one in hours:
        assert row["exception_type"] == "custom_hours"
        assert 0 <= one["start_minute"] < one["end_minute"] <= 1_440
        assert one["day_of_week"] == date.fromisoformat(row["exception_date"]).weekday()


def test_people_write_when_offices_are_open() -> None:
    """On working days rather than on others, and by day rather than by night, in New York."""
    held: Any = State(Options(size=4_000)).holdings
    for name in ("conversations", "tickets"):
        created = [held.table(name).made(one)[1].created_at for one in held.table(name)]
        hours = [at % DAY // 3_600 for at in created]
        assert sum(14 <= hour < 20 for hour in hours) > 2 * sum(hour < 6 for hour in hours)
        weekend = [at for at in created if (at // DAY + 3) % 7 > 4]
        assert len(weekend) < len(created) / 5
