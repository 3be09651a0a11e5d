"""Parents that fail are kept, asked about again, and let go once their rows are out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from answering import answer
from intercom import DAY, STARTED, Asked, Intercom, quick, synced

from tap_intercom.api import errors
from tap_intercom.api.errors import Failure, IntercomError, NotAvailable, StillFailing
from tap_intercom.shapes import losses
from tap_intercom.shapes.losses import IN_A_ROW, Loss, Losses, Portion

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_intercom.shapes.shape import Shape
    from tap_intercom.tap import TapIntercom

SEARCH = "/contacts/search"
NOTES = "contact_notes"


@pytest.fixture
def make_tap(make_tap: Callable[..., TapIntercom]) -> Callable[..., TapIntercom]:  # noqa: ARG001
    return quick


def parent(name: str, second: int = STARTED - DAY) -> dict[str, Any]:
    return {"id": name, "updated_at": second}


def failing(status: int, *codes: str, kind: type[IntercomError] = IntercomError) -> IntercomError:
    failure = Failure.of_answer(answer(status, {"errors": [{"code": one} for one in codes]}))
    return kind(NOTES, f"It answered {status}.", failure)


def lost(*names: str, error: IntercomError | None = None, is_again: bool = False) -> Portion:
    error = error or failing(422, "odd")
    return Portion([], losses=[Loss(parent(one), error) for one in names], is_again=is_again)


def answered(*names: str) -> Portion:
    return Portion([{"id": "n"}], answered=names)


@pytest.fixture
def notes(tap: TapIntercom) -> Shape:
    return tap.streams[NOTES]


def kept(stream: Shape) -> list[str]:
    """Whom the bookmark keeps."""
    return [one["id"] for one in stream.stream_state.get("failed", [])]


def portions_of(found: Any) -> list[list[str]]:
    return [[one["id"] for one in portion.records] for portion in found]


def test_who_fails_is_kept_before_the_next_rows_and_let_go_after_their_own(notes: Shape) -> None:
    found = Losses(notes, "updated_at")
    found.noted(lost("1", "2"))
    assert kept(notes) == ["1", "2"]
    assert notes.account.lost == {"1": "It answered 422.", "2": "It answered 422."}
    read = found.noted(answered("1"))
    assert kept(notes) == ["1", "2"]  # its rows are still to be written
    found.settled(read)
    assert kept(notes) == ["2"]
    assert list(notes.account.lost) == ["2"]


def test_who_was_kept_is_asked_about_first_and_listed_only_if_it_changed(notes: Shape) -> None:
    notes.remember([parent("1"), parent("2"), parent("3")])
    found = Losses(notes, "updated_at")
    assert portions_of(found.again()) == [["1"], ["2"], ["3"]]
    found.noted(lost("1", is_again=True))
    for name in "23":
        found.settled(found.noted(answered(name)))
    listed = [parent("1", STARTED), parent("2"), parent("3", STARTED), parent("4")]
    assert portions_of(found.others([Portion(listed)])) == [["3", "4"]]
    # It failed in this run; the next asks for it as it is now.
    assert notes.stream_state["failed"] == [parent("1", STARTED)]


def test_of_a_feed_who_was_asked_about_again_is_not_listed_at_all(notes: Shape) -> None:
    notes.remember([{"id": "1"}])
    found = Losses(notes, None)
    list(found.again())
    found.settled(found.noted(answered("1")))
    listed = [Portion([parent("1", STARTED), parent("2")])]
    assert portions_of(found.others(listed)) == [["2"]]


def test_what_may_pass_is_put_off_once(notes: Shape) -> None:
    found = Losses(notes, "updated_at")
    found.noted(lost("1", error=failing(500, kind=StillFailing)))
    found.noted(lost("2"))
    found.noted(lost("3", error=failing(500, kind=StillFailing), is_again=True))
    assert portions_of(found.put_off()) == [["1"]]


def test_a_bookmark_stays_before_what_it_cannot_keep(
    notes: Shape, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "MOST_KEPT", 2)
    found = Losses(notes, "updated_at")
    there = Portion([], notes.reach().until)
    assert found.noted(lost("1", "2")).up_to is None
    assert found.noted(there).up_to is not None
    found.noted(lost("1"))
    assert found.noted(there).up_to is not None
    found.noted(lost("3"))
    assert found.noted(there).up_to is None
    assert kept(notes) == ["1", "2"]
    assert list(notes.account.lost) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("others", "are_alike"),
    [
        (failing(422, "odd"), True),
        (failing(422, "even"), False),
        (failing(500, "odd"), False),
        (IntercomError(NOTES, "Round in circles."), False),
    ],
    ids=str,
)
def test_twenty_alike_in_a_row_are_no_accident(
    notes: Shape, others: IntercomError, *, are_alike: bool
) -> None:
    found = Losses(notes, "updated_at")
    for number in range(IN_A_ROW - 1):
        found.noted(lost(str(number)))
    assert not found.are_no_accident
    found.noted(lost("last", error=others))
    assert found.are_no_accident is are_alike
    found.noted(answered("well"))
    assert not found.are_no_accident


def test_without_a_status_it_is_what_is_said_that_is_alike(notes: Shape) -> None:
    found = Losses(notes, "updated_at")
    for number in range(IN_A_ROW):
        found.noted(lost(str(number), error=IntercomError(NOTES, "Round in circles.")))
    assert found.are_no_accident
    assert found.hopeless().problem == "20 contacts in a row failed alike: Round in circles."
    assert type(found.hopeless()) is IntercomError


def test_twenty_that_were_kept_end_no_stream_but_are_asked_about_no_further(notes: Shape) -> None:
    notes.remember([parent(str(number)) for number in range(40)])
    found = Losses(notes, "updated_at")
    asked = 0
    for portion in found.again():
        asked += 1
        found.noted(lost(portion.records[0]["id"], is_again=True))
    assert asked == IN_A_ROW
    assert portions_of(found.others([Portion([parent("new")])])) == [["new"]]
    assert not found.are_no_accident
    assert len(kept(notes)) == 40


def test_who_may_not_be_read_at_all_is_the_permission(notes: Shape) -> None:
    refused = IntercomError(NOTES, "Tick it.", why=errors.NO_PERMISSION)
    found = Losses(notes, "updated_at")
    list(found.others([]))
    found.noted(lost("1", error=refused))
    with pytest.raises(NotAvailable, match="Tick it") as raised:
        found.end()
    assert raised.value.why == errors.NO_PERMISSION
    found.noted(answered("2"))
    found.noted(lost("3", error=refused))
    found.end()  # as one was answered


def test_of_what_failed_otherwise_nothing_follows_for_the_stream(notes: Shape) -> None:
    found = Losses(notes, "updated_at")
    found.noted(lost("1"))
    found.end()


# In a run


def noted(asked: Asked) -> Any:
    return {"data": [{"id": f"of {asked.path.split('/')[2]}"}]}


def contacts(*names: str) -> Intercom:
    rows = [parent(one, STARTED - (90 - int(one)) * DAY) for one in names]
    intercom = Intercom().put(SEARCH, {"data": rows, "total_count": len(rows)})
    for one in names:
        intercom.put(f"/contacts/{one}/notes", noted)
    return intercom


def test_a_failed_parent_is_kept_with_what_it_takes_to_ask_again() -> None:
    intercom = contacts("1", "2", "3").put("/contacts/2/notes", answer(422, {}))
    run = synced(intercom, NOTES)
    assert run.error is None
    assert run.ids(NOTES) == ["of 1", "of 3"]
    assert run.state["bookmarks"][NOTES]["failed"] == [parent("2", STARTED - 88 * DAY)]


@pytest.mark.usefixtures("naps")
def test_a_parent_that_fails_for_a_while_comes_in_a_second_turn() -> None:
    intercom = contacts("1", "2", "3").put("/contacts/2/notes", *[answer(500)] * 5, noted)
    intercom.put("/tags", {"data": [{"id": "t"}]})
    run = synced(intercom, NOTES, "tags")
    assert run.error is None
    assert [row["id"] for _, row in run.records] == ["of 1", "of 3", "t", "of 2"]
    assert not run.state["bookmarks"][NOTES].get("failed")
    assert len(intercom.to("/contacts/2/notes")) == 6


@pytest.mark.usefixtures("naps")
def test_it_is_tried_ten_times_in_all_and_its_time_as_a_parent_is_told() -> None:
    intercom = contacts("1", "2").put("/contacts/2/notes", answer(500))
    run = synced(intercom, NOTES)
    assert run.error is None
    assert len(intercom.to("/contacts/2/notes")) == 3 + 10
    assert [one["id"] for one in run.state["bookmarks"][NOTES]["failed"]] == ["2"]


@pytest.mark.usefixtures("naps")
def test_where_all_fail_alike_the_last_is_tried_in_earnest_and_may_help() -> None:
    names = [str(number) for number in range(1, 31)]
    intercom = contacts(*names)
    tried: dict[str, int] = {}

    def away(asked: Asked) -> Any:
        tried[asked.path] = tried.get(asked.path, 0) + 1
        # It comes back when somebody asks for a fourth time.
        return noted(asked) if max(tried.values()) > 3 else answer(503)

    for one in names:
        intercom.put(f"/contacts/{one}/notes", away)
    run = synced(intercom, NOTES, max_concurrency=1)
    assert run.error is None
    assert sorted(run.ids(NOTES)) == sorted(f"of {one}" for one in names)
    assert not run.state["bookmarks"][NOTES].get("failed")


@pytest.mark.usefixtures("naps")
def test_where_it_does_not_help_the_stream_fails_and_others_are_read() -> None:
    names = [str(number) for number in range(1, 71)]
    intercom = contacts(*names).put("/tags", {"data": [{"id": "t"}]})
    for one in names:
        intercom.put(f"/contacts/{one}/notes", answer(503))
    run = synced(intercom, NOTES, "tags", max_concurrency=1)
    assert "1 failed (contact_notes)" in str(run.error)
    assert run.ids("tags") == ["t"]
    asked = [one for one in intercom.paths if one.endswith("/notes")]
    assert len(asked) <= (IN_A_ROW + 4) * 3 + 10


def test_a_state_in_the_middle_of_rows_still_keeps_their_parent() -> None:
    # Killed between two of its rows, the next run must ask for it again.
    intercom = contacts("1")
    intercom.put("/contacts/1/notes", {"data": [{"id": str(number)} for number in range(2_500)]})
    state = {"bookmarks": {NOTES: {"failed": [parent("1")]}}}
    run = synced(intercom.put(SEARCH, {"data": []}), NOTES, state=state)
    assert run.counts[NOTES] == 2_500
    position = run.messages.index({"type": "STATE", "value": run.states[-1]})
    records = 0
    for message in run.messages[:position]:
        records += message["type"] == "RECORD"
        if message["type"] == "STATE" and records < 2_500:
            assert [one["id"] for one in message["value"]["bookmarks"][NOTES]["failed"]] == ["1"]
    assert not run.state["bookmarks"][NOTES]["failed"]


def test_of_a_batch_only_the_one_that_fails_is_missing() -> None:
    calls = [{"id": str(n), "conversation_id": f"c{n}", "updated_at": STARTED} for n in range(9)]

    def transcripts(asked: Asked) -> Any:
        names = asked.body["conversation_ids"]
        if "c5" in names:
            return answer(422, {})
        return {"data": [{"id": one[1:], "transcript": []} for one in names]}

    intercom = Intercom().put("/calls", {"data": calls}).put("/calls/search", transcripts)
    run = synced(intercom, "call_transcripts")
    assert run.error is None
    told = sorted(row["call_id"] for row in run.rows("call_transcripts"))
    assert told == [str(n) for n in range(9) if n != 5]
    assert len(intercom.to("/calls/search")) == 7  # nine, four and five, two and three, one and one


@pytest.mark.parametrize(("itself", "is_gone"), [(answer(404, {}), True), ({"id": "2"}, False)])
@pytest.mark.usefixtures("naps")
def test_a_page_that_says_404_is_believed_if_the_parent_is_gone(
    itself: Any, *, is_gone: bool
) -> None:
    intercom = contacts("1", "2", "3").put("/contacts/2/notes", answer(404, b"<html>"))
    run = synced(intercom.put("/contacts/2", itself), NOTES)
    assert run.error is None
    assert run.ids(NOTES) == ["of 1", "of 3"]
    assert bool(run.state["bookmarks"][NOTES].get("failed")) is not is_gone
    assert len(intercom.to("/contacts/2/notes")) == (3 if is_gone else 3 + 3)
