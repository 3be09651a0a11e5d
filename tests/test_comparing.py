"""The comparer sees what is lost, changed or made up: without that, nothing here shows anything."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from comparing import differences

NOON = datetime(2026, 5, 4, 12)  # noqa: DTZ001  as PostgreSQL gives it


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("Ann", "Ann"),
        ("NUL \0 here", "NUL  here"),
        (12, "12"),
        ("13", 13),
        (1.0, 1),
        (12.5, Decimal("12.5")),
        (12.1, Decimal("12.1")),
        (4.246867596495749e16, 42_468_675_964_957_488),
        (True, "true"),
        ("false", False),
        (1, True),
        (0.0, False),
        (1_777_896_000, NOON),
        (1_777_896_000_000, "2026-05-04T12:00:00+00:00"),
        ("2026-05-04 12:00:00 UTC", NOON),
        ("2026-05-04T12:00:00.0000009z", NOON),
        (" 1777896000 ", NOON),
        ("1777896000.0", NOON),
        ("+1777896000000000", NOON),
        ("0.0", "1970-01-01T00:00:00+00:00"),
        ("-1.5", "1969-12-31T23:59:58.500000+00:00"),
        (None, None),
        ([{"id": 1}], [{"id": "1"}]),
    ],
)
def test_what_loses_nothing_is_no_difference(sent: Any, found: Any) -> None:
    assert differences({"field": sent}, {"field": found}) == []


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("Ann", "Bob"),
        ("Ann", None),
        (None, "Ann"),
        ("", None),
        (True, 1),
        (0.5, False),
        (2, True),
        (0, None),
        (12.5, 12),
        (1_777_896_000, datetime(2026, 5, 4, 14)),  # noqa: DTZ001  likewise
        ("yesterday", "today"),
        (True, "1970-01-01T00:00:01+00:00"),
        ("0.0", "1970-01-01T00:00:01+00:00"),
        ("1777896000.5", NOON),
        ("2026-05-04T12:00:00+02:00", NOON),
        ([1, 2], [1]),
        ([], None),
        ({}, None),
        ({"a": "x"}, {"a": "y"}),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1, "b": 2}, {"a": 1}),
        ({"a": 1}, '{"a": 1}'),
    ],
)
def test_anything_else_is(sent: Any, found: Any) -> None:
    assert len(differences({"field": sent}, {"field": found})) == 1


def test_a_column_too_many_is_a_difference_unless_the_target_adds_it() -> None:
    assert differences({"id": "1"}, {"id": "1", "_sdc_sequence": 7}) == []
    assert differences({"id": "1"}, {"id": "1", "made_up": 7}) == ["made_up: None became 7"]


def test_what_is_rescued_is_compared_where_it_was() -> None:
    sent = {"tags": {"data": [{"id": ["odd"]}]}, "new.field": 1}
    row = {"tags": {"data": [{"id": None}]}}
    rescued = {"tags.data.0.id": ["odd"], "new.field": 1}
    assert differences(sent, {**row, "_rescued_data": rescued}) == []
    assert len(differences(sent, {**row, "_rescued_data": {**rescued, "new.field": 2}})) == 1
    assert len(differences(sent, {**row, "_rescued_data": {**rescued, "other": 2}})) == 1
    assert len(differences(sent, {**row, "_rescued_data": {"new.field": 1}})) == 1
