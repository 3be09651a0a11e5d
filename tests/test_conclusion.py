"""What is said at the end of a run, and how it ends, whatever became of its streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from answering import answer
from intercom import Intercom, synced

from tap_intercom.audit import RunError
from tap_intercom.shapes.shape import Shape
from tap_intercom.streams import STREAMS
from tap_intercom.streams.workspace import Tags

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests
    from runs import Run

THERE = {
    "/tags": {"data": [{"id": "1"}, {"id": "2"}]},
    "/teams": {"teams": [{"id": "t"}]},
    "/admins": {"admins": [{"id": "a"}]},
}
NAMES = ["tags", "teams", "admins"]


def ended(caplog: pytest.LogCaptureFixture, *streams: str, **more: Any) -> tuple[Run, list[str]]:
    """Run the tap, and give what it said."""
    caplog.set_level("INFO")
    answers = {**THERE, **{path: one for path, one in more.items() if path.startswith("/")}}
    settings = {name: one for name, one in more.items() if not name.startswith("/")}
    run = synced(Intercom(**answers), *(streams or NAMES), **settings)
    return run, caplog.messages


def test_all_is_well(caplog: pytest.LogCaptureFixture) -> None:
    run, said = ended(caplog)
    assert run.error is None
    assert said[-1] == "3 streams ended."
    assert "tags: 2 records in 1 call" in said


def test_a_stream_that_fails_fails_the_run_after_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    run, said = ended(caplog, **{"/teams": answer(422, {"errors": [{"code": "odd"}]})})
    assert isinstance(run.error, RunError)
    assert run.error.message == (
        "2 streams ended; 1 failed (teams). Run again: each goes on where it stopped."
    )
    assert run.error.exit_code == 1
    assert [stream for stream, _ in run.records] == ["admins", "tags", "tags"]
    assert any("teams: 0 records in 1 call; incomplete: failed" in one for one in said)
    assert any("Intercom answered 422 (odd)" in one for one in said)


def test_what_is_left_out_is_no_failure_unless_it_is_so_wanted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    refused = {"/teams": answer(403, {"errors": [{"code": "forbidden"}]})}
    run, said = ended(caplog, **refused)
    assert run.error is None
    assert said[-1] == "2 streams ended; 1 left out (teams)."
    run, _ = ended(caplog, strict=True, **refused)
    assert isinstance(run.error, RunError)
    assert run.error.message == (
        "2 streams ended; 1 left out (teams). As strict is set, that is a failure."
    )


def test_a_run_that_ends_early_says_what_was_not_begun(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "tap-intercom")
    me = {"app": {"id_code": "ws"}}
    revoked = answer(401, {"errors": [{"code": "token_revoked"}]})
    intercom = Intercom(**{**THERE, "/tags": revoked}).put("/me", me, revoked)
    run = synced(intercom, *NAMES)
    assert isinstance(run.error, RunError)
    assert "token_revoked" in run.error.message
    assert run.error.message.endswith("1 stream ended; 1 broke off (tags); 1 not begun (teams).")
    assert run.state is not None
    told = [one.partition(":")[0] for one in caplog.messages if " records in " in one]
    assert "tags" in told
    assert "teams" not in told  # though it may have been asked for beforehand


@pytest.mark.parametrize(
    "me",
    [answer(401, {}), answer(402, {}), answer(403, {}), answer(404, {}), answer(200, [])],
    ids=str,
)
def test_a_run_that_cannot_begin_says_one_thing_only(
    caplog: pytest.LogCaptureFixture, me: requests.Response
) -> None:
    caplog.set_level("INFO", "tap-intercom")
    run = synced(Intercom(**THERE).put("/me", me), *NAMES)
    assert isinstance(run.error, RunError)
    assert "deselect the stream" not in run.error.message
    assert not [one for one in caplog.messages if " records in " in one]
    assert run.messages == []


def test_nothing_is_said_of_what_is_not_selected(caplog: pytest.LogCaptureFixture) -> None:
    _, said = ended(caplog, "tags")
    assert not [one for one in said if "deselected" in one or "calls" in one.split(":")[0]]


# Mistakes: of a map, and of the tap


MAPS = [
    {"calls": {"email": None}},
    {"calls": {"__filter__": "nonsense("}},
    {"nobody": {"a": "1"}},
    {"*": {"email": None}},
    {"c*": {"__alias__": "c"}},
]


@pytest.mark.parametrize("maps", MAPS, ids=str)
def test_a_map_for_what_is_not_selected_does_no_harm(
    caplog: pytest.LogCaptureFixture, maps: dict[str, Any]
) -> None:
    run, _ = ended(caplog, stream_maps=maps)
    assert run.error is None
    assert run.counts == {"tags": 2, "teams": 1, "admins": 1}


def test_a_map_that_cannot_be_applied_costs_its_stream(caplog: pytest.LogCaptureFixture) -> None:
    run, said = ended(caplog, stream_maps={"tags": {"__filter__": "nope > 1"}})
    assert "1 failed (tags)" in str(run.error)
    assert run.counts == {"teams": 1, "admins": 1}
    assert any("stream_maps cannot be applied to a record" in one for one in said)


def test_a_mistake_of_the_taps_own_costs_the_stream_that_it_is_made_in(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*_: object) -> Iterator[Any]:
        raise KeyError("oh")
        yield

    monkeypatch.setattr(Tags, "pages", mistaken)
    run, said = ended(caplog)
    assert "1 failed (tags)" in str(run.error)
    assert run.counts == {"teams": 1, "admins": 1}
    assert any("mistake: KeyError: 'oh'. Please report this." in one for one in said)


def test_every_kind_of_stream_has_a_place_where_one_of_it_is_asked_for() -> None:
    places = {kind.name: kind.one for kind in STREAMS if issubclass(kind, Shape)}
    assert places["contacts"] == "/contacts/{id}"
    assert places["companies"] == "/companies/{id}"
    assert places["newsfeeds"] == "/news/newsfeeds/{id}"
    assert places["help_centers"] == "/help_center/help_centers/{id}"


def test_more_companies_than_a_list_can_give_are_to_be_had_otherwise(
    caplog: pytest.LogCaptureFixture,
) -> None:
    over = answer(400, {"errors": [{"code": "client_error", "message": "page limit reached, …"}]})
    run, said = ended(caplog, "companies", companies_method="list", **{"/companies/list": over})
    assert "1 failed (companies)" in str(run.error)
    assert any("set companies_method to scroll or search" in one for one in said)
