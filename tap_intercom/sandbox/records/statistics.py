"""What do the parts of a conversation add up to? Its statistics, its state, and who has it.

Nothing is counted before a contact has written. A reply is a comment, also a redacted one, or what
assigns, closes or opens and says something. Times out of office hours are not subtracted.
"""

from __future__ import annotations

from typing import Any

from .world import TEAM_IDS, TEAM_NAMES

Json = dict[str, Any]

CONTACTS = ("user", "lead", "contact", "visitor")
ASSIGNING = ("assignment", "assign_and_reopen")
REOPENING = ("open", "note_and_reopen", "assign_and_reopen")
ASSIGNEES = ("admin_assignee_id", "team_assignee_id")
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


def understood(record: Json, parts: object) -> bool:
    """Whether this is a conversation that can be counted, and not what a test has made of it."""
    return (
        type(record.get("created_at")) is int
        and {type(record.get(one)) for one in ASSIGNEES} <= {int, type(None)}
        and isinstance(record.get("source"), (dict, type(None)))
        and isinstance(parts, list)
        and all(map(_is_part, parts))
    )


def _is_part(part: object) -> bool:
    return (
        isinstance(part, dict)
        and type(part.get("created_at")) is int
        and isinstance(part.get("part_type"), str)
        and isinstance(part.get("author"), dict)
        and isinstance(part.get("assigned_to"), (dict, type(None)))
    )


class Told:
    """What its parts tell of a conversation: since when a contact has asked, who replied when."""

    def __init__(self, record: Json, parts: list[Json]) -> None:
        self.record = record
        self.parts = parts
        self.began = by(record.get("source") or {}) == "contact"
        told = [(by(part), part["created_at"]) for part in parts if replies(part)]
        written = [at for side, at in told if side == "contact"]
        self.asked = int(record["created_at"]) if self.began else _first(written)
        asked = float("inf") if self.asked is None else self.asked
        self.since = [part for part in parts if part["created_at"] >= asked]
        self.replies = [(side, at) for side, at in told if at >= asked]
        self.waits = self._waits()

    def _waits(self) -> list[tuple[int, int | None]]:
        """From when to when a contact waited for an admin, each time; the last may go on."""
        began = self.asked if self.began else None
        waits: list[tuple[int, int | None]] = []
        for side, at in self.replies:
            if side == "contact" and began is None:
                began = at
            elif side == "admin" and began is not None:
                waits.append((began, at))
                began = None
        return waits if began is None else [*waits, (began, None)]

    def _after(self, at: int | None) -> int | None:
        return None if at is None or self.asked is None else at - self.asked

    def statistics(self) -> Json:
        """Add up the parts."""
        answers = [at for side, at in self.replies if side == "admin"]
        written = [at for side, at in self.replies if side == "contact"]
        assigned = [one["created_at"] for one in self.since if one["part_type"] in ASSIGNING]
        closings = [one for one in self.since if one["part_type"] == "close"]
        closed = [one["created_at"] for one in closings]
        spans = _spans(self.record, self.parts)
        handled = [(low, high) for low, high in spans if high is not None] if assigned else []
        return {
            "type": "conversation_statistics",
            "time_to_assignment": self._after(
                _last([at for at in assigned if answers and at <= answers[0]])
            ),
            "time_to_admin_reply": self._after(_first(answers)),
            "time_to_first_close": self._after(_first(closed)),
            "time_to_last_close": self._after(_last(closed)),
            "median_time_to_reply": _median([at - low for low, at in self.waits if at is not None]),
            "first_contact_reply_at": self.asked,
            "first_assignment_at": _first(assigned),
            "first_admin_reply_at": _first(answers),
            "first_close_at": _first(closed),
            "last_assignment_at": _last(assigned),
            "last_assignment_admin_reply_at": _first(
                [at for at in answers if assigned and at >= assigned[-1]]
            ),
            "last_contact_reply_at": _last(written) or self.asked,
            "last_admin_reply_at": _last(answers),
            "last_close_at": _last(closed),
            # Documented as text, returned as a number: Intercom-OpenAPI issue 115.
            "last_closed_by_id": _number(closings[-1]["author"]) if closings else None,
            "count_reopens": sum(
                self.asked is not None and low >= self.asked for low, _ in spans[1:]
            ),
            "count_assignments": len(assigned),
            "count_conversation_parts": counted(len(self.parts)),
            "assigned_team_first_response_time": self._of_teams(),
            "assigned_team_first_response_time_in_office_hours": [],
            "handling_time": sum(high - low for low, high in handled) if handled else None,
            "adjusted_handling_time": _worked(self.parts, handled) if handled else None,
        }

    def _of_teams(self) -> list[Json]:
        """How soon each team answered, from when it was first given what a contact had asked."""
        answers: dict[int, int | None] = {}
        given: dict[int, int] = {}
        now = 0
        for part in self.parts:
            at, to = part["created_at"], part.get("assigned_to") or {}
            if part["part_type"] in ASSIGNING and to.get("type") == "team":
                if now in given and now != _number(to):
                    answers.setdefault(now, None)
                now = _number(to)
                given.setdefault(now, max(at, self.asked or at))
            elif now in given and given[now] <= at and by(part) == "admin" and replies(part):
                answers.setdefault(now, at - given[now])
        return [
            {
                "team_id": team,
                "team_name": TEAM_NAMES[TEAM_IDS.index(team)] if team in TEAM_IDS else None,
                "response_time": seconds,
            }
            for team, seconds in answers.items()
            if seconds is not None and self.asked is not None
        ]

    def standing(self) -> Json:
        """Say how it stands: its state, who has it, and who took part."""
        state, teammate, team = "open", 0, 0
        for part in self.parts:
            state = STATES.get(part["part_type"], state)
            teammate, team = _assigned(part, teammate, team)
        waiting = self.waits[-1][0] if self.waits and self.waits[-1][1] is None else None
        authors = [part["author"] for part in self.parts]
        admins = dict.fromkeys(str(one.get("id")) for one in authors if one.get("type") == "admin")
        asked = {"created_at": self.asked, "type": "conversation", "url": None}
        return {
            "state": state,
            "open": state != "closed",
            "read": waiting is None,
            "waiting_since": waiting if state == "open" else None,
            "snoozed_until": self.record.get("snoozed_until") if state == "snoozed" else None,
            "admin_assignee_id": teammate,
            "team_assignee_id": team,
            # Intercom says `teammates.admins` although its description says `teammates.teammates`.
            "teammates": {
                "type": "admin.list",
                "admins": [{"type": "admin", "id": one} for one in admins],
            }
            if admins
            else None,
            "first_contact_reply": asked if self.asked is not None else None,
        }


def derived(record: Json, parts: list[Json]) -> Json:
    """Derive from its parts what a conversation says of them, as far as it has such fields."""
    told = Told(record, parts)
    found = {**told.standing(), "statistics": told.statistics()}
    sla = record.get("sla_applied")
    if isinstance(sla, dict):
        # It is missed when a reply comes late, not when it is due.
        wait = found["statistics"]["time_to_admin_reply"]
        status = "active" if wait is None else "hit" if wait <= PROMISED else "missed"
        found["sla_applied"] = {**sla, "sla_status": status}
    kept = record.get("statistics") is not None
    return {
        name: found[name] for name in found if name in record and (kept or name != "statistics")
    }


def _first(times: list[int]) -> int | None:
    return times[0] if times else None


def _last(times: list[int]) -> int | None:
    return times[-1] if times else None


def _number(reference: Json | None) -> int:
    """Read the id of somebody; 0 is nobody."""
    identity = str((reference or {}).get("id"))
    return int(identity) if identity.isdecimal() else 0


def _assigned(part: Json, teammate: int, team: int) -> tuple[int, int]:
    """Say who has a conversation after a part: before 2.17 only `assigned_to` tells."""
    told = [part.get(name) for name in ASSIGNEES]
    if type(told[0]) is int and type(told[1]) is int:
        return told[0], told[1]
    to = part.get("assigned_to")
    if to is None:
        return teammate, team
    return (0, _number(to)) if to.get("type") == "team" else (_number(to), team)


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


def _median(waits: list[int]) -> int | None:
    """The middle one; of two, what lies between them."""
    ordered = sorted(waits)
    middle = len(ordered) // 2
    if not ordered:
        return None
    return ordered[middle] if len(ordered) % 2 else sum(ordered[middle - 1 : middle + 1]) // 2
