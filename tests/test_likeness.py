"""A likeness has names of Intercom's, types, forms and counts, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from answering import answer
from anything import JSON, NAMES
from hypothesis import given
from hypothesis import strategies as st

from tap_intercom.likeness import forms, words
from tap_intercom.likeness.answers import MOST_COUNTS, Answers, Likeness, written
from tap_intercom.likeness.fields import MOST_NEW, UNDECLARED, Fields, around
from tap_intercom.records import schema

if TYPE_CHECKING:
    from tap_intercom.tap import TapIntercom

CONTACT = schema.stream_schema("contact")


def fields(*records: dict[str, Any], declared: Any = CONTACT) -> dict[str, Any]:
    found = Fields(declared)
    for one in records:
        found.add(one)
    return found.shown()


# Names


@pytest.mark.parametrize(
    "name", ["email", "utm_source", "first_contact_reply_at", "oauth2_token", "x", "a" * 20]
)
def test_what_is_spelled_like_a_field_may_be_one(name: str) -> None:
    assert words.is_spelled_like_intercoms(name)


@pytest.mark.parametrize(
    "name",
    [
        "", "Email", "first name", "jane@example.com", "_default_title_", "a__b", "a-b", "a.b",
        "12345", "day_1", "code123", "a" * 21, "5fd150d50697b6d0bbc4a2c2",
        "a1b2c3d4e5f6a1b2c3d4e5f6", "f7cf4eba-3a37-44b0-aecf-f347fe116712", "name\n", "naïve",
        "word_" * 12 + "word", "s3r1c48t", "*",
    ],
)  # fmt: skip
def test_what_is_not_may_be_anything(name: str) -> None:
    assert not words.is_spelled_like_intercoms(name)


def test_names_in_an_open_object_are_never_written() -> None:
    custom = {"email": "x", "salary": {"name": 1, "id": [{"type": "contact"}]}, "plan": None}
    found = fields({"custom_attributes": custom})
    assert found.keys() == {
        "custom_attributes",
        "custom_attributes.*",
        "custom_attributes.*.*",
        "custom_attributes.*.*[]",
        "custom_attributes.*.*[].*",
    }
    assert found["custom_attributes.*"]["there"] == 3
    assert "kinds" not in found["custom_attributes.*.*[].*"]


@pytest.mark.parametrize("value", [[{"email": 1}], {"email": [{"name": 1}]}])
@pytest.mark.parametrize(
    ("declared", "path"),
    [
        (CONTACT, ("custom_attributes",)),
        (CONTACT, ("new_one", "custom_attributes")),
        (CONTACT, ("tags", "data", "custom_attributes")),
        (CONTACT, ("custom_attributes", "custom_attributes")),
        (schema.stream_schema("audience"), ("predicates",)),
        (schema.stream_schema("ticket"), ("ticket_attributes",)),
        (schema.stream_schema("data_event"), ("metadata",)),
        (UNDECLARED, ("metadata",)),
        (around(), ("custom_attributes",)),
        (around(), ("data", "custom_attributes")),
    ],
)
def test_nor_where_it_is_somewhere_or_something_else(
    declared: Any, path: tuple[str, ...], value: Any
) -> None:
    record = value
    for name in reversed(path):
        record = {name: record}
    found = fields(record, declared=declared)
    assert {name for one in found for name in one.replace("[]", "").split(".")} == {*path, "*"}


def test_what_is_not_declared_is_told_and_within_it_only_known_names() -> None:
    found = fields({"new_one": {"id": 1, "salary": {"id": 2}, "data": [{"name": "x"}]}})
    assert found["new_one"]["declared"] == "not"
    assert found.keys() == {
        "new_one", "new_one.id", "new_one.*", "new_one.*.*", "new_one.data", "new_one.data[]",
        "new_one.data[].name",
    }  # fmt: skip


def test_too_many_new_names_are_users() -> None:
    few = {f"new_{'abcdefghijklmnopqrstuvwxyz'[one]}": {"id": one} for one in range(MOST_NEW)}
    assert len(fields(few)) == 2 * MOST_NEW
    many = fields({**few, "location": {}}, {"one_more": {"id": 1}})
    assert many.keys() == {"*", "*.*", "location"}
    assert many["*"]["there"] == MOST_NEW + 1


def test_a_type_is_written_if_it_is_a_word_of_intercoms() -> None:
    found = fields({"type": "contact"}, {"type": "contact.list"}, {"type": "Jane"}, {"type": 1})
    assert found["type"]["kinds"] == {"contact": 1, "contact.list": 1}
    assert found["type"]["forms"] == {"up to 20 characters": 1, "1": 1}


# Forms


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("", "empty"),
        ("7", "1 to 4 digits"),
        ("1234567", "5 to 9 digits"),
        ("1780315200", "10 digits"),
        ("1780315200123", "13 digits"),
        ("215470000000000001", "14 to 19 digits"),
        ("9" * 30, "20 or more digits"),
        ("5fd150d50697b6d0bbc4a2c2", "24 hexadecimal digits"),
        ("f7cf4eba-3a37-44b0-aecf-f347fe116712", "UUID"),
        ("2026-06-01", "date"),
        ("2026-06-01T12:00:00Z", "time with offset"),
        ("2026-06-01 12:00:00.123 UTC", "time with offset"),
        ("2026-06-01T12:00:00+02:00", "time with offset"),
        ("2026-06-01T12:00:00", "time without offset"),
        ("-1.5", "number"),
        ("true", "boolean"),
        ("https://example.com/x", "URL"),
        ("/contacts/1", "path"),
        ("jane@example.com", "email"),
        ("<p>x</p>", "HTML"),
        (" \n<p>x</p>", "HTML"),
        ("Jane Roe", "up to 20 characters"),
        ("x" * 200, "up to 200 characters"),
        ("x" * 2_000, "up to 2,000 characters"),
        ("x@" * 50_000, "more than 2,000 characters"),
        ("٣٤", "up to 20 characters"),
        (0, "0"),
        (1, "1"),
        (-5, "negative"),
        (5_000, "up to a million"),
        (814_860_112, "up to a billion"),
        (1_780_315_200, "like seconds"),
        (1_780_315_200_123, "like milliseconds"),
        (1_780_315_200_123_456, "like microseconds"),
        (10**40, "17 digits or more"),
        (1.0, "whole"),
        (1.5, "fraction"),
        (True, None),
        (None, None),
        ([1], None),
    ],
)
def test_a_form_is_one_of_a_few(value: Any, form: str | None) -> None:
    assert forms.form(value) == form


# What is counted


def test_types_forms_and_lengths_are_counted() -> None:
    found = fields({"id": "1", "tags": {"data": []}}, {"id": None, "tags": {"data": [1, 2, 3]}})
    assert found["id"] == {
        "there": 2,
        "types": {"null": 1, "string": 1},
        "forms": {"1 to 4 digits": 1},
    }
    assert found["tags.data"] == {"there": 2, "types": {"array": 2}, "lengths": [0, 3]}
    assert found["tags.data[]"]["declared"] == "object"


@pytest.mark.parametrize(
    ("record", "declared"),
    [
        ({"created_at": 1_780_315_200}, None),
        ({"created_at": "yesterday"}, "string date-time"),
        ({"id": 5}, None),
        ({"id": {"x": 1}}, "string"),
        ({"has_hard_bounced": "true"}, None),
        ({"has_hard_bounced": "perhaps"}, "boolean"),
        ({"location": []}, "object"),
        ({"custom_attributes": []}, "object"),
        ({"name": None}, None),
        ({"New Name": 1}, "not"),
    ],
)
def test_what_the_tap_would_move_aside_differs(record: dict[str, Any], declared: str) -> None:
    [*_] = found = fields(record).values()
    assert next(iter(found)).get("declared") == declared


def test_what_never_came_is_told_where_it_could_have() -> None:
    found = Fields(CONTACT)
    found.add({"id": "1", "location": {"city": "x"}, "tags": {"data": []}})
    never = found.never()
    assert {"name", "location.country", "companies"} <= set(never)
    assert not {"id", "location.city", "companies.data", "tags.data[].id"} & set(never)
    assert "_rescued_data" not in never


def depth(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = {"data": [value]}
    return value


def test_what_is_very_deep_is_looked_at_so_far() -> None:
    assert len(fields({"custom_attributes": depth(400)})) < 30


@given(st.dictionaries(NAMES, JSON, max_size=6), st.booleans())
def test_of_anything_no_word_is_written(record: dict[str, Any], is_wrapped: bool) -> None:  # noqa: FBT001
    found = fields({"custom_attributes": record} if is_wrapped else record)
    for path, told in found.items():
        names = path.replace("[]", "").split(".")
        assert all(one == "*" or words.is_spelled_like_intercoms(one) for one in names)
        assert told.keys() <= {"there", "types", "forms", "kinds", "lengths", "declared"}
    json.loads(written(found))


# Answers


@pytest.fixture
def likeness(tap: TapIntercom) -> Likeness:
    return Likeness(tap.streams["tags"])  # type: ignore[arg-type]


def test_counts_that_differ_are_said_where_all_is_there(likeness: Likeness) -> None:
    likeness.see_rows([{"id": "1"}], 1, is_all=True)
    likeness.see_rows([{"id": "1"}], 3, is_all=False)
    assert list(likeness.differences()) == []
    likeness.see_rows([{"id": "1"}], 3, is_all=True)
    likeness.see_rows([{"id": "1"}], "many", is_all=True)
    assert list(likeness.differences()) == ["1 records where Intercom says 3, once"]
    for number in range(50):
        likeness.see_rows([], number, is_all=False)
    counts = likeness.shown()["counts"]
    assert len(counts) == MOST_COUNTS
    assert {"rows": 1, "said": 3, "is_all": True, "times": 1} in counts


@pytest.mark.parametrize("body", [{}, {"data": 7}, [], "Jane Roe", 7, None, {"type": "error.list"}])
def test_an_answer_that_is_none_is_told(tap: TapIntercom, body: Any) -> None:
    answers = Answers(tap)
    stream: Any = tap.streams["tags"]
    answers.hear(stream.opening(stream.reach()), stream.rules, answer(200, body))
    told = answers.shown({}, [])
    is_list = isinstance(body, list)
    expected = [] if is_list else ["tags: no list of records where it should be, once"]
    assert told["differences"] == expected
    assert "Jane" not in written(told)


@pytest.mark.parametrize("body", [b"Jane Roe", b"", b"[" * 100_000])
def test_so_is_what_cannot_be_read(tap: TapIntercom, body: bytes) -> None:
    answers = Answers(tap)
    stream: Any = tap.streams["tags"]
    answers.hear(stream.opening(stream.reach()), stream.rules, answer(200, body))
    assert answers.refused() == [{"stream": "tags", "status": 200, "said": "not JSON", "times": 1}]


@pytest.mark.parametrize("number", ["Jane", "nan", "inf", "-inf", "1e400", "4111111111111111", ""])
def test_headers_are_told_if_they_are_numbers_of_a_rate_limit(
    tap: TapIntercom, number: str
) -> None:
    answers = Answers(tap)
    stream: Any = tap.streams["tags"]
    told = {"X-RateLimit-Limit": number, "X-RateLimit-Remaining": "7", "Date": number}
    request = stream.opening(stream.reach())
    answers.hear(request, stream.rules, answer(200, {"data": []}, told))
    limits = answers.shown({}, [])["rate_limit"]
    assert limits == {"remaining": {"least": 7, "most": 7, "answers": 1}}


def test_clocks_are_compared(tap: TapIntercom) -> None:
    answers = Answers(tap)
    stream: Any = tap.streams["tags"]
    told = {"X-RateLimit-Reset": "1780315210", "Date": "Mon, 01 Jun 2026 12:00:00 GMT"}
    request = stream.opening(stream.reach())
    answers.hear(request, stream.rules, answer(429, {"errors": []}, told))
    limits = answers.shown({}, [])["rate_limit"]
    assert limits["reset_after_seconds"] == {"least": 10, "most": 10, "answers": 1}
    assert limits["clock_ahead_seconds"]["answers"] == 1


def test_a_region_is_told_if_it_is_one(tap: TapIntercom) -> None:
    answers = Answers(tap)
    assert answers.shown({"app": {"region": "EU"}}, [])["region"] == "eu"
    assert answers.shown({"app": {"region": "Jane"}}, [])["region"] is None
    assert answers.shown([], [])["region"] is None


def test_it_is_written_for_people_to_read() -> None:
    told = {"a": {"b": [1, 2]}, "c": ["x" * 60, "y" * 60], "d": {}, "e": "z" * 200}
    assert json.loads(written(told)) == told
    assert written(told).splitlines()[:3] == ["{", '  "a": {"b": [1, 2]},', '  "c": [']
