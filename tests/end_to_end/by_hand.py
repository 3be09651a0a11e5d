"""What the models of transform/ should say of a conversation or a ticket, worked out step by step.

It shares nothing with the models: it walks through what the workspace has, in seconds since 1970.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]

CONTACTS = {"user", "lead", "contact", "visitor"}
REOPENS = {"open", "note_and_reopen", "assign_and_reopen"}


def told(conversation: Row) -> list[Row]:
    """The parts that Intercom gives, oldest first."""
    parts = conversation["conversation_parts"]["conversation_parts"]
    return sorted(parts, key=lambda part: (part["created_at"], int(part["id"])))


def side(part: Row) -> str:
    kind = (part["author"] or {}).get("type")
    if kind in CONTACTS:
        return "contact"
    return {"admin": "teammate", "bot": "bot"}.get(kind, "other")


def replies(part: Row) -> bool:
    if part["part_type"] in {"comment", "quick_reply"}:
        return True
    speaks = part["part_type"] in {"assignment", "assign_and_reopen", "close", "open"}
    return speaks and bool(part["body"])


def metrics(conversation: Row, hours: Hours) -> Row:
    """Give the figures of a conversation."""
    parts = told(conversation)
    asked = asked_at(conversation, parts)
    response = None
    for part in parts:
        late_enough = asked is not None and part["created_at"] >= asked
        if response is None and late_enough and side(part) == "teammate" and replies(part):
            response = part["created_at"]
    closings = [part["created_at"] for part in parts if part["part_type"] == "close"]
    spans = handled(conversation, parts)
    inside = sum(hours.within(begin, end) for begin, end in spans)
    whole = sum(end - begin for begin, end in spans)
    rating = conversation["conversation_rating"]
    return {
        "first_response_seconds": None if response is None or asked is None else response - asked,
        "first_close_seconds": closings[0] - conversation["created_at"] if closings else None,
        "reopens": reopened(parts),
        "handling_seconds": whole if spans else None,
        "handling_office_seconds": inside if spans else None,
        "handling_off_hours_seconds": whole - inside if spans else None,
        "contact_parts": sum(side(part) == "contact" for part in parts),
        "teammate_parts": sum(side(part) == "teammate" for part in parts),
        "bot_parts": sum(side(part) == "bot" for part in parts),
        "teammate_replies": sum(side(part) == "teammate" and replies(part) for part in parts),
        "rating": rating["rating"] if rating else None,
    }


def asked_at(conversation: Row, parts: list[Row]) -> int | None:
    author = ((conversation["source"] or {}).get("author") or {}).get("type")
    if author is None or author in CONTACTS:
        return int(conversation["created_at"])
    written = [part["created_at"] for part in parts if side(part) == "contact" and replies(part)]
    return written[0] if written else None


def reopened(parts: list[Row]) -> int:
    closed, count = False, 0
    for part in parts:
        if part["part_type"] == "close":
            closed = True
        elif part["part_type"] in REOPENS and closed:
            closed, count = False, count + 1
    return count


def handled(conversation: Row, parts: list[Row]) -> list[tuple[int, int]]:
    """From when to when it was handled, for each time that this came to an end."""
    spans: list[tuple[int, int]] = []
    begin: int | None = conversation["created_at"]
    assigned = [part["created_at"] for part in parts if "assign" in part["part_type"]]
    for part in parts:
        now = part["created_at"]
        if part["part_type"] == "close" and begin is not None:
            first = not spans and assigned and assigned[0] <= now
            spans.append((assigned[0] if first else begin, now))
            begin = None
        elif part["part_type"] in REOPENS and begin is None:
            begin = now
    return spans


class Hours:
    """The office hours of a workspace: those of its oldest schedule."""

    def __init__(self, schedules: list[Row], exceptions: list[Row]) -> None:
        self.schedule = min(schedules, key=lambda one: (one["created_at"], one["id"]))
        self.zone = ZoneInfo(self.schedule["time_zone_name"])
        self.exceptions = [
            one
            for one in exceptions
            if str(one["office_hours_schedule_id"]) == str(self.schedule["id"])
        ]

    def within(self, begin: int, end: int) -> int:
        """Count the seconds of a span in which the office was open."""
        day = datetime.fromtimestamp(begin, timezone.utc).date() - timedelta(days=7)
        last = datetime.fromtimestamp(end, timezone.utc).date() + timedelta(days=7)
        spans = set()
        while day <= last:
            spans |= {
                (self.moment(day, opens), self.moment(day, closes))
                for opens, closes in self.minutes(day)
            }
            day += timedelta(days=1)
        return sum(max(0, min(end, closes) - max(begin, opens)) for opens, closes in spans)

    def minutes(self, day: date) -> list[tuple[int, int]]:
        """When the office is open on a day, in minutes of that day."""
        exceptional = [one for one in self.exceptions if holds(one, day)]
        if exceptional:
            return [
                (hours["start_minute"], hours["end_minute"])
                for one in exceptional
                for hours in one["time_intervals"] or []
            ]
        if self.schedule["twenty_four_seven"]:
            return [(0, 1440)]
        monday = 1440 * day.weekday()
        return [
            (hours["start_minute"] - monday, hours["end_minute"] - monday)
            for hours in self.schedule["time_intervals"]
            if hours["start_minute"] // 1440 == day.weekday()
        ]

    def moment(self, day: date, minute: int) -> int:
        local = datetime.combine(day, time()) + timedelta(minutes=minute)
        return int(local.replace(tzinfo=self.zone).timestamp())


def holds(exception: Row, day: date) -> bool:
    when = date.fromisoformat(exception["exception_date"])
    if exception["recurring_annually"]:
        return (when.month, when.day) == (day.month, day.day)
    return when == day


def stays(ticket: Row) -> dict[str, int]:
    """How many seconds a ticket spent in each state that it left again."""
    parts = sorted(
        ticket["ticket_parts"]["ticket_parts"],
        key=lambda part: (part["created_at"], int(part["id"])),
    )
    moves = [part for part in parts[-500:] if part.get("ticket_state")]
    state = moves[0]["previous_ticket_state"] if moves else None
    since, spent = (
        ticket["created_at"],
        dict.fromkeys(("submitted", "in_progress", "waiting_on_customer", "resolved"), 0),
    )
    for part in moves:
        if part["ticket_state"] != state:
            spent[state] += part["created_at"] - since
            state, since = part["ticket_state"], part["created_at"]
    return spent
