"""What do the parts of a conversation add up to? Its statistics, its state, and who has it.

Nothing is counted before a contact has written. A reply is a comment, also a redacted one, or what
assigns, closes or opens and says something. Times out of office hours are not subtracted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .world import TEAM_IDS, TEAM_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, Any]

CONTACTS = ("user", "lead", "contact", "visitor")
ASSIGNING = ("assignment", "assign_and_reopen")
REOPENING = ("open", "note_and_reopen", "assign_and_reopen")
SPEAKING = ("assignment", "assign_and_reopen", "close", "open")
STATES = {
    "close": "closed",
    "snoozed": "snoozed",
    "unsnoozed": "open",
    "timer_unsnooze": "open",
    **dict.fromkeys(REOPENING, "open"),
}
IDLE = 1_800
"""After so many seconds without a part, nobody is at work on a conversation."""
PROMISED = 3_600
"""The first reply that is promised."""


def counted(parts: int) -> int:
    """Count the parts of a conversation as its statistics do: with the message that opened it."""
    return parts + 1


def by(part: Json) -> str:
    """Say whose part it is: a contact's, an admin's or somebody else's."""
    kind = (part.get("author") or {}).get("type")
    return "contact" if kind in CONTACTS else str(kind)


def replies(part: Json) -> bool:
    """Whether a part answers."""
    kind = part["part_type"]
    return kind in ("comment", "quick_reply") or (kind in SPEAKING and bool(part.get("body")))


def asked_at(record: Json, parts: Iterable[Json]) -> int | None:
    """When a contact wrote first: at the beginning, if they began it."""
    if by(record.get("source") or {}) == "contact":
        return int(record["created_at"])
    return _first(part for part in parts if by(part) == "contact" and replies(part))


def understood(record: Json, parts: object) -> bool:
    """Whether this is a conversation that can be counted, and not what a test has made of it."""
    return (
        type(record.get("created_at")) is int
        and isinstance(record.get("source"), (dict, type(None)))
        and isinstance(parts, list)
        and all(map(_is_part, parts))
    )


def _is_part(part: object) -> bool:
    return (
        isinstance(part, dict)
        and type(part.get("created_at")) is int
        and isinstance(part.get("part_type"), str)
        and isinstance(part.get("author"), (dict, type(None)))
        and isinstance(part.get("assigned_to"), (dict, type(None)))
    )


def statistics(record: Json, parts: list[Json]) -> Json:
    """Add up the parts, oldest first."""
    asked = asked_at(record, parts)
    since = [] if asked is None else [part for part in parts if part["created_at"] >= asked]
    of_admins = [part for part in since if by(part) == "admin" and replies(part)]
    of_contacts = [part for part in since if by(part) == "contact" and replies(part)]
    assignments = [part for part in since if part["part_type"] in ASSIGNING]
    closings = [part for part in since if part["part_type"] == "close"]
    answered, closed = _first(of_admins), _first(closings)
    before = [one for one in assignments if answered and one["created_at"] <= answered]
    last_assigned = _last(assignments)
    waits = _waits(record, since)
    spans = _spans(record, parts)
    handled = [(low, high) for low, high in spans if high is not None] if assignments else []

    def since_asked(at: int | None) -> int | None:
        return None if at is None or asked is None else at - asked

    return {
        "type": "conversation_statistics",
        "time_to_assignment": since_asked(_last(before)),
        "time_to_admin_reply": since_asked(answered),
        "time_to_first_close": since_asked(closed),
        "time_to_last_close": since_asked(_last(closings)),
        "median_time_to_reply": _median([at - began for began, at in waits if at is not None]),
        "first_contact_reply_at": asked,
        "first_assignment_at": _first(assignments),
        "first_admin_reply_at": answered,
        "first_close_at": closed,
        "last_assignment_at": last_assigned,
        "last_assignment_admin_reply_at": _first(
            part for part in of_admins if last_assigned and part["created_at"] >= last_assigned
        ),
        "last_contact_reply_at": _last(of_contacts) or asked,
        "last_admin_reply_at": _last(of_admins),
        "last_close_at": _last(closings),
        # Documented as text, returned as a number: Intercom-OpenAPI issue 115.
        "last_closed_by_id": _number(closings[-1].get("author")) if closings else None,
        "count_reopens": sum(asked is not None and low >= asked for low, _ in spans[1:]),
        "count_assignments": len(assignments),
        "count_conversation_parts": counted(len(parts)),
        "assigned_team_first_response_time": [] if asked is None else _of_teams(parts, asked),
        "assigned_team_first_response_time_in_office_hours": [],
        "handling_time": sum(high - low for low, high in handled) if handled else None,
        "adjusted_handling_time": _worked(since, handled) if handled else None,
    }


def standing(record: Json, parts: list[Json]) -> Json:
    """Say how a conversation stands after its parts: its state, who has it, who took part."""
    state, teammate, team = "open", 0, 0
    for part in parts:
        state = STATES.get(part["part_type"], state)
        teammate, team = _assigned(part, teammate, team)
    asked = asked_at(record, parts)
    since = [] if asked is None else [part for part in parts if part["created_at"] >= asked]
    waits = _waits(record, since)
    waiting = waits[-1][0] if waits and waits[-1][1] is None else None
    admins = dict.fromkeys(str(part["author"].get("id")) for part in parts if by(part) == "admin")
    return {
        "state": state,
        "open": state != "closed",
        "read": waiting is None,
        "waiting_since": waiting if state == "open" else None,
        "snoozed_until": record.get("snoozed_until") if state == "snoozed" else None,
        "admin_assignee_id": teammate,
        "team_assignee_id": team,
        # Intercom says `teammates.admins` although its description says `teammates.teammates`.
        "teammates": {
            "type": "admin.list",
            "admins": [{"type": "admin", "id": one} for one in admins],
        }
        if admins
        else None,
        "first_contact_reply": None
        if asked is None
        else {"created_at": asked, "type": "conversation", "url": None},
    }


def sla_status(figures: Json) -> str:
    """Say whether the first reply came when it was promised; it is missed when it comes late."""
    wait = figures["time_to_admin_reply"]
    return "active" if wait is None else "hit" if wait <= PROMISED else "missed"


def _first(parts: Iterable[Json]) -> int | None:
    return next((part["created_at"] for part in parts), None)


def _last(parts: list[Json]) -> int | None:
    return parts[-1]["created_at"] if parts else None


def _number(reference: Json | None) -> int:
    """Read the id of somebody; 0 is nobody."""
    identity = str((reference or {}).get("id"))
    return int(identity) if identity.isdecimal() else 0


def _assigned(part: Json, teammate: int, team: int) -> tuple[int, int]:
    """Say who has a conversation after a part: before 2.17 only `assigned_to` tells."""
    numbers = (part.get("admin_assignee_id"), part.get("team_assignee_id"))
    if type(numbers[0]) is int and type(numbers[1]) is int:
        return numbers[0], numbers[1]
    to = part.get("assigned_to")
    if to is None:
        return teammate, team
    return (0, _number(to)) if to.get("type") == "team" else (_number(to), team)


def _waits(record: Json, since: list[Json]) -> list[tuple[int, int | None]]:
    """From when to when a contact waited for an admin, each time; the last may go on."""
    began = int(record["created_at"]) if by(record.get("source") or {}) == "contact" else None
    waits: list[tuple[int, int | None]] = []
    for part in filter(replies, since):
        if by(part) == "contact" and began is None:
            began = part["created_at"]
        elif by(part) == "admin" and began is not None:
            waits.append((began, part["created_at"]))
            began = None
    return waits if began is None else [*waits, (began, None)]


def _spans(record: Json, parts: list[Json]) -> list[tuple[int, int | None]]:
    """From when to when it was open, each time; the first from its assignment on."""
    began: int | None = int(record["created_at"])
    assigned: int | None = None
    spans: list[tuple[int, int | None]] = []
    for part in parts:
        kind, at = part["part_type"], part["created_at"]
        if kind in ASSIGNING and assigned is None:
            assigned = at
        if kind == "close" and began is not None:
            spans.append((began if spans or assigned is None else assigned, at))
            began = None
        elif kind in REOPENING and began is None:
            began = at
    return spans if began is None else [*spans, (began, None)]


def _worked(parts: list[Json], spans: list[tuple[int, int]]) -> int:
    """Add up the time in which something was done, without what was idle."""
    seconds = 0
    for low, high in spans:
        times = [low, *(part["created_at"] for part in parts if low < part["created_at"] < high)]
        seconds += sum(
            min(after - before, IDLE)
            for before, after in zip(times, [*times[1:], high], strict=True)
        )
    return seconds


def _of_teams(parts: list[Json], asked: int) -> list[Json]:
    """How soon each team answered, from when it was first given what a contact had asked."""
    answers: dict[int, int | None] = {}
    given: dict[int, int] = {}
    now = 0
    for part in parts:
        to = part.get("assigned_to") or {}
        if part["part_type"] in ASSIGNING and to.get("type") == "team":
            new = _number(to)
            if new != now and now in given:
                answers.setdefault(now, None)
            now = new
            given.setdefault(now, max(part["created_at"], asked))
        elif now in given and part["created_at"] >= asked and by(part) == "admin" and replies(part):
            answers.setdefault(now, part["created_at"] - given[now])
    return [
        {
            "team_id": team,
            "team_name": TEAM_NAMES[TEAM_IDS.index(team)] if team in TEAM_IDS else None,
            "response_time": seconds,
        }
        for team, seconds in answers.items()
        if seconds is not None
    ]


def _median(waits: list[int]) -> int | None:
    """The middle one; of two, what lies between them."""
    ordered = sorted(waits)
    middle = len(ordered) // 2
    if not ordered:
        return None
    return ordered[middle] if len(ordered) % 2 else sum(ordered[middle - 1 : middle + 1]) // 2
