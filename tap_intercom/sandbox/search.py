"""Which records does a query ask for? Intercom's search grammar, checked and compiled.

Conditions on a date become spans of seconds, so a query on one date field is answered from sorted
keys alone. Until 2.17, contacts compare calendar days in the time zone of the workspace: a value
means its whole day, `>` starts with the next day and `<` ends with the day before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from .exchange import Refusal
from .tables import values

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
Span = tuple[int, int]
"""First and last second, both included."""

FIRST, LAST = -(2**62), 2**62
EVER: list[Span] = [(FIRST, LAST)]
DEEPEST = 2
WIDEST = 15


@dataclass(frozen=True)
class Grammar:
    """What one resource lets itself be searched by."""

    dates: frozenset[str]
    fields: frozenset[str]
    aliases: dict[str, str]

    def knows(self, field: str) -> bool:
        """Whether this can be searched by."""
        return field in self.dates or field.partition(".")[0] in self.fields


@dataclass(frozen=True)
class Days:
    """Compares calendar days in a time zone."""

    zone: tzinfo
    operators: tuple[str, ...] = ("=", ">", "<")

    def span(self, second: int) -> Span:
        """The day around a second."""
        try:
            noon = datetime.fromtimestamp(second, self.zone)
        except (OverflowError, ValueError, OSError):
            return (second, second)
        midnight = noon.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        return (
            int(midnight.timestamp()),
            int((midnight + timedelta(days=1)).timestamp()) - 1,
        )


@dataclass(frozen=True)
class Seconds:
    """Compares seconds."""

    operators: tuple[str, ...] = ("=", "!=", ">", "<", ">=", "<=", "IN", "NIN")

    def span(self, second: int) -> Span:
        """The second itself."""
        return (second, second)


Granularity = Days | Seconds


@dataclass(frozen=True)
class Dated:
    """A condition on a date: the spans in which it holds."""

    field: str
    spans: tuple[Span, ...]

    def holds(self, record: Json) -> bool:
        """Whether it holds for a record."""
        return any(
            low <= value <= high
            for value in values(record, self.field)
            if isinstance(value, (int, float))
            for low, high in self.spans
        )


@dataclass(frozen=True)
class Valued:
    """A condition on any other field."""

    field: str
    test: Callable[[list[object]], bool]

    def holds(self, record: Json) -> bool:
        """Whether it holds for a record."""
        return self.test(values(record, self.field))


@dataclass(frozen=True)
class Group:
    """Conditions joined by AND or OR."""

    every: bool
    members: tuple[Condition, ...]

    def holds(self, record: Json) -> bool:
        """Whether it holds for a record."""
        answers = (member.holds(record) for member in self.members)
        return all(answers) if self.every else any(answers)


Condition = Dated | Valued | Group


def _invalid(message: str, field: str | None = None) -> Refusal:
    return Refusal(400, "parameter_invalid", message, field=field)


def compiled(
    query: object, grammar: Grammar, granularity: Granularity, depth: int = 0
) -> Condition:
    """Check a query and turn it into a condition."""
    if not isinstance(query, dict) or "operator" not in query or "value" not in query:
        raise _invalid("A query needs an operator and a value.", "query")
    if "field" in query:
        return _single(query, grammar, granularity)
    if set(query) - {"operator", "value"}:
        raise _invalid("A group takes an operator and a value only.", "query")
    if query["operator"] not in ("AND", "OR"):
        raise _invalid(f"{query['operator']!r} does not join filters; use AND or OR.", "operator")
    if depth == DEEPEST:
        raise _invalid(f"Filters can be nested {DEEPEST} levels deep.", "query")
    members = query["value"]
    if not isinstance(members, list) or not members:
        raise _invalid("The value of a group must be an array of filters.", "value")
    if len(members) > WIDEST:
        raise _invalid(f"A group takes at most {WIDEST} filters.", "value")
    return Group(
        query["operator"] == "AND",
        tuple(compiled(member, grammar, granularity, depth + 1) for member in members),
    )


def _single(query: Json, grammar: Grammar, granularity: Granularity) -> Condition:
    if set(query) - {"field", "operator", "value"}:
        raise _invalid("A filter takes a field, an operator and a value only.", "query")
    field, operator, value = query["field"], query["operator"], query["value"]
    if not isinstance(field, str) or not grammar.knows(field):
        raise Refusal(400, "invalid_field", f"{field} is not a valid search field", field="field")
    if field in grammar.dates:
        return Dated(field, tuple(_spans(field, operator, value, granularity)))
    if operator not in TESTS:
        raise _invalid(f"{operator!r} is not an operator.", "operator")
    test = TESTS[operator]
    return Valued(grammar.aliases.get(field, field), lambda found: test(found, value))


def _second(field: str, value: object) -> int:
    """Read a time: a number, or digits in a text, both of which are accepted."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    raise _invalid(f"{field} takes a UNIX timestamp, not {value!r}.", "value")


def _spans(field: str, operator: str, value: object, granularity: Granularity) -> list[Span]:
    if operator not in granularity.operators:
        raise _invalid(f"The operator {operator!r} is not supported for {field}.", "operator")
    if operator in ("IN", "NIN"):
        if not isinstance(value, list):
            raise _invalid(f"{operator} takes an array.", "value")
        spans = union([granularity.span(_second(field, one)) for one in value])
        return spans if operator == "IN" else outside(spans)
    low, high = granularity.span(_second(field, value))
    return {
        "=": [(low, high)],
        "!=": [(FIRST, low - 1), (high + 1, LAST)],
        ">": [(high + 1, LAST)],
        "<": [(FIRST, low - 1)],
        ">=": [(low, LAST)],
        "<=": [(FIRST, high)],
    }[operator]


def union(spans: list[Span]) -> list[Span]:
    """Join spans that touch or overlap."""
    joined: list[Span] = []
    for low, high in sorted(spans):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        elif low <= high:
            joined.append((low, high))
    return joined


def outside(spans: list[Span]) -> list[Span]:
    """Everything but the spans."""
    edges = [FIRST, *(edge for low, high in spans for edge in (low - 1, high + 1)), LAST]
    return [(low, high) for low, high in zip(edges[::2], edges[1::2], strict=True) if low <= high]


def common(left: list[Span], right: list[Span]) -> list[Span]:
    """Where both hold."""
    return union([(max(a, c), min(b, d)) for a, b in left for c, d in right])


def spans_of(condition: Condition, field: str) -> list[Span] | None:
    """Answer a condition by spans of one date field; None when it asks for more than that."""
    if isinstance(condition, Dated):
        return list(condition.spans) if condition.field == field else None
    if isinstance(condition, Valued):
        return None
    found = [spans_of(member, field) for member in condition.members]
    members = [spans for spans in found if spans is not None]
    if len(members) < len(found):
        return None
    if not condition.every:
        return union([span for spans in members for span in spans])
    result = EVER
    for spans in members:
        result = common(result, spans)
    return result


def _same(found: object, asked: object) -> bool:
    return found == asked or (found is not None and asked is not None and str(found) == str(asked))


def _equal(found: list[object], asked: object) -> bool:
    if asked is None:
        return all(value is None for value in found)
    return any(_same(value, asked) for value in found)


def _is_in(found: list[object], asked: object) -> bool:
    if not isinstance(asked, list):
        raise _invalid("IN and NIN take an array.", "value")
    return any(_equal(found, one) for one in asked)


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _compare(found: list[object], asked: object, sign: int) -> bool:
    limit = _number(asked)
    numbers = [one for one in map(_number, found) if one is not None]
    return limit is not None and any(sign * (one - limit) > 0 for one in numbers)


def _text(found: list[object], asked: object, test: Callable[[str, str], bool]) -> bool:
    return any(
        test(value.casefold(), str(asked).casefold()) for value in found if isinstance(value, str)
    )


def _contains(found: list[object], asked: object) -> bool:
    return _text(found, asked, lambda value, part: part in value)


TESTS: dict[str, Callable[[list[object], object], bool]] = {
    "=": _equal,
    "!=": lambda found, asked: not _equal(found, asked),
    "IN": _is_in,
    "NIN": lambda found, asked: not _is_in(found, asked),
    ">": lambda found, asked: _compare(found, asked, 1),
    "<": lambda found, asked: _compare(found, asked, -1),
    "~": _contains,
    "!~": lambda found, asked: not _contains(found, asked),
    "^": lambda found, asked: _text(found, asked, str.startswith),
    "$": lambda found, asked: _text(found, asked, str.endswith),
}

CONTACTS = Grammar(
    dates=frozenset(
        {
            "created_at", "updated_at", "signed_up_at", "last_seen_at", "last_contacted_at",
            "last_replied_at", "last_email_opened_at", "last_email_clicked_at",
            "ios_last_seen_at", "android_last_seen_at",
        }
    ),
    fields=frozenset(
        {
            "id", "role", "name", "avatar", "owner_id", "email", "email_domain", "phone",
            "external_id", "unsubscribed_from_emails", "marked_email_as_spam",
            "has_hard_bounced", "language_override", "location", "browser", "browser_language",
            "browser_version", "os", "tag_id", "segment_id", "company_id", "custom_attributes",
            "ios_app_version", "ios_device", "android_app_version", "android_device",
        }
    ),
    aliases={"tag_id": "tags.data.id", "company_id": "companies.data.id"},
)  # fmt: skip
CONVERSATIONS = Grammar(
    dates=frozenset(
        {
            "created_at", "updated_at", "waiting_since", "snoozed_until",
            "conversation_rating.requested_at", "conversation_rating.replied_at",
            *(
                f"statistics.{name}_at"
                for name in (
                    "first_contact_reply", "first_assignment", "first_admin_reply",
                    "first_close", "last_assignment", "last_assignment_admin_reply",
                    "last_contact_reply", "last_admin_reply", "last_close",
                )
            ),
        }
    ),
    fields=frozenset(
        {
            "id", "state", "open", "read", "priority", "source", "contact_ids", "teammate_ids",
            "admin_assignee_id", "team_assignee_id", "tag_ids", "statistics", "ai_agent",
            "ai_agent_participated", "conversation_rating", "custom_attributes",
            "channel_initiated",
        }
    ),
    aliases={
        "contact_ids": "contacts.contacts.id",
        "teammate_ids": "teammates.admins.id",
        "tag_ids": "tags.tags.id",
    },
)  # fmt: skip
TICKETS = Grammar(
    dates=frozenset({"created_at", "updated_at", "snoozed_until"}),
    fields=frozenset(
        {
            "id", "ticket_id", "title", "description", "category", "ticket_type_id", "contact_ids",
            "teammate_ids", "admin_assignee_id", "team_assignee_id", "open", "state",
            "ticket_attribute", "ticket_state",
        }
    ),
    aliases={
        "contact_ids": "contacts.contacts.id",
        "ticket_type_id": "ticket_type.id",
        "state": "ticket_state.category",
        "title": "ticket_attributes._default_title_",
        "description": "ticket_attributes._default_description_",
    },
)  # fmt: skip
COMPANIES = Grammar(
    dates=frozenset({"created_at", "updated_at", "remote_created_at", "last_request_at"}),
    fields=frozenset(
        {
            "id", "name", "company_id", "website", "industry", "size", "user_count",
            "session_count", "monthly_spend", "tag_id", "custom_attributes",
        }
    ),
    aliases={"tag_id": "tags.tags.id"},
)  # fmt: skip
