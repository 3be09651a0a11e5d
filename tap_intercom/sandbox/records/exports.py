"""Who received what, and what is there to report? Rows as an export writes them: all text.

A row is a pure function of the seed and its index. Messages were sent at an even pace and go on
being sent; whom one was sent to may open it, or answer it, as many as 25 days later. An empty cell
is None.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from .dice import DAY, person
from .people import author

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .world import World

Row = dict[str, str | None]

SPAN = 300 * DAY
LATEST = 25
MOST = 20_000

# Text that a careless reader of CSV takes apart.
TITLES = (
    "Welcome!",
    'Say "hello", world',
    "First line\nsecond line",
    "Angebot: 20 %, nur heute; 🎉",
    '"',
    "ends with a comma,",
    "with\r\na line break of Windows",
)
ANSWERS = ("9", 'I said "no", twice', "one\ntwo\n\nthree", "ja; nein", "最高です", "")
TYPES = ("email", "chat", "post", "survey", "tour", "custom_bot", "push")
LINK = "https://example.com/offer?ids=1,2&name=%22x%22"

EVENTS: dict[str, int] = {
    # group -> every how many-th receipt has one
    "open": 2,
    "click": 3,
    "reply": 5,
    "completion": 4,
    "dismissal": 6,
    "answer": 4,
    "checkpoint": 3,
    "series_completion": 7,
    "series_disengagement": 8,
    "tour_step_view": 5,
    "answer_combined": 6,
}
GROUPS = ("receipt", *EVENTS, "overview")
QUESTIONS = ('How, "in short", was it?', "answers", "What else, if anything?")
# What an overview counts; of the last two, no rate.
COUNTED = (
    "open",
    "click",
    "reply",
    "completion",
    "dismissal",
    "answer",
    "receipt",
    "keyword_reply",
)
RATED = COUNTED[:-2]


def _step(world: World) -> int:
    return SPAN // min(max(world.size, 1), MOST)


def _sent(world: World, index: int) -> int:
    return world.start - SPAN + index * _step(world) + 37


def _late(world: World, index: int, group: str) -> int:
    """When the one who received a message did something about it."""
    days = world.dice(60 + GROUPS.index(group), index).below(LATEST)
    return _sent(world, index) + days * DAY + 61


def _has(group: str, index: int) -> bool:
    return (index + len(group)) % EVENTS[group] == 0


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def content_rows(world: World, group: str, after: int, before: int) -> Iterator[Row]:
    """Yield the rows of a group for messages sent in a span, both ends included."""
    if group == "overview":
        yield from _overview(world, after, before)
        return
    index = max(0, (after - _sent(world, 0)) // _step(world))
    while (sent := _sent(world, index)) <= before:
        if sent >= after:
            yield from _rows(world, group, index, before)
        index += 1


def _rows(world: World, group: str, index: int, before: int) -> Iterator[Row]:
    if group == "receipt":
        yield _receipt(world, index, before)
    elif _has(group, index) and _late(world, index, group) <= before:
        for row in _EVENT_ROWS.get(group, _single)(world, index, group):
            yield {name: _text(value) or None for name, value in row.items()}


def _receipt_id(world: World, index: int) -> str:
    return f"{world.seed}{4_000_000_000 + 7 * index}"


def _receipt(world: World, index: int, before: int) -> Row:
    dice = world.dice(59, index)
    in_series = index % 3 == 0
    first: dict[str, object] = {
        f"first_{group}": (
            _late(world, index, group)
            if group in EVENTS and _has(group, index) and _late(world, index, group) <= before
            else None
        )
        for group in FIRST
    }
    contact, company = author(world, index % world.size), index % world.companies
    row: dict[str, object] = {
        "user_id": contact["id"],
        "user_external_id": world.external_id(index % world.size),
        "company_id": world.company_id(company) if index % 2 else -1,
        "company_external_id": f"company-{company}" if index % 2 else None,
        "email": contact["email"],
        "name": contact["name"],
        "ruleset_id": 30_000 + index % 9,
        "content_id": 61_000 + index % 13,
        "content_type": dice.pick(TYPES),
        "content_title": TITLES[index % len(TITLES)],
        "created_via": "series" if in_series else "standalone",
        "device": dice.pick(("web", "ios", "android")),
        "ruleset_version_id": 70_000 + index % 17,
        "receipt_id": _receipt_id(world, index),
        "received_at": _sent(world, index),
        "conversation_id": world.conversation_id(index % world.conversations)
        if index % 5 == 0
        else None,
        "series_id": 800 + index % 4 if in_series else -1,
        "series_title": f"Onboarding, part {index % 4}" if in_series else None,
        "node_id": 9_000 + index % 6 if in_series else None,
        **first,
        # Of this column nobody has ever heard.
        "first_hologram_view": _sent(world, index) if index % 10 == 0 else None,
    }
    return {name: _text(value) for name, value in row.items()}


FIRST = (
    "reply", "completion", "series_completion", "series_disengagement", "series_exit",
    "goal_success", "open", "click", "dismissal", "unsubscribe", "hard_bounce", "answer",
    "people_reached_receipt", "checklist_step_completion", "fin_helpful_answer",
)  # fmt: skip


def _single(world: World, index: int, group: str) -> list[dict[str, object]]:
    named = {
        "open": "opened_at",
        "reply": "replied_at",
        "completion": "completed_at",
        "dismissal": "dismissed_at",
    }
    return [
        {"receipt_id": _receipt_id(world, index), named[group]: _late(world, index, group)},
    ]


def _disengagements(world: World, index: int, group: str) -> list[dict[str, object]]:
    return [
        {
            "receipt_id": _receipt_id(world, index),
            "disengaged_at": _late(world, index, group),
            "disengaged_node_ruleset_id": 30_000 + index % 9,
        }
    ]


def _combined(world: World, index: int, group: str) -> list[dict[str, object]]:
    """Write all that somebody answered; one of the questions is called like a column of the tap."""
    receipt = _receipt(world, index, _late(world, index, group))
    same = ("receipt_id", "user_id", "user_external_id", "name", "email", "company_id")
    return [
        {
            **{name: receipt[name] for name in same},
            "company_external_id": None,
            "created_via": receipt["created_via"],
            "received_at": receipt["received_at"],
            "completed_at": _late(world, index, group) if index % 2 else None,
            **{one: ANSWERS[(index // 6 + at) % len(ANSWERS)] for at, one in enumerate(QUESTIONS)},
        }
    ]


def _overview(world: World, after: int, before: int) -> Iterator[Row]:
    """Sum up what was sent in a span, and what came of it until its end: a row for each message."""
    sent: dict[tuple[str | None, str | None], list[Row]] = {}
    for row in content_rows(world, "receipt", after, before):
        sent.setdefault((row["ruleset_id"], row["content_id"]), []).append(row)
    for (ruleset, content), rows in sent.items():
        counts = {
            one: len(rows)
            if one == "receipt"
            else sum(bool(row.get(f"first_{one}")) for row in rows)
            for one in COUNTED
        }
        values: dict[str, object] = {
            "ruleset_id": ruleset,
            "created_at": world.start - SPAN - DAY,
            "audience_type": "user",
            "content_title": rows[0]["content_title"],
            "content_id": content,
            "content_type": rows[0]["content_type"],
            "series_id": rows[0]["series_id"],
            "series_title": rows[0]["series_title"],
            "state": "live",
            "last_sent_at": rows[-1]["received_at"],
            "last_state_change_by": None,
            "last_state_change_at": None,
            "last_edited_by": "Admin 1",
            "last_edited_at": world.start - SPAN - DAY,
            "url": LINK,
            **{f"{one}_total": count for one, count in counts.items()},
            **{f"{one}_unique": count for one, count in counts.items()},
            **{f"{one}_rate": round(100 * counts[one] / len(rows), 2) for one in RATED},
        }
        yield {name: _text(value) for name, value in values.items()}


def _clicks(world: World, index: int, group: str) -> list[dict[str, object]]:
    at = _late(world, index, group)
    return [
        {
            "receipt_id": _receipt_id(world, index),
            "clicked_at": at,
            "link_type": "link",
            "url": f"{LINK}&n={number}",
        }
        for number in range(2)
    ]


def _answers(world: World, index: int, group: str) -> list[dict[str, object]]:
    return [
        {
            "receipt_id": _receipt_id(world, index),
            "answered_at": _late(world, index, group),
            "question_id": 5_000 + number,
            "question": f'How, "in short", was it? ({number})',
            "response_type": "text",
            "response": ANSWERS[(index + number) % len(ANSWERS)],
        }
        for number in range(2)
    ]


def _checkpoints(world: World, index: int, group: str) -> list[dict[str, object]]:
    at = _late(world, index, group)
    return [
        {
            "user_id": world.contact_id(index % world.size),
            "company_id": -1,
            "series_entry_record_id": 77_000 + index,
            "ruleset_id": 30_000 + index % 9,
            "status_code": index % 3,
            "status_name": ("waiting", "matched", "expired")[index % 3],
            "created_at": at,
            "last_processed_at": at + 60,
            "expires_at": at + DAY if index % 2 else None,
            "times_processed": 1 + index % 3,
        }
    ]


def _series_completions(world: World, index: int, group: str) -> list[dict[str, object]]:
    return [
        {
            "receipt_id": _receipt_id(world, index),
            "completed_at": _late(world, index, group),
            "completion_node_ruleset_id": 30_000 + index % 9,
        }
    ]


def _steps(world: World, index: int, group: str) -> list[dict[str, object]]:
    return [
        {
            "receipt_id": _receipt_id(world, index),
            "step_id": 200 + number,
            "viewed_at": _late(world, index, group) + number,
        }
        for number in range(3)
    ]


_EVENT_ROWS = {
    "click": _clicks,
    "answer": _answers,
    "answer_combined": _combined,
    "series_disengagement": _disengagements,
    "checkpoint": _checkpoints,
    "series_completion": _series_completions,
    "tour_step_view": _steps,
}


# Reports


@dataclass(frozen=True)
class Attribute:
    """A column of a report; its name, which heads it, may be that of others."""

    qualified_id: str
    name: str

    @property
    def id(self) -> str:
        """Name it without its prefix, which may be ambiguous."""
        return self.qualified_id.partition(".")[2]


@dataclass(frozen=True)
class Dataset:
    """What can be reported about: a row at each time, of a thing with an id, or of an event."""

    id: str
    time: str
    named_by: str | None = None
    epochs: bool = False

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """The columns of this workspace; three have one heading."""
        mine = [
            Attribute(f"{self.id}.{self.named_by or 'conversation_id'}", "ID"),
            Attribute(f"{self.id}.{self.time}", "Time"),
            Attribute(f"{self.id}.teammate", "Teammate"),
            Attribute(f"{self.id}.title", "Title"),
            Attribute(f"{self.id}.last_changed_at", "Last changed at"),
        ]
        brands = [Attribute(f"{one}.Brand", "Brand") for one in (self.id, "people", "company")]
        return (*mine, *brands)


DATASETS = {
    one.id: one
    for one in (
        Dataset("conversation", "conversation_started_at", "conversation_id"),
        Dataset("consolidated_conversation_part", "action_time"),
        Dataset("conversation_rating_sent", "rating_requested_at"),
        Dataset("conversation_sla_status_log", "sla_status_changed_at"),
        Dataset("conversation_state", "state_started_at", epochs=True),
        Dataset("teammate_handling_conversation", "handling_started_at"),
        Dataset("tickets", "ticket_created_at", "ticket_id", epochs=True),
        Dataset("ticket_time_in_state", "state_entered_at"),
        Dataset("admin_status_change", "status_changed_at"),
        Dataset("copilot_prompt_response_pair", "prompted_at"),
        Dataset("call", "call_started_at", "call_id"),
        Dataset("call_team_stats", "call_started_at"),
        Dataset("call_teammate_stats", "call_started_at"),
    )
}


def report_rows(world: World, dataset: Dataset, after: int, before: int, now: int) -> Iterator[Row]:
    """Yield the rows of a report whose time lies in a span, its end not included."""
    index = max(0, (after - _sent(world, 0)) // _step(world))
    while (at := _sent(world, index)) < before and at <= now:
        if at >= after:
            yield _reported(world, dataset, index, now)
        index += 1


def _reported(world: World, dataset: Dataset, index: int, now: int) -> Row:
    at = _sent(world, index)
    changed = at + (index * 7 % LATEST) * DAY
    identity = str(600_000 + (index if dataset.named_by else index // 3))
    values: dict[str, object] = {
        f"{dataset.id}.{dataset.named_by or 'conversation_id'}": identity,
        f"{dataset.id}.{dataset.time}": at if dataset.epochs else _written(at),
        f"{dataset.id}.teammate": person(world.dice(58, index)),
        f"{dataset.id}.title": TITLES[index % len(TITLES)],
        # Only what has an id of its own changes later.
        f"{dataset.id}.last_changed_at": (
            _written(changed) if dataset.named_by and changed <= now else None
        ),
        f"{dataset.id}.Brand": "Blue" if index % 2 else None,
        "people.Brand": "Green" if index % 3 else None,
        "company.Brand": "Red, or rather red-ish" if index % 5 else None,
    }
    return {name: _text(value) for name, value in values.items()}


def _written(at: int) -> str:
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


# The truth

CONTENT, REPORT = "content_export_", "report_"


def is_exported(name: str) -> bool:
    """Say whether rows of this name come in exports alone."""
    return name in {CONTENT + one for one in GROUPS} | {REPORT + one for one in DATASETS}


def truth(world: World, name: str, now: int) -> list[Row]:
    """Give all rows there are."""
    if name.startswith(CONTENT):
        return list(content_rows(world, name.removeprefix(CONTENT), 0, now))
    return list(report_rows(world, DATASETS[name.removeprefix(REPORT)], 0, now + 1, now))
