"""A run asks first of all who the token belongs to, and what several want it asks once."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from answering import answer
from intercom import DATE, STARTED, Intercom, answered, quick, synced, waited_for

from tap_intercom import run as run_module
from tap_intercom.api.client import Rules
from tap_intercom.api.errors import IN_A_SCROLL, IntercomError, NotAvailable, TokenRefused
from tap_intercom.api.paginators import Request
from tap_intercom.api.retries import PATIENT
from tap_intercom.audit import Account, RunError
from tap_intercom.records import times
from tap_intercom.run import FRESH_SECONDS, Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_intercom.tap import TapIntercom

TAGS = Request("/tags")
RULES = Rules("tags", "reading tags", Account())


@pytest.fixture
def make_tap(make_tap: Callable[..., TapIntercom]) -> Callable[..., TapIntercom]:  # noqa: ARG001
    return quick  # it is quick, and the one that it takes the place of keeps the signals


@pytest.fixture
def intercom(tap: TapIntercom) -> Intercom:
    return Intercom().before(tap)


@pytest.fixture
def run(tap: TapIntercom, intercom: Intercom) -> Run:
    intercom.put("/tags", {"data": [{"id": "1"}]})
    return tap.run


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    return slept


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A steady clock that goes on when a test says so."""
    now = [1_000.0]
    monkeypatch.setattr("tap_intercom.run.time.monotonic", lambda: now[0])
    return now


# Who asks


def test_the_first_answer_tells_the_time_and_the_workspace(run: Run, intercom: Intercom) -> None:
    me = {"app": {"id_code": "ws", "created_at": STARTED - 9}, "id": "7"}
    intercom.put("/me", answered(me, {**DATE, "X": "y"}))
    run.started_at = times.EPOCH
    body, headers = run.introduce()
    assert (body, headers["X"]) == (me, "y")
    assert times.epoch(run.started_at) == STARTED
    assert run.workspace_id == "ws"
    assert times.epoch(run.workspace_created_at or times.EPOCH) == STARTED - 9


@pytest.mark.parametrize("created", [None, "odd", True])
@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_what_the_first_answer_does_not_tell_stays_as_it_was(
    run: Run, intercom: Intercom, created: Any, date: str | None
) -> None:
    headers = {} if date is None else {"Date": date}
    intercom.put("/me", answered({"app": {"created_at": created}}, headers))
    before = run.started_at
    run.introduce()
    assert (run.started_at, run.workspace_id, run.workspace_created_at) == (before, None, None)


def test_who_asks_is_not_asked_for_long(run: Run, intercom: Intercom, naps: list[float]) -> None:
    intercom.put("/me", requests.ConnectionError("no route"))
    with pytest.raises(RunError, match="could not be reached: no route"):
        run.introduce()
    assert len(intercom.asked) == len(naps) + 1 == 3


@pytest.mark.parametrize(
    ("status", "said"),
    [(404, "There is no Intercom API at https://intercom.test: check api_url"), (401, "api_key")],
)
def test_a_run_that_cannot_begin_says_what_to_check(
    run: Run, intercom: Intercom, status: int, said: str
) -> None:
    intercom.put("/me", answer(status, {}))
    with pytest.raises(RunError, match=said):
        run.introduce()
    assert len(intercom.asked) == 1  # a token of the settings is not replaced


def test_what_is_wrong_with_a_token_that_may_not_ask(run: Run, intercom: Intercom) -> None:
    intercom.put("/me", answer(401))
    with pytest.raises(TokenRefused) as refused:
        run.check_token(RULES)
    assert refused.value.message.startswith("tags: Intercom answered 401")
    for status, what in ((402, "plan"), (403, "may not be used for anything")):
        intercom.put("/me", answer(status, {}))
        with pytest.raises(TokenRefused, match=what):
            run.check_token(RULES)
    intercom.put("/me", answer(400, {"errors": [{"code": "intercom_version_invalid"}]}))
    with pytest.raises(NotAvailable, match="newer api_version"):
        run.check_token(RULES)


def test_the_token_is_checked_by_plain_rules_whatever_those_of_the_stream(
    run: Run, intercom: Intercom, naps: list[float]
) -> None:
    intercom.put("/me", answer(500), {"id": "7", "app": None})
    body, _ = run.check_token(replace(RULES, verdicts=IN_A_SCROLL))
    assert body == {"id": "7", "app": None}
    assert len(naps) == 1


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({"api_url": None, "region": "eu"}, "https://api.eu.intercom.io"),
        ({"api_url": None}, "https://api.intercom.io"),
        ({"api_url": "https://x.test/", "region": "eu"}, "https://x.test"),
    ],
    ids=str,
)
def test_where_intercom_is_follows_from_the_settings(
    make_tap: Callable[..., TapIntercom], settings: dict[str, Any], url: str
) -> None:
    assert make_tap(**settings).run.client.address.url == url


# First requests


def test_first_requests_are_sent_once_each_and_all_at_once(run: Run, intercom: Intercom) -> None:
    together = threading.Barrier(3)

    def wait(_: Any) -> Any:
        together.wait(5)
        return {"data": []}

    for path in ("/tags", "/teams", "/admins"):
        intercom.put(path, wait)
    tags, teams, admins = (Request(path) for path in ("/tags", "/teams", "/admins"))
    same = Request("/tags")
    run.open([(one, RULES) for one in (tags, teams, None, admins, same)])
    assert waited_for(lambda: len(intercom.asked) == 3)
    assert run.is_shared(tags)
    assert run.is_shared(same)
    assert not run.is_shared(teams)
    for one in (tags, teams, admins, same):
        assert run.ask(one, RULES, keeps_place=True) == {"data": []}
    assert len(intercom.asked) == 3


def test_no_more_are_sent_at_once_than_the_settings_say(
    make_tap: Callable[..., TapIntercom],
) -> None:
    tap = make_tap(max_concurrency=2)
    release = threading.Event()

    def wait(_: Any) -> Any:
        release.wait(5)
        return {}

    intercom = Intercom().before(tap).put("/tags", wait)
    requests_ = [Request("/tags", {"page": number}) for number in range(5)]
    tap.run.open([(one, RULES) for one in requests_])
    assert waited_for(lambda: len(intercom.asked) == 2)
    assert not waited_for(lambda: len(intercom.asked) > 2, 0.05)
    release.set()
    for one in requests_:
        tap.run.ask(one, RULES, keeps_place=True)
    assert len(intercom.asked) == 5


MORE = {"data": [{"id": "1"}], "pages": {"next": {"starting_after": "b"}}}


@pytest.mark.parametrize(
    ("body", "keeps_place", "seconds", "calls"),
    [
        (MORE, False, 0.0, 1),
        (MORE, False, FRESH_SECONDS - 0.01, 1),
        (MORE, False, FRESH_SECONDS, 2),
        (MORE, False, 99.0, 2),
        (MORE, True, 99.0, 1),
        ({"data": []}, False, 99.0, 1),
    ],
)
def test_an_answer_holds_for_a_while_or_for_good(
    run: Run,
    intercom: Intercom,
    clock: list[float],
    body: Any,
    seconds: float,
    calls: int,
    *,
    keeps_place: bool,
) -> None:
    intercom.put("/tags", body)
    run.open([(TAGS, RULES)])
    assert waited_for(run._openings[TAGS.key].done)  # noqa: SLF001
    clock[0] += seconds
    assert run.ask(TAGS, RULES, keeps_place=keeps_place) == body
    assert len(intercom.asked) == calls


def test_each_reader_gets_records_of_its_own(run: Run) -> None:
    run.open([(TAGS, RULES)])
    first, second = (run.ask(TAGS, RULES, keeps_place=True) for _ in range(2))
    first["data"][0]["id"] = "changed"
    assert second == {"data": [{"id": "1"}]}


def test_what_was_not_asked_beforehand_is_asked_each_time(run: Run, intercom: Intercom) -> None:
    run.open([(Request("/tags", {"x": 1}), RULES)])
    for _ in range(2):
        run.ask(TAGS, RULES, keeps_place=True)
    assert len([one for one in intercom.asked if not one.query]) == 2


def test_what_failed_beforehand_fails_for_whoever_asks(run: Run, intercom: Intercom) -> None:
    intercom.put("/teams", answer(422))
    run.open([(Request("/teams"), RULES), (TAGS, RULES)])
    assert run.ask(TAGS, RULES, keeps_place=True)
    with pytest.raises(IntercomError, match="422"):
        run.ask(Request("/teams"), RULES, keeps_place=True)


def test_what_fails_beforehand_is_not_asked_for_again_once_the_run_has_ended(
    run: Run, intercom: Intercom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would go on for as long as patience lasts, in a program that goes on, too."""
    monkeypatch.setattr("tap_intercom.api.retries.FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr("tap_intercom.api.retries.LONGEST_WAIT_SECONDS", 0.01)
    before = set(threading.enumerate())
    intercom.put("/teams", answer(503))
    rules = replace(RULES, patience=replace(PATIENT, tries=1_000_000))
    run.open([(Request("/teams"), rules)])
    [asking] = set(threading.enumerate()) - before
    assert waited_for(lambda: len(intercom.to("/teams")) > 2)
    run.end()
    asking.join(10)
    assert not asking.is_alive()


def test_a_run_opens_what_is_selected_and_can_be_asked() -> None:
    intercom = Intercom().put("/tags", {"data": []}).put("/teams", {"teams": []})
    intercom.put("/admins", {"admins": []})
    run = synced(intercom, "tags", "teams", "companies", "calls", api_version="2.10")
    assert run.left_out.keys() == {"calls", "companies"}
    assert intercom.paths[0] == "/me"
    assert sorted(intercom.paths[1:4]) == ["/companies/scroll", "/tags", "/teams"]
    assert "/calls" not in intercom.paths
    assert len(intercom.to("/tags")) == len(intercom.to("/teams")) == 1


# What is asked once


def test_what_many_threads_want_is_asked_once(run: Run) -> None:
    asked: list[str] = []

    def ask() -> list[Any]:
        asked.append("x")
        time.sleep(0.01)
        return [{"id": "1"}]

    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(run.once("a", ask))) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == [[{"id": "1"}]] * 8
    assert len(asked) == 1
    run.once("b", ask)
    assert len(asked) == 2


def test_what_was_empty_is_known_and_what_failed_is_not(run: Run) -> None:
    asked: list[str] = []

    def nothing() -> list[Any]:
        asked.append("x")
        return []

    assert run.once("a", nothing) == run.once("a", nothing) == []
    assert len(asked) == 1

    def failing() -> list[Any]:
        raise ValueError("oh")

    with pytest.raises(ValueError, match="oh"):
        run.once("b", failing)
    assert run.once("b", lambda: [{"id": "1"}]) == [{"id": "1"}]


def test_an_answer_is_fresh_for_seconds() -> None:
    assert 1 <= run_module.FRESH_SECONDS <= 60
