"""One request tells of each shape whether it may be read, and what a first sync takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from answering import answer
from intercom import DAY, STARTED, Bookmarks, Intercom, at_path, quick

from tap_intercom import check
from tap_intercom.api.errors import NO_PERMISSION, NO_PLAN, NO_VERSION
from tap_intercom.api.retries import BRIEF
from tap_intercom.check import Estimate, Report, checked, finding, findings
from tap_intercom.shapes.probes import (
    FAILED,
    NOT_ASKED,
    OK,
    Finding,
    Glimpse,
    NotAsked,
    added,
    readable,
    together,
)
from tap_intercom.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_intercom.shapes.shape import Shape
    from tap_intercom.tap import TapIntercom

KINDS = {one.name: one for one in STREAMS}


@pytest.fixture
def make_tap(make_tap: Callable[..., TapIntercom]) -> Callable[..., TapIntercom]:  # noqa: ARG001
    return quick  # it is quick, and the one that it takes the place of keeps the signals


@pytest.fixture
def intercom(tap: TapIntercom) -> Intercom:
    return Intercom().before(tap)


pytestmark = pytest.mark.usefixtures("naps")


def parent(*sample: Any, access: str = OK, **glimpse: Any) -> Finding:
    told = {"records": 7, "pages": 2, **glimpse}
    return Finding("contacts", True, access, "why", Glimpse(sample=sample, **told))  # noqa: FBT003


# What is known of a parent


def test_what_is_known_of_a_parent_is_of_use_where_it_may_be_read() -> None:
    found = parent({"id": "1"})
    assert readable(found) is found.glimpse
    with pytest.raises(NotAsked, match="its parent was not asked") as raised:
        readable(None)
    assert raised.value.access == NOT_ASKED
    with pytest.raises(NotAsked, match="why") as raised:
        readable(parent(access=NO_PLAN))
    assert raised.value.access == NO_PLAN


def test_counts_are_added_up_unless_one_is_unknown() -> None:
    assert added([]) == 0
    assert added([1, 2, 0]) == 3
    assert added([1, None]) is None
    one, other = Glimpse(3, 2, sample=[{"id": "1"}]), Glimpse(None, 5, sample=[{"id": "2"}])
    assert together([one, one]) == Glimpse(6, 4, sample=[{"id": "1"}] * 2)
    assert together([one, other]) == Glimpse(None, 7, sample=[{"id": "1"}, {"id": "2"}])


@pytest.mark.parametrize(
    ("glimpse", "calls"),
    [(Glimpse(), None), (Glimpse(pages=0), 0), (Glimpse(9, 2, 5), 7), (Glimpse(9, None, 5), None)],
)
def test_calls_are_pages_and_details(glimpse: Glimpse, calls: int | None) -> None:
    found = Finding("tags", True, OK, glimpse=glimpse)  # noqa: FBT003
    assert found.calls == calls
    assert found.shown() == {
        "stream": "tags",
        "selected_by_default": True,
        "access": OK,
        "advice": "",
        "records": glimpse.records,
        "calls": calls,
    }


# Children


def test_what_lies_inside_costs_no_more_than_its_parents(
    tap: TapIntercom, intercom: Intercom
) -> None:
    assert tap.streams["ticket_parts"].probe(parent()) == Glimpse(pages=2)
    # What is read once for all costs nothing more.
    assert tap.streams["company_tags"].probe(parent()) == Glimpse(pages=0)
    assert tap.streams["ticket_parts"].probe(parent(pages=None)) == Glimpse()
    assert intercom.asked == []


def test_a_child_is_asked_about_one_parent_that_costs_a_call(
    tap: TapIntercom, intercom: Intercom
) -> None:
    none = {"notes": {"total_count": 0}}
    sample = [{"id": "1", **none}, {"id": "2"}, {"id": "3"}, {"id": "4", **none}]
    intercom.put("/contacts/2/notes", {"data": []})
    glimpse = tap.streams["contact_notes"].probe(parent(*sample))
    # Half of the parents cost a call: of seven, four.
    assert glimpse == Glimpse(pages=2, details=4)
    assert intercom.paths == ["/contacts/2/notes"]
    assert tap.streams["contact_notes"].probe(parent(*sample, records=None)) == Glimpse()


def test_a_child_of_companies_does_not_count_them_again(
    tap: TapIntercom, intercom: Intercom
) -> None:
    intercom.put("/companies/1/contacts", {"data": []})
    glimpse = tap.streams["company_contacts"].probe(parent({"id": "1"}))
    assert glimpse == Glimpse(pages=0, details=7)


@pytest.mark.parametrize(
    ("sample", "records", "advice"),
    [
        ([], 0, "there is no contact"),
        ([], None, "there is no contact"),
        ([{"id": "1", "notes": {"total_count": 0}}], 7, "no contact that has any was at hand"),
    ],
)
def test_without_a_parent_that_has_rows_a_child_is_not_asked(
    tap: TapIntercom, intercom: Intercom, sample: Any, records: Any, advice: str
) -> None:
    with pytest.raises(NotAsked, match=advice):
        tap.streams["contact_notes"].probe(parent(*sample, records=records))
    assert intercom.asked == []


def test_a_feed_is_asked_about_in_the_span_of_a_first_run(
    tap: TapIntercom, intercom: Intercom
) -> None:
    tap.load_state(Bookmarks({"data_connector_executions": STARTED - DAY}).state)
    intercom.put("/data_connectors/1/execution_results", {"data": []})
    tap.streams["data_connector_executions"].probe(parent({"id": "1"}))
    [asked] = intercom.asked
    assert int(asked.query["start_ts"]) < STARTED - 900 * DAY


@pytest.mark.parametrize(("count", "asked", "details"), [(1, 1, 1), (21, 20, 2), (40, 20, 2)])
def test_a_batch_is_asked_about_once(
    tap: TapIntercom, intercom: Intercom, count: int, asked: int, details: int
) -> None:
    intercom.put("/calls/search", {"data": []})
    sample = [{"id": one, "conversation_id": f"{one:03}"} for one in range(count)]
    found = parent({"id": "without"}, *sample, records=count, pages=3)
    assert tap.streams["call_transcripts"].probe(found) == Glimpse(pages=3, details=details)
    assert [len(one.body["conversation_ids"]) for one in intercom.asked] == [asked]
    with pytest.raises(NotAsked, match="no call that belongs to a conversation"):
        tap.streams["call_transcripts"].probe(parent({"id": "without"}))


# What a check makes of it


def found_of(tap: TapIntercom, name: str, **known: Any) -> Finding:
    stream: Any = tap.streams[name]
    return finding(stream.but(patience=BRIEF), {KINDS[one]: told for one, told in known.items()})


@pytest.mark.parametrize(
    ("failure", "access", "advice"),
    [
        (answer(403, {}), NO_PERMISSION, "tick read_tags"),
        (answer(401), NO_PERMISSION, "tick read_tags"),
        (answer(402), NO_PLAN, ""),
        (answer(400, {"errors": [{"code": "intercom_version_invalid"}]}), NO_VERSION, ""),
        (answer(404, {}), FAILED, "it is not there"),
        (answer(422, {}), FAILED, "Intercom answered 422."),
        (answer(500), FAILED, "It did so 3 times"),
    ],
    ids=str,
)
def test_what_is_in_the_way_is_found(
    tap: TapIntercom, intercom: Intercom, failure: Any, access: str, advice: str
) -> None:
    intercom.put("/tags", failure)
    found = found_of(tap, "tags")
    assert (found.stream, found.selected_by_default, found.access) == ("tags", True, access)
    assert advice in found.advice
    assert bool(found.advice) == bool(advice)
    assert (found.glimpse, found.seconds, found.calls) == (Glimpse(), None, None)


def test_what_may_be_read_is_found_with_its_cost(tap: TapIntercom, intercom: Intercom) -> None:
    intercom.put("/tags", {"data": [{"id": "1"}], "total_count": 3, "pages": {"next": "/?page=2"}})
    found = found_of(tap, "tags")
    assert (found.access, found.advice, found.calls) == (OK, "", 3)
    assert found.glimpse.records == 3
    assert found.seconds is not None
    assert 0 <= found.seconds < 5


def test_what_the_version_does_not_have_is_not_asked(make_tap: Callable[..., TapIntercom]) -> None:
    tap = make_tap(api_version="2.13")
    intercom = Intercom().before(tap)
    found = found_of(tap, "calls")
    assert (found.access, found.advice) == (NO_VERSION, "needs api_version 2.14 or newer")
    assert intercom.asked == []


def test_a_child_fails_as_its_parent_does(tap: TapIntercom) -> None:
    found = found_of(tap, "ticket_parts", tickets=parent(access=NO_PERMISSION))
    assert (found.access, found.advice) == (NO_PERMISSION, "why")


def test_children_are_asked_after_their_parents(tap: TapIntercom, intercom: Intercom) -> None:
    intercom.put("/contacts/1/notes", {"data": []})
    body = {"data": [{"id": "1"}], "total_count": 5}
    intercom.put("/contacts/search", body).put("/tags", {"data": []})
    streams: list[Any] = [tap.streams[one] for one in ("contact_notes", "contacts", "tags")]
    found = findings(streams, 4)
    assert {kind.name: one.access for kind, one in found.items()} == {
        "contacts": OK,
        "tags": OK,
        "contact_notes": OK,
    }
    assert found[KINDS["contact_notes"]].calls == 1 + 5
    assert intercom.paths[-1] == "/contacts/1/notes"
    assert len(intercom.paths) == 3


def test_a_check_goes_round_all_streams(
    make_tap: Callable[..., TapIntercom], monkeypatch: pytest.MonkeyPatch
) -> None:
    tap = make_tap(rate_limit_share=50, max_concurrency=7)
    few: dict[str, Shape] = {one: tap.streams[one] for one in ("tags", "contact_notes", "contacts")}
    monkeypatch.setattr(type(tap), "streams", few)
    intercom = Intercom().before(tap)
    intercom.put(
        "/me", lambda _: answer(200, {"id": "7", "app": None}, {"X-RateLimit-Limit": "900"})
    )
    intercom.put("/tags", {"data": []}).put("/contacts/search", at_path("data", []))
    report = checked(tap)
    assert [one.stream for one in report.findings] == [*few]
    assert [one.access for one in report.findings] == [OK, NOT_ASKED, OK]
    assert (report.calls_a_window, report.share, report.concurrency) == (900, 0.5, 7)
    assert report.shown()["admin"] == {"id": "7", "name": None, "email": None}
    intercom.put(
        "/me", lambda _: answer(200, {"id": "7", "app": None}, {"X-RateLimit-Limit": "many"})
    )
    assert checked(tap).calls_a_window is None
    intercom.put("/tags", answer(500))
    before = len(intercom.asked)
    [tags, *_] = checked(tap).findings
    assert tags.access == FAILED
    assert len(intercom.asked) - before == 1 + 3 + 1  # with little patience


# What a first sync takes


def one(pages: int | None, details: int = 0, **more: Any) -> Finding:
    told = {"selected_by_default": True, "access": OK, **more}
    return Finding("tags", glimpse=Glimpse(pages=pages, details=details), **told)


def report(*found: Finding, limit: int | None = 100, concurrency: int = 4) -> Report:
    return Report({}, limit, 0.5, concurrency, list(found))


def test_it_takes_as_long_as_the_limit_or_as_the_answers() -> None:
    window = check.WINDOW_SECONDS
    found = report(one(10, 40, seconds=0.1), one(50), one(None), one(99, selected_by_default=False))
    # A hundred calls, of which the limit lets fifty go in a window.
    assert found.estimate(whole=False) == Estimate(100, pytest.approx(2 * window / 60))
    assert found.estimate(whole=True).calls == 199
    # Of pages one after the other, and details four at a time, at the middle of the latencies.
    slow = [one(10, 40, seconds=4), one(50, seconds=2), one(0, seconds=3), one(0, seconds=None)]
    assert report(*slow).estimate(whole=True).minutes == pytest.approx((10 + 40 / 4 + 50) * 3 / 60)
    assert report(*slow, limit=None).estimate(whole=True).minutes == pytest.approx(70 * 3 / 60)
    assert report(one(10), limit=None).estimate(whole=True) == Estimate(10, 0.0)
    assert report().estimate(whole=True) == Estimate(0, 0.0)
    assert Estimate(5, 1.26).shown() == {"calls": 5, "minutes": 1.3}
