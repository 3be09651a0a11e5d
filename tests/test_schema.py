"""Every schema is one that any target loads, and any record fits it without losing a value."""

from __future__ import annotations

import copy
import json
import re
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from tap_intercom.records import corrections, schema, times
from tap_intercom.records.corrections import FIRST_EVENTS
from tap_intercom.records.fitting import compiled
from tap_intercom.records.schema import RESCUED
from tap_intercom.shapes.children import Children
from tap_intercom.streams import STREAMS
from tap_intercom.tap import TapIntercom

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_intercom.shapes.shape import Shape

SCALARS = {"string", "integer", "number", "boolean"}
KINDS = SCALARS | {"object", "array"}
KEYWORDS = {"type", "format", "properties", "items", "additionalProperties"}

FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def _is_canonical(value: Any) -> bool:
    moment = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00"
    if not isinstance(value, str):
        return True
    return bool(re.fullmatch(moment, value) and datetime.fromisoformat(value))


by_stream = pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)


@cache
def declared(stream: type[Shape]) -> dict[str, Any]:
    """Give a stream's schema, as discovery tells it, but for what it says to people."""
    told: dict[str, Any] = unsaid(discovered()[stream.name].schema)
    return told


def unsaid(node: Any) -> Any:
    """Leave out the descriptions; a column may be called so."""
    if not isinstance(node, dict):
        return node
    kept = {
        key: one for key, one in node.items() if not isinstance(one, str) or key != "description"
    }
    return {key: unsaid(one) for key, one in kept.items()}


@cache
def discovered() -> dict[str, Any]:
    return dict(TapIntercom(config={"api_key": "demo"}).streams)


def nodes(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    if "items" in node:
        yield from nodes(node["items"], f"{path}[]")


# Schemas that any target can load


@by_stream
def test_every_type_is_one_type_or_null(stream: type[Shape]) -> None:
    for path, node in nodes(declared(stream)):
        if not path:
            assert node["type"] == "object"
            continue
        null, kind = node["type"]
        assert kind in KINDS, path
        assert null == "null", path


@by_stream
def test_only_plain_keywords_are_used(stream: type[Shape]) -> None:
    for path, node in nodes(declared(stream)):
        assert set(node) <= KEYWORDS, path
        assert node.get("format") in {None, "date-time", "date"}, path
        assert node.get("format") is None or node["type"][-1] == "string", path


@by_stream
def test_nested_objects_are_open_and_arrays_have_items(stream: type[Shape]) -> None:
    for path, node in nodes(declared(stream)):
        assert ("items" in node) == (node["type"][-1] == "array"), path
        if path:
            assert node.get("additionalProperties") == (node["type"][-1] == "object" or None), path


@by_stream
def test_ids_are_text(stream: type[Shape]) -> None:
    for path, node in nodes(declared(stream)):
        if re.search(r"(\.|_)ids?(\[\])*$", path) and node["type"][-1] not in {"object", "array"}:
            assert node == {"type": ["null", "string"]}, path


@by_stream
def test_moments_are_date_times(stream: type[Shape]) -> None:
    for path, node in nodes(declared(stream)):
        if path.endswith(("_at", ".waiting_since", ".snoozed_until")):
            assert node == {"type": ["null", "string"], "format": "date-time"}, path


# What says time, beside names that end in `_at` and the receipts' `first_click` and the like, of
# which Intercom describes each as the time of the first one. Of reports, `time` is what Intercom
# says the dataset goes by; of summaries, `first` and `last` are when an event happened.
CALLED_TIMES = {"time", "timestamp", "waiting_since", "snoozed_until"}
SUMMARIES = {".first", ".last"}


@by_stream
def test_only_what_is_called_a_time_is_made_one(stream: type[Shape]) -> None:
    of_events = {
        "content_export_receipt": {f".first_{event}" for event in FIRST_EVENTS},
        "contact_event_summaries": SUMMARIES,
    }.get(stream.name, set())
    for path, node in nodes(declared(stream)):
        if node.get("format") == "date-time" and path not in of_events:
            name = path.rpartition(".")[2]
            assert name.endswith("_at") or name in CALLED_TIMES, path


def counted(node: dict[str, Any]) -> Any:
    """A record in which every number could be a time."""
    kind = node["type"] if isinstance(node["type"], str) else node["type"][-1]
    if kind == "object":
        fields = node.get("properties", {"any": {"type": ["null", "integer"]}})
        return {name: counted(one) for name, one in fields.items() if name != RESCUED}
    if kind == "array":
        return [counted(node["items"])]
    return 253402214400 if kind in {"integer", "number"} else None


@by_stream
def test_no_number_is_changed_that_is_not_called_a_time(stream: type[Shape]) -> None:
    record = counted(declared(stream))
    sent = copy.deepcopy(record)
    found = compiled(declared(stream), ())(record)
    assert found == {**sent, RESCUED: None}


@by_stream
def test_what_is_rescued_has_a_place(stream: type[Shape]) -> None:
    place = {"type": ["null", "object"], "additionalProperties": True}
    assert declared(stream)["properties"][RESCUED] == place


@by_stream
def test_keys_are_text(stream: type[Shape]) -> None:
    # A record without its key gets a digest for one, which is text, or the beginning of 1970.
    for key in stream.primary_keys:
        assert declared(stream)["properties"][key]["type"] == ["null", "string"]


@pytest.mark.parametrize(
    "path",
    [
        "contacts.custom_attributes",
        "companies.custom_attributes",
        "conversations.custom_attributes",
        "tickets.ticket_attributes",
        "activity_logs.metadata",
        "conversation_parts.event_details",
    ],
)
def test_free_fields_are_open_objects(path: str) -> None:
    name, field = path.split(".")
    [stream] = [stream for stream in STREAMS if stream.name == name]
    node = declared(stream)["properties"][field]
    assert node == {"type": ["null", "object"], "additionalProperties": True}


def test_every_reference_leads_somewhere() -> None:
    facts = schema.facts()

    def references(fact: Any) -> Iterator[str]:
        if isinstance(fact, str):
            yield from [fact[1:]] if fact.startswith("@") else []
        else:
            for child in fact if isinstance(fact, list) else fact.values():
                yield from references(child)

    assert set(references(facts)) <= set(facts)


def test_a_component_inside_itself_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = {"node": {"id": "integer", "parent": "@node", "children": ["@node"]}}
    monkeypatch.setattr(schema, "facts", lambda: facts)
    properties = schema.stream_schema("node")["properties"]
    inner = {"type": ["null", "object"], "additionalProperties": True}
    assert properties["parent"] == inner
    assert properties["children"] == {"type": ["null", "array"], "items": inner}


def test_links_to_parents_come_first() -> None:
    properties = schema.stream_schema("tag", {"contact_id": "string"})["properties"]
    assert next(iter(properties)) == "contact_id"


# Values


def fitted(fact: Any, value: Any) -> tuple[Any, Any]:
    """Fit one value to one fact; give it back, and what was rescued of the record."""
    node = schema._property("field", fact, ())  # noqa: SLF001  one fact alone
    fit = compiled({"properties": {"field": node, RESCUED: {}}}, ())
    record = fit({"field": value})
    return record["field"], record[RESCUED]


@pytest.mark.parametrize(
    ("fact", "value", "expected"),
    [
        ("integer", 12, 12),
        ("integer", "12", 12),
        ("integer", "-12", -12),
        ("integer", 1.0, 1),
        ("integer", -(2**63), -(2**63)),
        ("integer", 2**63 - 1, 2**63 - 1),
        ("integer", 1e15, 10**15),
        ("number", 1.5, 1.5),
        ("number", 2, 2),
        ("number", "1.5", 1.5),
        ("number", "12", 12),
        ("number", "-0.25e3", -250.0),
        ("string", "text", "text"),
        ("string", "", ""),
        ("string", 12, "12"),
        ("string", 2**70, str(2**70)),
        ("string", 1.5, "1.5"),
        ("string", True, "true"),
        ("boolean", True, True),
        ("boolean", "false", False),
        ("boolean", "true", True),
        ("boolean", 0, False),
        ("boolean", 1, True),
        ("integer date-time", 1780315200, "2026-06-01T12:00:00+00:00"),
        ("string date-time", "2026-06-01T14:00:00+02:00", "2026-06-01T12:00:00+00:00"),
        ("integer date-time", 0, "1970-01-01T00:00:00+00:00"),
        ("string date", "2026-06-01", "2026-06-01"),
        (["integer"], [1, "2", None], [1, 2, None]),
        (["integer"], [], []),
        ({"id": "integer"}, {"id": 5, "more": {"x": 1}}, {"id": "5", "more": {"x": 1}}),
        ({"id": "integer"}, {}, {}),
        ("object", {"any": [1, {"thing": None}]}, {"any": [1, {"thing": None}]}),
        ("integer", None, None),
        ("integer date-time", None, None),
        (["string"], None, None),
        ({"id": "string"}, None, None),
    ],
    ids=repr,
)
def test_what_can_be_converted_without_loss_is(fact: Any, value: Any, expected: Any) -> None:
    found, rescued = fitted(fact, value)
    assert found == expected
    assert type(found) is type(expected)
    assert rescued is None


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("integer", "twelve"),
        ("integer", ""),
        ("integer", " 12"),
        ("integer", "012"),
        ("integer", "1_000"),
        ("integer", "١٢"),
        ("integer", "1.0"),
        ("integer", 1.5),
        ("integer", True),
        ("integer", 2**63),
        ("integer", -(2**63) - 1),
        ("integer", 1e300),
        ("integer", [1]),
        ("integer", {}),
        ("number", "NaN"),
        ("number", "1e999"),
        ("number", "1,5"),
        ("number", " 1.5"),
        ("number", "1.\N{ARABIC-INDIC DIGIT FIVE}"),
        ("number", False),
        ("number", [1.5]),
        ("number", "0.10000000000000000000000001"),
        ("number", 10**400),
        ("string", ["a"]),
        ("string", {"image_url": "x"}),
        ("boolean", "yes"),
        ("boolean", 2),
        ("boolean", []),
        ("boolean", {}),
        ("integer date-time", "soon"),
        ("integer date-time", True),
        ("integer date-time", 10**18),
        ("integer date-time", 10**400),
        ("integer date-time", {"at": 1}),
        ("string date", "1 June"),
        ("string date", 20260601),
        (["string"], "text"),
        (["string"], {"0": "text"}),
        ({"id": "string"}, "text"),
        ({"id": "string"}, ["a"]),
        ("object", "text"),
        ("object", [{}]),
    ],
    ids=lambda value: repr(value)[:40] if not isinstance(value, int) else hex(value)[:30],
)
def test_what_cannot_is_rescued_as_it_came(fact: Any, value: Any) -> None:
    assert fitted(fact, value) == (None, {"field": value})


def test_what_is_rescued_goes_under_its_path() -> None:
    fact = {"city": "string", "rows": [{"count": "integer", "days": ["string date"]}]}
    value = {
        "city": ["x"],
        "rows": [{"count": 1}, "odd", {"count": "many", "days": ["2026-06-01", "never"], "new": 1}],
        "unknown": "stays",
    }
    found, rescued = fitted(fact, value)
    assert found == {
        "city": None,
        "rows": [{"count": 1}, None, {"count": None, "days": ["2026-06-01", None], "new": 1}],
        "unknown": "stays",
    }
    assert rescued == {
        "field.city": ["x"],
        "field.rows.1": "odd",
        "field.rows.2.count": "many",
        "field.rows.2.days.1": "never",
    }


def test_a_field_that_is_called_like_a_path_does_not_push_another_out() -> None:
    admin = {"id": "1", "avatar": {"image_url": ["odd"]}, "avatar.image_url": "odd, too"}
    record = compiled(schema.stream_schema("admin"), ("id",))(admin)
    assert record[RESCUED] == {"avatar.image_url": "odd, too", "avatar.image_url.": ["odd"]}


PICTURE = "https://images.example.com/a.png"


@pytest.mark.parametrize(
    ("component", "name", "field"),
    [
        ("contact", "avatar", "image_url"),
        ("admin", "avatar", "image_url"),
        ("ticket", "ticket_state", "category"),
    ],
)
@pytest.mark.parametrize("text", [PICTURE, "submitted", ""])
def test_text_in_the_place_of_an_object_is_a_field_of_it(
    component: str, name: str, field: str, text: str
) -> None:
    """An analyst looks in one place, however it came."""
    fit = compiled(schema.stream_schema(component), ("id",))
    record = fit({"id": "1", name: text})
    assert (record[name], record[RESCUED]) == ({field: text}, None)
    for form in ({field: text}, {field: None, "type": "x"}, None):
        record = fit({"id": "1", name: form})
        assert (record[name], record[RESCUED]) == (form, None)
    for odd in (7, [text], True):
        record = fit({"id": "1", name: odd})
        assert (record[name], record[RESCUED]) == (None, {name: odd})


def test_so_it_is_inside_of_other_objects() -> None:
    workspace = {"id": "1", "admin": {"avatar": PICTURE}}
    record = compiled(schema.stream_schema("app"), ("id",))(workspace)
    assert record["admin"] == {"avatar": {"image_url": PICTURE}}
    assert record[RESCUED] is None


def test_what_is_text_anyway_stays_text() -> None:
    part = compiled(schema.stream_schema("ticket_part"), ("id",))
    assert part({"id": "1", "ticket_state": "submitted"})["ticket_state"] == "submitted"


# Keys


def fit_tag(record: dict[str, Any]) -> dict[str, Any]:
    return compiled(schema.stream_schema("tag"), ("id",))(record)


def test_fields_that_the_schema_does_not_know_are_rescued() -> None:
    record = fit_tag({"id": 1, "brand_new": {"x": [1]}, "empty": None})
    assert record == {"id": "1", RESCUED: {"brand_new": {"x": [1]}, "empty": None}}


@pytest.mark.parametrize("missing", [{}, {"id": None}, {"id": ["odd"]}], ids=repr)
def test_a_record_without_its_key_gets_one_that_is_its_own(missing: dict[str, Any]) -> None:
    one, same, other = (
        fit_tag({"name": name, **copy.deepcopy(missing)}) for name in ("a", "a", "b")
    )
    assert isinstance(one["id"], str)
    assert one["id"] == same["id"] != other["id"]


@by_stream
@pytest.mark.parametrize("character", ["x", "\N{SPOOL OF THREAD}"])
def test_no_key_is_too_long_for_a_database(stream: type[Shape], character: str) -> None:
    """PostgreSQL indexes up to 2,704 bytes, some of which are its own."""
    text = dict.fromkeys(stream.primary_keys, character * 5_000)
    fit = compiled(declared(stream), stream.primary_keys)
    record = fit(dict(text))
    key = [record[name] for name in stream.primary_keys]
    assert sum(len(one.encode()) for one in key) < 2_600
    times_of_it = {name for name in text if "format" in declared(stream)["properties"][name]}
    # The whole is kept, as is what was to be a time.
    assert record[RESCUED] == text
    # Another that begins alike is told apart, and the same one is the same.
    again, other = fit(dict(text)), fit({name: f"{one}!" for name, one in text.items()})
    for name in text.keys() - times_of_it:
        assert again[name] == record[name] != other[name]
        assert record[name].startswith(character * 100)


@pytest.mark.parametrize("length", [1, 120, 200])
def test_a_key_of_a_usual_length_stays_as_it_is(length: int) -> None:
    assert fit_tag({"id": "x" * length}) == {"id": "x" * length, RESCUED: None}


def test_a_number_of_many_digits_is_a_long_key() -> None:
    record = fit_tag({"id": 10**400})
    assert len(record["id"]) == 200
    assert record[RESCUED] == {"id": str(10**400)}


def test_a_key_does_not_depend_on_the_order_of_fields() -> None:
    assert fit_tag({"name": "a", "type": "tag"}) == fit_tag({"type": "tag", "name": "a"})


# Any record that Intercom could send

TEXTS = st.one_of(
    st.text(max_size=5),
    st.sampled_from(["12", "1.0", "true", "false", "", "2026-06-01T12:00:00Z", "1780315200", "-0"]),
)
NUMBERS = st.one_of(
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, 1, -1, 2**63, 1780315200, 1780315200123, 10**11]),
)
LEAVES = st.one_of(st.none(), st.booleans(), TEXTS, NUMBERS)
NAMES = st.text(alphabet="abcdefg", min_size=1, max_size=3)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)


@cache
def records(node: str) -> st.SearchStrategy[Any]:
    """Make values for a schema, right ones and wrong ones, with unknown fields among them."""
    declared_node = json.loads(node)
    properties = declared_node.get("properties", {})
    if properties:
        known = {name: records(json.dumps(child)) for name, child in properties.items()}
        some = st.lists(st.sampled_from(sorted(known)), max_size=6, unique=True).flatmap(
            lambda names: st.fixed_dictionaries({name: known[name] for name in names})
        )
        fit = st.builds(lambda one, more: {**more, **one}, some, st.dictionaries(NAMES, JSON))
    elif "items" in declared_node:
        fit = st.lists(records(json.dumps(declared_node["items"])), max_size=3)
    else:
        return JSON
    return st.one_of(fit, fit, fit, JSON)


def validator(stream: type[Shape]) -> Draft202012Validator:
    return Draft202012Validator(declared(stream), format_checker=FORMATS)


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield all scalars of a value, and its empty objects and lists, with their paths."""
    if isinstance(value, list) and value:
        value = {str(position): child for position, child in enumerate(value)}
    if isinstance(value, dict) and (value or not path):
        for name, child in value.items():
            yield from leaves(child, (*path, name))
    elif value is not None:
        yield path, value


def leaves_rescued(rescued: dict[str, Any]) -> dict[tuple[str, ...], Any]:
    return {
        inner: leaf
        for path, value in rescued.items()
        for inner, leaf in leaves(value, tuple(path.split(".")))
    }


def is_same(value: Any, found: Any) -> bool:
    """Say whether a value was kept, or written differently without a loss."""
    if type(value) is type(found) and value == found:
        return True
    if isinstance(found, str):  # any scalar as text, and any time
        return _as_text(value) == found or _as_time(value) == found
    if isinstance(found, bool):
        return value == found or value == json.dumps(found)
    if isinstance(found, (int, float)):
        try:
            return Decimal(repr(found)) == Decimal(value if isinstance(value, str) else repr(value))
        except ArithmeticError:
            return False
    return False


def _as_text(value: Any) -> str | None:
    return value if isinstance(value, str) else json.dumps(value)


def _as_time(value: Any) -> str | None:
    try:
        return times.canonical(value)
    except (ValueError, OverflowError):
        return None


CASES = st.sampled_from(STREAMS).flatmap(
    lambda stream: st.tuples(
        st.just(stream),
        records(json.dumps(declared(stream))).filter(lambda one: isinstance(one, dict)),
    )
)


# Without the phase that explains a failure, which takes half a minute here.
quick = settings(phases=set(Phase) - {Phase.explain})


@quick
@given(CASES)
def test_any_record_fits_and_loses_nothing(case: tuple[type[Shape], dict[str, Any]]) -> None:
    stream, sent = case
    sent.pop(RESCUED, None)
    record = compiled(declared(stream), stream.primary_keys)(copy.deepcopy(sent))

    validator(stream).validate(record)
    assert set(record) <= set(declared(stream)["properties"])
    assert all(record[key] is not None for key in stream.primary_keys)
    json.dumps(record, allow_nan=False)

    rescued = leaves_rescued(record[RESCUED] or {})
    in_place = dict(leaves({name: one for name, one in record.items() if name != RESCUED}))
    for path, value in leaves(sent):
        # Of an object that text may stand for.
        places = [path, (*path, corrections.TEXTS.get(path[-1], ""))]
        kept = any(one in in_place and is_same(value, in_place[one]) for one in places)
        assert kept or (path in rescued and is_same(value, rescued[path])), path


@quick
@given(CASES)
def test_a_record_that_fits_stays_as_it_is(case: tuple[type[Shape], dict[str, Any]]) -> None:
    stream, sent = case
    fit = compiled(declared(stream), stream.primary_keys)
    once = fit(sent)
    del once[RESCUED]
    assert fit(copy.deepcopy(once)) == {**once, RESCUED: None}


@by_stream
def test_nulls_everywhere_fit(stream: type[Shape]) -> None:
    names = [name for name in declared(stream)["properties"] if name != RESCUED]
    fit = compiled(declared(stream), stream.primary_keys)
    record = fit(dict.fromkeys(names))
    validator(stream).validate(record)
    assert record[RESCUED] is None
    assert {name for name in names if record[name] is not None} == set(stream.primary_keys)


def test_some_streams_have_children() -> None:
    assert any(issubclass(stream, Children) for stream in STREAMS)


@given(
    name=st.text(min_size=1).filter(lambda name: name != RESCUED),
    inner=st.text(min_size=1),
    value=st.integers(0, 10**9),
)
@example(name="'] = exit() #", inner='"""\n\\', value=1)
@example(name="{x}", inner="%s\r\n", value=0)
def test_a_field_may_have_any_name(name: str, inner: str, value: int) -> None:
    """A workspace calls its custom attributes as it likes, and functions are made of the names."""
    text = {"type": ["null", "string"]}
    declared = {"type": ["null", "object"], "properties": {inner: text}}
    fit = compiled({"properties": {name: declared, RESCUED: {"type": ["null", "object"]}}}, ())
    assert fit({name: {inner: value}})[name] == {inner: str(value)}
    assert fit({name: {inner: [value]}})[RESCUED] == {f"{name}.{inner}": [value]}
