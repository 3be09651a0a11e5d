"""From the bytes of an answer to the line of a record: all that was sent is there, and fits."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import msgspec
from answering import answer
from anything import JSON, NAMES
from comparing import differences, says_the_same
from hypothesis import example, given
from hypothesis import strategies as st
from test_schema import declared, quick, records, validator

from tap_intercom.api.bodies import decode
from tap_intercom.records.fitting import NEVER, compiled
from tap_intercom.records.schema import RESCUED, custom_properties
from tap_intercom.streams import STREAMS

if TYPE_CHECKING:
    from tap_intercom.shapes.shape import Shape

ODD = st.dictionaries(NAMES.filter(bool) | st.just(RESCUED), JSON, max_size=3)
CASES = st.sampled_from(STREAMS).flatmap(
    lambda stream: st.tuples(
        st.just(stream),
        st.builds(
            lambda odd, even: {**odd, **(even if isinstance(even, dict) else {})},
            ODD,
            records(json.dumps(declared(stream))),
        ),
    )
)
CONTACTS, OPENS, TAGS = (
    next(stream for stream in STREAMS if stream.name == name)
    for name in ("contacts", "content_export_open", "tags")
)


def made_up(stream: type[Shape], sent: dict[str, Any], row: dict[str, Any]) -> list[str]:
    """Name the keys that did not arrive, and were given something in their place."""
    return [
        key
        for key in stream.primary_keys
        if str(row[key]).startswith(("keyless-", NEVER))
        and not says_the_same(sent.get(key), row[key])
    ]


@quick
@given(CASES)
@example((TAGS, {"id": "1", "name": "half a pair: \ud800, and \0"}))
@example((CONTACTS, {"id": "1", "created_at": "0.0"}))
@example((OPENS, {"opened_at": 0}))
@example((TAGS, {"id": 2**70, RESCUED: {"of": "another tap"}, "more": [10**400, -0.0, 1e308]}))
def test_what_is_sent_is_in_the_line_of_its_record(
    case: tuple[type[Shape], dict[str, Any]],
) -> None:
    stream, sent = case
    fit = compiled(declared(stream), stream.primary_keys)
    arrived = decode(answer(200, json.dumps(sent).encode()))
    row = fit(copy.deepcopy(arrived))
    validator(stream).validate(row)

    line = json.loads(msgspec.json.encode(row))
    assert line == row
    assert differences(sent, {**line, **dict.fromkeys(made_up(stream, sent, line))}) == []

    again = {name: value for name, value in row.items() if name != RESCUED}
    assert fit(copy.deepcopy(again)) == {**again, RESCUED: None}


def deep(levels: int) -> Any:
    value: Any = "the bottom"
    for level in range(levels):
        value = [value] if level % 2 else {"down": value}
    return value


def test_what_is_nested_deeply_fits_as_well() -> None:
    fit = compiled(declared(TAGS), TAGS.primary_keys)
    for levels in (10, 100, 500):
        sent = {"name": deep(levels), "more": deep(levels)}
        row = fit(decode(answer(200, json.dumps(sent).encode())))
        assert row[RESCUED] == sent
        assert json.loads(msgspec.json.encode(row)) == row


DEFINITIONS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "name": NAMES | JSON,
            "data_type": st.sampled_from(["string", "integer", "date", "odd"]) | JSON,
            "custom": st.booleans() | JSON,
        },
    ),
    max_size=4,
)


@given(definitions=DEFINITIONS, values=st.dictionaries(NAMES, JSON, max_size=4))
def test_custom_attributes_may_be_defined_in_any_way(
    definitions: list[dict[str, Any]], values: dict[str, Any]
) -> None:
    attributes = {"type": ["null", "object"], "properties": custom_properties(definitions)}
    fit = compiled({"properties": {"custom_attributes": attributes, RESCUED: {}}}, ())
    named = [one["name"] for one in definitions if isinstance(one.get("name"), str)]
    sent = {"custom_attributes": {**dict.fromkeys(named, "5"), **values}}
    arrived = decode(answer(200, json.dumps(sent).encode()))
    assert differences(sent, fit(arrived)) == []
