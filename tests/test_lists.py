"""A list is read to its end, or to the bookmark, and by months without a gap or a row twice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from answering import answer
from intercom import (
    DAY,
    STARTED,
    Asked,
    Bookmarks,
    Intercom,
    ids_of,
    moment,
    paged,
    quick,
    reached,
    reaching,
    records_of,
    waited_for,
)

from tap_intercom.api.bodies import Garbled
from tap_intercom.api.errors import IntercomError, NotAvailable, TokenRefused
from tap_intercom.api.retries import BRIEF
from tap_intercom.audit import ENDED, RunError
from tap_intercom.records import times
from tap_intercom.shapes.lists import List, Windows
from tap_intercom.shapes.probes import NotAsked
from tap_intercom.shapes.reach import INTERCOM_BEGAN

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_intercom.tap import TapIntercom


@pytest.fixture
def make_tap(make_tap: Callable[..., TapIntercom]) -> Callable[..., TapIntercom]:  # noqa: ARG001
    return quick  # it is quick, and the one that it takes the place of keeps the signals


def ago(*days: float, key: str = "updated_at") -> list[dict[str, Any]]:
    """Records that changed so many days before the run; their ids say it, too."""
    return [{"id": str(one), key: int(STARTED - one * DAY)} for one in days]


@pytest.fixture
def intercom(tap: TapIntercom) -> Intercom:
    return Intercom().before(tap)


# One object


def test_one_object_is_a_page_of_one_and_moves_nothing(
    tap: TapIntercom, intercom: Intercom
) -> None:
    intercom.put("/ip_allowlist", {"enabled": True})
    tap.run.introduce()
    [page] = tap.streams["ip_allowlist"].pages(reaching(tap.streams["ip_allowlist"]))
    assert page.records == [{"enabled": True, "workspace_id": "ws"}]
    assert page.up_to is None
    assert [str(one) for one in intercom.asked] == ["GET /me", "GET /ip_allowlist"]


@pytest.mark.usefixtures("naps")
@pytest.mark.parametrize("body", [[{"enabled": True}], {}, {"type": "ip_allowlist"}], ids=str)
def test_what_is_no_object_or_has_nothing_in_it_is_an_error(
    tap: TapIntercom, intercom: Intercom, body: Any
) -> None:
    intercom.put("/ip_allowlist", body)
    stream = tap.streams["ip_allowlist"]
    with pytest.raises(IntercomError, match="is no object"):
        list(stream.pages(stream.reach()))


@pytest.mark.parametrize(
    ("me", "workspace"),
    [
        (
            {"id": "7", "app": {"id_code": "ws", "name": "N", "id": "other"}},
            {"id_code": "ws", "name": "N", "id": "ws", "admin": {"id": "7"}},
        ),
        ({"id": "7", "app": None}, {"id": None, "admin": {"id": "7"}}),
        ({"id": "7"}, {"id": None, "admin": {"id": "7"}}),
        ({"id": "7", "app": "odd"}, {"admin": {"id": "7", "app": "odd"}}),
    ],
    ids=str,
)
def test_the_workspace_is_outside_and_the_teammate_inside(
    tap: TapIntercom, intercom: Intercom, me: Any, workspace: Any
) -> None:
    intercom.put("/me", me)
    stream = tap.streams["workspace"]
    assert records_of(stream.pages(stream.reach())) == [workspace]


def test_an_object_is_asked_for_alike_beforehand_and_in_a_probe(
    tap: TapIntercom, intercom: Intercom
) -> None:
    intercom.put("/ip_allowlist", {"enabled": True})
    stream = tap.streams["ip_allowlist"]
    glimpse = stream.probe(None)
    list(stream.pages(stream.reach()))
    opening = stream.opening(stream.reach())
    assert opening is not None
    assert intercom.paths == [opening.path] * 2
    assert (glimpse.records, glimpse.pages) == (1, 1)


# Pages of a list


def test_all_pages_come_and_only_the_end_says_how_far_they_reach(
    tap: TapIntercom, intercom: Intercom
) -> None:
    pages = [ago(5, 2), ago(9), ago(3)]
    intercom.put("/calls", paged("data", *pages, total=4))
    stream = tap.streams["calls"]
    found = list(stream.pages(reaching(stream)))
    assert [page.records for page in found] == [*pages, []]
    assert reached(found) == [None, None, None, STARTED - 2 * DAY]
    assert stream.account.short == {}
    assert [one.query.get("starting_after") for one in intercom.asked] == [None, "1", "2"]


def test_what_has_no_bookmark_moves_none(tap: TapIntercom, intercom: Intercom) -> None:
    pages = [ago(5, 2), ago(9)]
    intercom.put("/tags", paged("data", *pages))
    found = list(tap.streams["tags"].pages(tap.streams["tags"].reach()))
    assert [page.records for page in found] == [*pages, []]
    assert reached(found) == [None, None, None]


def test_what_has_no_bookmark_is_read_whole_whatever_start_and_end_say(
    make_tap: Callable[..., TapIntercom],
) -> None:
    tap = make_tap(start_date=times.canonical(STARTED - 5 * DAY), end_date="2026-05-31")
    intercom = Intercom().before(tap)
    intercom.put("/tags", {"data": ago(900, 3, 0, -1)})
    assert [one["id"] for one in tap.streams["tags"].get_records()] == ["900", "3", "0", "-1"]


def test_only_what_is_within_reach_comes_and_what_does_not_say(
    tap: TapIntercom, intercom: Intercom
) -> None:
    undated = [{"id": "none"}, {"id": "odd", "updated_at": "odd"}]
    intercom.put("/calls", {"data": [*ago(10, 9, 5, 3, 2), *undated]})
    stream = tap.streams["calls"]
    found = list(stream.pages(reaching(stream, STARTED - 9 * DAY, STARTED - 3 * DAY)))
    assert ids_of(found) == ["9", "5", "3", "none", "odd"]
    # What was left out has been seen: nothing of it is missing.
    assert reached(found)[-1] == STARTED - 2 * DAY


def test_newest_first_is_read_until_a_page_has_something_older(
    tap: TapIntercom, intercom: Intercom
) -> None:
    intercom.put("/articles", paged("data", ago(1, 2), ago(3, 4), ago(5, 4.5), ago(6), total=99))
    stream = tap.streams["articles"]
    found = list(stream.pages(reaching(stream, STARTED - 4 * DAY)))
    # The one at the bookmark may have others of its second after it, on the next page.
    assert ids_of(found) == ["1", "2", "3", "4"]
    assert len(intercom.asked) == 3
    assert reached(found)[-1] == STARTED - DAY
    assert stream.account.short == {}  # it was not read to its end, so nothing is missing


def test_a_page_that_tells_no_time_ends_nothing(tap: TapIntercom, intercom: Intercom) -> None:
    intercom.put("/articles", paged("data", [{"id": "undated"}], [], ago(1)))
    stream = tap.streams["articles"]
    assert ids_of(stream.pages(reaching(stream, STARTED - 4 * DAY))) == ["undated", "1"]


def test_newest_first_reads_no_page_ahead_of_its_end(tap: TapIntercom, intercom: Intercom) -> None:
    intercom.put("/articles", paged("data", ago(1, 9), ago(10)))
    stream = tap.streams["articles"]
    pages = stream.pages(reaching(stream, STARTED - 4 * DAY))
    assert next(pages).records == ago(1)
    assert not waited_for(lambda: len(intercom.asked) > 1, 0.05)


@pytest.mark.parametrize(("name", "since"), [("articles", None), ("calls", 4)])
def test_others_are_read_to_their_end(
    tap: TapIntercom, intercom: Intercom, name: str, since: int | None
) -> None:
    intercom.put(f"/{name}", paged("data", ago(1, 9), ago(10), ago(2), total=5))
    stream = tap.streams[name]
    found = list(stream.pages(reaching(stream, since and STARTED - since * DAY)))
    assert ids_of(found) == (["1", "2"] if since else ["1", "9", "10", "2"])
    assert stream.account.short == {name: (4, 5)}


def test_the_next_page_is_fetched_while_one_is_worked_on(
    tap: TapIntercom, intercom: Intercom
) -> None:
    intercom.put("/calls", paged("data", ago(1), ago(2), ago(3)))
    pages = tap.streams["calls"].pages(reaching(tap.streams["calls"], STARTED - 9 * DAY))
    next(pages)
    assert waited_for(lambda: len(intercom.asked) == 2)


def test_a_trial_fetches_no_page_ahead(tap: TapIntercom, intercom: Intercom) -> None:
    intercom.put("/calls", paged("data", ago(1), ago(2)))
    pages = tap.streams["calls"].pages(reaching(tap.streams["calls"], is_trial=True))
    next(pages)
    assert not waited_for(lambda: len(intercom.asked) > 1, 0.05)


def test_the_last_page_says_how_many_there_are(tap: TapIntercom, intercom: Intercom) -> None:
    first = {"data": ago(1), "total_count": 9, "pages": {"next": {"starting_after": "b"}}}
    intercom.put("/calls", first, {"data": ago(2), "total_count": 2})
    list(tap.streams["calls"].pages(reaching(tap.streams["calls"])))
    assert tap.streams["calls"].account.short == {}


def test_what_intercom_can_leave_out_it_is_asked_to(tap: TapIntercom, intercom: Intercom) -> None:
    intercom.put("/macros", {"data": ago(1)})
    stream = tap.streams["macros"]
    for since in (None, STARTED - 4 * DAY):
        reach = reaching(stream, since)
        list(stream.pages(reach))
        opening = stream.opening(reach)
        assert opening is not None
        bound = {} if since is None else {"updated_since": since}
        assert opening.params == {"per_page": 150, **bound}
    queries = [one.query for one in intercom.asked]
    assert queries[0] == {"per_page": "150"}
    assert queries[1] == {"per_page": "150", "updated_since": str(STARTED - 4 * DAY)}


def test_a_list_may_be_asked_for_with_a_post(make_tap: Callable[..., TapIntercom]) -> None:
    tap = make_tap(companies_method="list")

    def page(asked: Asked) -> Any:
        number = int(asked.query["page"])
        pages = {"page": number, "total_pages": 2}
        return {"data": ago(number), "pages": pages, "total_count": 2}

    intercom = Intercom().before(tap).put("/companies/list", page)
    stream = tap.streams["companies"]
    assert ids_of(stream.pages(reaching(stream))) == ["1", "2"]
    assert [(str(one), one.query["page"], one.body) for one in intercom.asked] == [
        ("POST /companies/list", "1", {}),
        ("POST /companies/list", "2", {}),
    ]


def test_several_lists_are_one_stream(make_tap: Callable[..., TapIntercom]) -> None:
    tap = make_tap(custom_object_types=["a/b", "c"])
    intercom = Intercom().before(tap)
    intercom.put("/custom_object_instances/a%2Fb", {"data": ago(9, 1), "total_count": 3})
    intercom.put("/custom_object_instances/c", paged("data", ago(5), ago(3), total=4))
    stream = tap.streams["custom_object_instances"]
    found = list(stream.pages(reaching(stream)))
    assert ids_of(found) == ["9", "1", "5", "3"]
    assert reached(found) == [None] * 5 + [STARTED - DAY]
    assert stream.account.short == {stream.name: (4, 7)}
    glimpse = stream.probe(None)
    assert (glimpse.records, glimpse.pages) == (7, 1 + 4)
    assert glimpse.sample == ago(9, 1, 5)
    opening = stream.opening(stream.reach())
    assert opening is not None
    assert opening.path.endswith("/a%2Fb")


TYPE = "/custom_object_instances/"


@pytest.mark.parametrize("status", [404, 400, 422])
def test_a_list_of_several_that_cannot_be_read_hides_no_other(
    make_tap: Callable[..., TapIntercom], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    tap = make_tap(custom_object_types=["a", "unheard_of", "b", "unheard_of"])
    intercom = Intercom().before(tap)
    intercom.put(f"{TYPE}a", {"data": ago(9)}).put(f"{TYPE}b", {"data": ago(5)})
    intercom.put(f"{TYPE}unheard_of", answer(status, {}))
    stream = tap.streams["custom_object_instances"]
    found = list(stream.pages(reaching(stream)))
    assert ids_of(found) == ["9", "5"]
    assert reached(found) == [None] * 4  # the bookmark is of all
    assert "unheard_of" in str(stream.account.failed)
    assert "custom_object_types" in str(stream.account.failed)
    assert len(intercom.to(f"{TYPE}unheard_of")) == 1
    assert caplog.text.count("`unheard_of`") == 1


def test_lists_that_may_none_be_read_are_left_out_and_others_are_named(
    make_tap: Callable[..., TapIntercom],
) -> None:
    tap = make_tap(custom_object_types=["a", "b"])
    intercom = Intercom().before(tap)
    intercom.put(f"{TYPE}a", answer(403, {})).put(f"{TYPE}b", answer(403, {}))
    stream = tap.streams["custom_object_instances"]
    with pytest.raises(NotAvailable):
        list(stream.pages(reaching(stream)))
    intercom.put(f"{TYPE}b", {"data": ago(5)})
    assert ids_of(stream.pages(reaching(stream))) == ["5"]
    assert "`a`" in str(stream.account.failed)


def test_lists_that_go_round_in_circles_hide_no_other(
    make_tap: Callable[..., TapIntercom],
) -> None:
    tap = make_tap(custom_object_types=["a", "b"])
    intercom = Intercom().before(tap)
    circle = {"data": ago(9), "pages": {"next": {"starting_after": "x"}}}
    intercom.put(f"{TYPE}a", circle).put(f"{TYPE}b", {"data": ago(5)})
    stream = tap.streams["custom_object_instances"]
    assert ids_of(stream.pages(reaching(stream)))[-1] == "5"
    assert "circles" in str(stream.account.failed)


def test_of_no_list_there_is_nothing_to_ask(tap: TapIntercom) -> None:
    stream = tap.streams["custom_object_instances"]
    assert stream.opening(stream.reach()) is None
    assert ids_of(stream.pages(stream.reach())) == []
    with pytest.raises(NotAsked, match="custom_object_types"):
        stream.probe(None)


OLDER, NEWER = "/data_attributes", "/conversations/attributes"


@pytest.mark.parametrize(
    ("version", "ids", "asked"),
    [
        ("2.15", [1, "b"], [(OLDER, "conversation")]),
        ("2.16", ["1", "b"], [(NEWER, None), (OLDER, "conversation")]),
        ("Preview", ["1", "b"], [(NEWER, None), (OLDER, "conversation")]),
    ],
)
def test_attributes_of_conversations_are_asked_for_as_the_version_has_it(
    make_tap: Callable[..., TapIntercom], version: str, ids: list[Any], asked: Any
) -> None:
    """From 2.16 on, what is built in is only told to older versions, with what is custom."""
    tap = make_tap(api_version=version)
    rows = [{"full_name": "custom_attributes.a", "id": 1, "custom": True}, {"full_name": "b"}]
    intercom = Intercom().before(tap).put(OLDER, {"data": rows})
    intercom.put(NEWER, {"data": [{"id": "1", "name": "a"}]})
    stream = tap.streams["conversation_attributes"]
    assert ids_of(stream.pages(stream.reach())) == ids
    assert [(one.path, one.query.get("model")) for one in intercom.asked] == asked
    assert {one.query["include_archived"] for one in intercom.asked} == {"true"}
    glimpse = stream.probe(None)
    assert (glimpse.records, glimpse.pages) == (len(ids), len(asked))


@pytest.mark.parametrize(
    "refusal",
    [
        answer(status, {"errors": [{"code": code}]})
        for status, code in (
            (400, "intercom_version_invalid"),
            (401, "token_unauthorized"),
            (402, "plan"),
            (403, "api_plan_restricted"),
            (404, "not_found"),
            (422, "parameter_invalid"),
        )
    ],
    ids=lambda one: str(one.status_code),
)
def test_what_completes_a_list_may_be_refused(
    tap: TapIntercom, intercom: Intercom, refusal: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """It costs what it alone would give; and a target must not take that for deleted."""
    intercom.put(NEWER, {"data": [{"id": 1}]}).put(OLDER, refusal)
    stream = tap.streams["conversation_attributes"]
    assert [row["id"] for row in stream.get_records()] == [1]
    account = stream.account
    assert (account.left_out, account.failed, account.progress) == (None, None, ENDED)
    assert account.refused is not None
    assert account.refused.startswith(
        f"those that are built in: Intercom answered {refusal.status_code}"
    )
    assert account.incomplete == ["some of it was refused"]
    assert not account.is_whole
    tap.run.audit.conclude([stream.name], stream.logger, is_strict=False)
    assert f"Left out of conversation_attributes {account.refused}" in caplog.text
    with pytest.raises(RunError, match="strict"):
        tap.run.audit.conclude([stream.name], stream.logger, is_strict=True)
    assert stream.probe(None).advice == f"without {account.refused}"


def test_of_what_completes_a_list_only_what_is_listed_is_left_out(
    make_tap: Callable[..., TapIntercom],
) -> None:
    """By its key, whether that is a number or text; what has no key is nothing that is listed."""
    tap = make_tap()
    intercom = Intercom().before(tap).put(NEWER, {"data": [{"id": 1}, {"name": "odd"}]})
    older = [{"id": "1", "custom": True}, {"id": 2, "custom": True}, {"name": "odd, too"}]
    intercom.put(OLDER, {"data": older})
    stream = tap.streams["conversation_attributes"]
    assert ids_of(stream.pages(stream.reach())) == [1, None, 2, None]


def test_what_completes_a_list_may_fail(
    tap: TapIntercom, intercom: Intercom, naps: list[float]
) -> None:
    """What may pass is no refusal: the next run asks again."""
    intercom.put(NEWER, {"data": [{"id": 1}]}).put(OLDER, answer(500))
    stream = tap.streams["conversation_attributes"].but(patience=BRIEF)
    assert [row["id"] for row in stream.get_records()] == [1]
    assert naps
    assert (stream.account.refused, stream.account.left_out) == (None, None)
    assert stream.account.failed


def test_a_token_that_is_refused_ends_more_than_what_completes_a_list(
    tap: TapIntercom, intercom: Intercom
) -> None:
    refusal = answer(401, {"errors": [{"code": "unauthorized"}]})
    intercom.put(NEWER, {"data": [{"id": 1}]}).put(OLDER, refusal).put("/me", refusal)
    with pytest.raises(TokenRefused):
        list(tap.streams["conversation_attributes"].get_records())


# Where the records are


class Twofold(List):
    """Records in one of two places."""

    name = "tags"
    path = "/tags"
    component = "tag"
    records = "a.rows|b.rows"


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ({"a": {"rows": [{"id": "1"}]}, "b": {"rows": [{"id": "2"}]}}, ["1"]),
        ({"b": {"rows": [{"id": "2"}]}}, ["2"]),
        ({"a": {"rows": None}, "b": {"rows": [{"id": "2"}]}}, ["2"]),
        ({"a": {"rows": []}, "b": {"rows": [{"id": "2"}]}}, []),
        ({"b": {"rows": {"id": "2"}}}, ["2"]),
        ({"b": {"rows": None, "total_count": 0}}, []),
        ({"b": {"rows": {}}, "pages": {"total_count": "0"}}, []),
        ({"a": {"total_count": 0}}, []),
        ({"id": "1", "b": {"rows": None}}, []),
        ([{"id": "3"}], ["3"]),
    ],
    ids=str,
)
def test_of_two_places_the_first_that_has_records_counts(
    tap: TapIntercom, body: Any, rows: list[str]
) -> None:
    stream = Twofold(tap, tap.run)
    assert [row["id"] for row in stream.dig(body)] == rows


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"rows": []},
        {"a": {}},
        {"b": {"rows": 5}},
        {"b": {"rows": None}},
        {"b": {"rows": {}}},
        {"b": {"rows": {"type": "list"}}},
        {"b": {"rows": None, "total_count": 3}},
        {"b": {"total_count": None}},
        {"id": "1", "b": {"rows": None, "total_count": 3}},
        {"id": "1"},
        None,
        5,
        "a",
    ],
    ids=str,
)
def test_no_list_where_records_should_be_is_not_taken_as_empty(tap: TapIntercom, body: Any) -> None:
    with pytest.raises(Garbled, match=r"no list at `a.rows|b.rows`"):
        Twofold(tap, tap.run).dig(body)


def test_records_that_are_no_objects_get_a_name(tap: TapIntercom) -> None:
    assert Twofold(tap, tap.run).dig(["x", None, {"id": "1"}]) == [
        {"value": "x"},
        {"value": None},
        {"id": "1"},
    ]
    types = tap.streams["activity_log_event_types"]
    assert types.dig({"event_types": ["x"]}) == [{"event_type": "x"}]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"b": {"rows": [], "total_count": 7}}, 7),
        ({"a": {"total_count": 5}, "b": {"total_count": 7}, "pages": {"total_count": 9}}, 5),
        ({"pages": {"total_count": 9}}, 9),
        ({"total_count": 3}, None),
        ({}, None),
    ],
    ids=str,
)
def test_how_many_there_are_is_said_beside_the_records(
    tap: TapIntercom, body: Any, said: Any
) -> None:
    assert Twofold(tap, tap.run).said(body) == said


def test_how_many_there_are_may_be_said_beside_the_list(tap: TapIntercom) -> None:
    tags = tap.streams["tags"]
    assert tags.said({"data": [], "total_count": 3, "pages": {"total_count": 9}}) == 3
    assert tags.said({"data": [], "pages": {"total_count": 9}}) == 9
    parts = tap.streams["conversation_parts"]
    body = {"conversation_parts": {"total_count": 3}, "total_count": 9}
    assert parts.said({**body, "statistics": {"count_conversation_parts": 4}}) == 3


# A list by months

MONTH = 30 * DAY


@pytest.fixture
def logs(tap: TapIntercom, intercom: Intercom) -> Windows:
    intercom.put("/admins/activity_logs", {"activity_logs": []})
    stream = tap.streams["activity_logs"]
    assert isinstance(stream, Windows)
    return stream


def spans(stream: Windows, since: int | None, end: int | None = None) -> list[tuple[int, int]]:
    found = stream.spans(reaching(stream, since, end))
    return [(times.epoch(start), times.epoch(end)) for start, end in found]


def test_windows_meet_and_the_last_ends_with_the_run(logs: Windows) -> None:
    since = STARTED - 2 * MONTH - 5
    assert spans(logs, since) == [
        (since, since + MONTH),
        (since + MONTH, since + 2 * MONTH),
        (since + 2 * MONTH, STARTED),
    ]
    assert spans(logs, STARTED - MONTH) == [(STARTED - MONTH, STARTED)]
    assert spans(logs, STARTED - MONTH, STARTED - DAY) == [(STARTED - MONTH, STARTED - DAY)]
    assert spans(logs, STARTED - 1) == [(STARTED - 1, STARTED)]
    assert spans(logs, STARTED) == []


def test_without_a_bookmark_windows_begin_with_the_workspace_or_with_intercom(
    logs: Windows,
) -> None:
    began = times.epoch(INTERCOM_BEGAN)
    assert spans(logs, None)[0] == (began, began + MONTH)
    logs.run.workspace_created_at = moment(STARTED - DAY)
    assert spans(logs, None) == [(STARTED - DAY, STARTED)]
    assert spans(logs, STARTED - 5) == [(STARTED - 5, STARTED)]
    logs.run.workspace_created_at = moment(began - MONTH)
    assert spans(logs, None)[0][0] == spans(logs, began - 1)[0][0] == began


def test_a_window_is_asked_for_a_second_wider_at_each_end(
    logs: Windows, intercom: Intercom
) -> None:
    reach = reaching(logs, STARTED - MONTH - 5)
    opening = logs.opening(reach)
    list(logs.pages(reach))
    first, second = (one.query for one in intercom.asked)
    edge = STARTED - 5
    assert first == {
        "per_page": "250",
        "created_at_after": str(edge - MONTH - 1),
        "created_at_before": str(edge + 1),
    }
    assert second["created_at_after"] == str(edge - 1)
    assert second["created_at_before"] == str(STARTED + 1)
    assert opening is not None
    assert {name: str(one) for name, one in opening.params.items()} == first
    assert logs.opening(reaching(logs, STARTED)) is None


def test_what_lies_where_windows_meet_comes_once(logs: Windows, intercom: Intercom) -> None:
    since, edge = STARTED - MONTH - 5, STARTED - 5
    there = [since - 1, since, edge - 1, edge, edge + 1, STARTED, STARTED + 1]

    def page(asked: Asked) -> Any:
        after, before = (int(asked.query[f"created_at_{side}"]) for side in ("after", "before"))
        rows = [{"id": one, "created_at": one} for one in there if after <= one <= before]
        return {"activity_logs": rows}

    intercom.put("/admins/activity_logs", page)
    found = list(logs.pages(reaching(logs, since)))
    assert ids_of(found) == [since, edge - 1, edge, edge + 1, STARTED]
    assert reached(found) == [None, edge, None, STARTED]
    found = list(logs.pages(reaching(logs, since, edge)))
    assert ids_of(found) == [since, edge - 1, edge]


def test_a_log_without_a_time_comes_all_the_same(logs: Windows, intercom: Intercom) -> None:
    intercom.put("/admins/activity_logs", {"activity_logs": [{"id": "1"}]}, {"activity_logs": []})
    assert ids_of(logs.pages(reaching(logs, STARTED - MONTH - 5))) == ["1"]


def test_each_window_is_compared_with_what_intercom_counts(
    logs: Windows, intercom: Intercom
) -> None:
    rows = ago(1, 2, key="created_at")
    pages = {"next": {"starting_after": "b"}}
    first = {"activity_logs": rows[:1], "pages": pages, "total_count": 2}
    intercom.put("/admins/activity_logs", first, {"activity_logs": rows[1:], "total_count": 5})
    list(logs.pages(reaching(logs, STARTED - MONTH)))
    assert logs.account.short == {"activity_logs": (2, 5)}


def test_a_trial_fetches_no_page_of_a_window_ahead(logs: Windows, intercom: Intercom) -> None:
    rows = ago(1, 2, key="created_at")
    intercom.put("/admins/activity_logs", paged("activity_logs", rows[:1], rows[1:]))
    next(logs.pages(reaching(logs, STARTED - DAY * 9, is_trial=True)))
    assert not waited_for(lambda: len(intercom.asked) > 1, 0.05)
    pages = logs.pages(reaching(logs, STARTED - DAY * 9))
    next(pages)
    assert waited_for(lambda: len(intercom.asked) == 3)


def test_a_probe_asks_for_the_last_window_and_counts_all(
    tap: TapIntercom, logs: Windows, intercom: Intercom
) -> None:
    logs.run.workspace_created_at = moment(STARTED - 2 * MONTH - 5)
    tap.load_state(Bookmarks({logs.name: STARTED - DAY}).state)  # of no account
    body = {"activity_logs": [{}] * 2, "total_count": 3, "pages": {"next": "/x?page=2"}}
    intercom.put("/admins/activity_logs", body)
    assert logs.probe(None).pages == 3 * 2
    [asked] = intercom.asked
    assert asked.query["created_at_after"] == str(STARTED - 6)

    intercom.put("/admins/activity_logs", {"activity_logs": [], "total_count": 0})
    assert logs.probe(None).pages == 3
    intercom.put("/admins/activity_logs", {"activity_logs": [{}], "pages": {"next": "/x?page=2"}})
    assert logs.probe(None).pages is None
    logs.run.workspace_created_at = logs.run.started_at + timedelta(seconds=1)
    glimpse = logs.probe(None)
    assert (glimpse.records, glimpse.pages) == (0, 0)
