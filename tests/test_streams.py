"""Every stream keeps the same contract."""

from __future__ import annotations

import inspect
import json
import re
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
import requests
from answering import answer

from tap_intercom import audit, streams
from tap_intercom.api.address import VERSIONS
from tap_intercom.records import times
from tap_intercom.records.corrections import CORRECTIONS
from tap_intercom.records.schema import facts
from tap_intercom.shapes.children import Children
from tap_intercom.shapes.fan_out import FanOut
from tap_intercom.shapes.feed import Feed
from tap_intercom.shapes.losses import Portion
from tap_intercom.shapes.scroll import Scroll
from tap_intercom.shapes.search import Search
from tap_intercom.shapes.shape import Shape
from tap_intercom.streams import STREAMS
from tap_intercom.streams.people import Companies

if TYPE_CHECKING:
    from answering import Answers

    from tap_intercom.tap import TapIntercom

DESCRIBED = json.loads(files("tap_intercom").joinpath("schemas.json").read_text("utf-8"))

by_stream = pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
by_child = pytest.mark.parametrize(
    "stream",
    [stream for stream in STREAMS if issubclass(stream, Children)],
    ids=lambda stream: stream.name,
)


def properties(tap: TapIntercom, stream: type[Shape]) -> dict[str, dict[str, object]]:
    declared: dict[str, dict[str, object]] = tap.streams[stream.name].schema["properties"]
    return declared


def undescribed(declared: dict[str, object]) -> dict[str, object]:
    return {name: one for name, one in declared.items() if name != "description"}


def snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def test_the_list_of_streams_is_what_is_in_the_modules() -> None:
    in_modules = {
        value
        for module in streams._MODULES  # noqa: SLF001
        for name, value in vars(module).items()
        if not name.startswith("_")
        and inspect.isclass(value)
        and issubclass(value, Shape)
        and value.__module__.startswith("tap_intercom.streams.")
    }
    assert set(STREAMS) == in_modules
    assert len(STREAMS) >= 69


def test_no_two_streams_have_one_name() -> None:
    names = [stream.name for stream in STREAMS]
    assert len(names) == len(set(names))


def test_every_stream_can_be_chosen(discovered: TapIntercom) -> None:
    assert set(discovered.streams) == {stream.name for stream in STREAMS}


@by_stream
def test_the_name_is_that_of_the_class(stream: type[Shape]) -> None:
    assert stream.name == snake(stream.__name__)


@by_stream
def test_the_docstring_is_one_line_for_a_customer(stream: type[Shape]) -> None:
    text = stream.__dict__["__doc__"]
    assert text
    assert "\n" not in text
    assert text.endswith(".")
    assert 20 <= len(text) <= 100


@by_stream
def test_the_component_is_described(stream: type[Shape]) -> None:
    assert stream.component in DESCRIBED or stream.component in CORRECTIONS


@by_stream
def test_keys_are_declared(discovered: TapIntercom, stream: type[Shape]) -> None:
    assert stream.primary_keys
    assert set(stream.primary_keys) <= set(properties(discovered, stream))
    assert tuple(discovered.streams[stream.name].primary_keys) == tuple(stream.primary_keys)


@by_stream
def test_the_replication_key_is_a_moment_in_the_schema(
    discovered: TapIntercom, stream: type[Shape]
) -> None:
    if stream.replication_key:
        declared = undescribed(properties(discovered, stream)[stream.replication_key])
        assert declared == {"type": ["null", "string"], "format": "date-time"}


@by_stream
def test_the_method_of_replication_follows_from_the_key(
    discovered: TapIntercom, stream: type[Shape]
) -> None:
    expected = "INCREMENTAL" if stream.replication_key else "FULL_TABLE"
    assert discovered.streams[stream.name].replication_method == expected


@by_stream
def test_the_path_is_one_below_the_base_url(stream: type[Shape]) -> None:
    assert re.fullmatch(r"(/[a-z_]+|/\{(id|type)\})+", stream.path)


@by_child
def test_a_call_per_parent_names_the_parent(stream: type[Children]) -> None:
    # But for calls, of which one request names twenty in its body.
    if issubclass(stream, FanOut) and stream.name != "call_transcripts":
        assert ("{id}" in stream.path) == (stream.parent_param is None)
    else:
        assert "{" not in stream.path


@by_stream
def test_the_version_is_one_of_intercoms(stream: type[Shape]) -> None:
    assert stream.min_version in VERSIONS


@by_stream
def test_the_sdk_opens_no_parents_of_its_own(stream: type[Shape]) -> None:
    assert stream.parent_stream_type is None


@by_child
def test_a_child_carries_the_id_of_its_parent_and_when_it_changed(
    discovered: TapIntercom, stream: type[Children]
) -> None:
    parent, declared = stream.of, properties(discovered, stream)
    assert parent in STREAMS
    assert undescribed(declared[f"{parent.noun}_id"]) == {"type": ["null", "string"]}
    if parent.replication_key and not issubclass(stream, Feed):
        changed = f"{parent.noun}_{parent.replication_key}"
        of_change = undescribed(declared[changed])
        assert of_change == {"type": ["null", "string"], "format": "date-time"}
        assert stream.replication_key in {changed, None}
    assert VERSIONS.index(stream.min_version) >= VERSIONS.index(parent.min_version)


def noun_of(stream: type[Children]) -> str:
    """What the rows of a child are, by their component."""
    component = stream.component.removesuffix("_basic")
    return {"contact_reference": "contact", "reference": "admin"}.get(
        component, component.removeprefix(f"{stream.of.noun}_")
    )


@by_child
def test_a_link_names_both_its_ends(discovered: TapIntercom, stream: type[Children]) -> None:
    """Nobody has to know what the id of a link is the id of."""
    nouns = {one.noun for one in STREAMS if not issubclass(one, Children)}
    is_link = noun_of(stream) in nouns and stream.primary_keys[-1] == "id"
    assert (stream.id_of is not None) == is_link
    if stream.id_of:
        assert stream.id_of == noun_of(stream)
        assert f"{stream.id_of}_id" not in facts()[stream.component]
        assert properties(discovered, stream)[f"{stream.id_of}_id"]["type"] == ["null", "string"]


# Their ids are theirs alone in the whole workspace.
WITH_IDS_OF_THEIR_OWN = {"contact_notes", "ticket_type_attributes"}


@by_child
def test_a_child_is_told_apart_by_its_parent(stream: type[Children]) -> None:
    if stream.name in WITH_IDS_OF_THEIR_OWN:
        assert stream.primary_keys == ("id",)
    else:
        assert stream.primary_keys[0] == f"{stream.of.noun}_id"


@by_stream
def test_what_costs_a_call_each_is_off_unless_chosen(stream: type[Shape]) -> None:
    if issubclass(stream, FanOut):
        assert stream.selected_by_default == (stream.name == "conversation_parts")


def test_no_two_streams_ask_the_same_of_each_parent() -> None:
    """What costs a call each would be asked twice."""
    asked = [
        (stream.path, str(sorted(stream.params.items())), stream.parent_param)
        for stream in STREAMS
        if issubclass(stream, FanOut)
    ]
    assert len(asked) == len(set(asked)) > 10


@by_stream
def test_the_permission_to_tick_is_named(stream: type[Shape]) -> None:
    if stream.name != "workspace":  # any token may read `/me`
        assert stream.permission != Shape.permission


def test_companies_have_a_way_for_each_choice(discovered: TapIntercom) -> None:
    choices = discovered.config_jsonschema["properties"]["companies_method"]["enum"]
    assert sorted(Companies.ways) == sorted(choices)


@pytest.mark.parametrize("identity", ["123", 123], ids=repr)
def test_the_id_of_a_parent_may_be_a_number(
    tap: TapIntercom, answers: Answers, identity: object
) -> None:
    # Ids changed between number and text over the versions.
    parts = tap.streams["conversation_parts"]
    assert isinstance(parts, FanOut)
    answers.waiting.append(answer(200, {"conversation_parts": {"conversation_parts": []}}))
    assert parts.expand(Portion([{"id": identity}]), parts.reach()).records == []
    assert answers.asked[0].path_url.startswith("/conversations/123")

    answers.waiting.append(answer(404, {}))
    assert parts.expand(Portion([{"id": identity}]), parts.reach()).records == []
    assert parts.account.skipped == ["123"]


def test_contacts_are_not_searched_by_the_second_before_intercom_can() -> None:
    by_day = [one.name for one in STREAMS if issubclass(one, Search) and one.exact_since != "2.0"]
    assert by_day == ["contacts"]


@by_stream
def test_nothing_is_written_and_no_impression_recorded(stream: type[Shape]) -> None:
    # That what is asked with a body only reads, `test_coverage.py` shows.
    assert "banners" not in stream.path
    assert issubclass(stream, Search) <= stream.path.endswith("/search")


DAY = 86_400
COMPANIES = {"data": [{"id": "1", "updated_at": 1780315200}], "scroll_param": "s"}


@pytest.mark.parametrize("broken", [requests.ReadTimeout("slow"), answer(500)], ids=repr)
def test_b21_a_scroll_that_broke_is_not_taken_for_one_that_ended(
    tap: TapIntercom, answers: Answers, broken: Exception | requests.Response
) -> None:
    """Half of the companies must not pass for all."""
    rest = {"data": [{"id": "2"}], "scroll_param": "s"}
    end = {"data": [], "scroll_param": "s"}
    # It breaks after the first page; the next one is lost (404) there, and the third is whole.
    answers.waiting += [answer(200, COMPANIES), broken, answer(200, COMPANIES), answer(404)]
    answers.waiting += [answer(200, one) for one in (COMPANIES, rest, end)]
    assert [one["id"] for one in tap.streams["companies"].get_records()] == ["1", "2"]


def test_b15_a_record_that_is_newer_than_its_place_moves_no_bookmark(
    tap: TapIntercom, answers: Answers
) -> None:
    """A search that lags shows what changed lately at its old place, before what is older."""
    now = int(tap.run.started_at.timestamp())
    moments = [now - 9 * DAY, now - 60, now - 7 * DAY]
    first, late, second = ({"id": str(moment), "updated_at": moment} for moment in moments)
    following = {"pages": {"next": {"starting_after": "s"}}}
    answers.waiting += [answer(200, {"data": [first, late], **following})]
    answers.waiting += [answer(200, {"data": [second]})]
    contacts = tap.streams["contacts"]
    records = contacts.get_records()
    assert [next(records)["id"] for _ in range(3)] == [first["id"], late["id"], second["id"]]
    assert contacts.stream_state["replication_key_value"] == times.canonical(now - 9 * DAY)


def test_b21_a_scroll_that_always_breaks_is_given_up(tap: TapIntercom, answers: Answers) -> None:
    """A run must end some day, and must not take half of the companies for all."""
    companies = tap.streams["companies"]
    answers.waiting += [answer(200, COMPANIES), answer(500)] * Scroll.starts
    assert list(companies.get_records()) == []
    assert "The scroll was lost" in str(companies.account.failed)
    assert not answers.waiting


def test_a_scroll_that_ends_twice_at_the_same_place_has_ended(
    tap: TapIntercom, answers: Answers
) -> None:
    answers.waiting += [answer(200, COMPANIES), answer(404, {})] * 2
    assert [one["id"] for one in tap.streams["companies"].get_records()] == ["1"]


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_an_odd_date_of_the_first_answer_ends_nothing(
    tap: TapIntercom, answers: Answers, date: str
) -> None:
    answers.waiting.append(answer(200, {"app": {}}, {"Date": date}))
    tap.run.introduce()


def test_a_line_names_no_more_than_can_be_read() -> None:
    names = [f"{number:03}" for number in range(130)]
    assert audit.named(names[::-1]).startswith("000, 001, ")
    assert audit.named(names).endswith(", 099 and 30 more")
    assert audit.named(names[:100]).endswith(", 099")
