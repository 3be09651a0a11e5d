"""Whether it is one call that fails, or everything: what is a sign of life, and what follows."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import requests
from answering import answer
from intercom import Asked, Intercom, quick, synced

from tap_intercom.api import errors, health
from tap_intercom.api.client import Rules
from tap_intercom.api.errors import IntercomError, StillFailing, Unreachable
from tap_intercom.api.health import Health
from tap_intercom.api.paginators import Request
from tap_intercom.api.retries import BRIEF, PATIENT, Patience
from tap_intercom.audit import Account

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_intercom.tap import TapIntercom

MINUTE = 60.0
WELL = {"data": []}


@pytest.fixture
def make_tap(make_tap: Callable[..., TapIntercom]) -> Callable[..., TapIntercom]:  # noqa: ARG001
    return quick


@pytest.fixture
def intercom(tap: TapIntercom) -> Intercom:
    return Intercom(**{"/tags": WELL}).before(tap)


def rules(patience: Patience = PATIENT) -> Rules:
    return Rules("tags", "reading tags", Account(), errors.VERDICTS, patience)


def sent(tap: TapIntercom, patience: Patience = PATIENT) -> Any:
    return tap.run.client.send(Request("/tags"), rules(patience))


def test_a_sign_of_life_ends_a_silence(naps: list[float]) -> None:
    found = Health()
    naps.append(30)
    assert 30 <= found.silent_seconds < 31
    moment = 0.0
    assert found.has_lived_since(moment)
    found.is_alive()
    assert found.silent_seconds < 1


def test_one_thread_in_a_while_may_look_and_one_in_a_minute_may_tell(
    naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "SECONDS_BETWEEN_LOOKS", 1)
    found = Health()
    assert [found.may_look(), found.may_look()] == [True, False]
    assert [found.may_tell(), found.may_tell()] == [True, False]
    naps.append(2)
    assert [found.may_look(), found.may_tell()] == [True, False]
    naps.append(MINUTE)
    assert [found.may_look(), found.may_tell()] == [True, True]


# What Intercom says itself is a sign of life; what is said for it is none.


@pytest.mark.parametrize(
    ("said", "is_life"),
    [
        (WELL, True),
        (answer(404, {}), True),
        (answer(422, {"errors": []}), True),
        (answer(401, {}), True),
        (answer(200, b""), False),
        (answer(404, b"<html>"), False),
        (answer(403, b"<html>"), False),
        (answer(302), False),
        (answer(429, {"errors": []}), False),
        (answer(500, {"errors": []}), False),
        (answer(503, b"<html>"), False),
        (requests.ConnectionError("no route"), False),
        (requests.Timeout("late"), False),
    ],
    ids=str,
)
def test_what_is_a_sign_of_life(
    tap: TapIntercom, intercom: Intercom, naps: list[float], said: Any, *, is_life: bool
) -> None:
    naps.append(10)
    intercom.put("/tags", said)
    with suppress(IntercomError):
        sent(tap, Patience(tries=1, outage_seconds=0))
    assert (tap.run.client.health.silent_seconds < 9) is is_life


# How long is tried


def test_a_call_that_fails_while_others_work_is_tried_ten_times(
    tap: TapIntercom, intercom: Intercom, naps: list[float]
) -> None:
    intercom.put("/tags", answer(500))
    with pytest.raises(StillFailing, match="It did so 10 times; run again later"):
        sent(tap)
    assert len(intercom.to("/tags")) == PATIENT.tries
    assert intercom.to("/me")  # as nobody else was asking
    assert 60 < sum(naps) < 128


def test_or_for_two_minutes(tap: TapIntercom, intercom: Intercom, naps: list[float]) -> None:
    def late(_: Asked) -> Any:
        naps.append(MINUTE)
        return requests.Timeout("late")

    intercom.put("/tags", late)
    with pytest.raises(StillFailing, match="No answer: late"):
        sent(tap)
    assert len(intercom.to("/tags")) == 3  # of which the last two took as long


def test_a_429_is_no_failure_however_often(
    tap: TapIntercom, intercom: Intercom, naps: list[float]
) -> None:
    intercom.put("/tags", *[answer(429)] * 30, WELL)
    assert sent(tap) == WELL
    assert len(naps) == 30


def everything(failure: Any) -> Intercom:
    """An Intercom of which nothing comes, but for the first answer."""
    return Intercom(**{"/tags": failure, "/teams": {"teams": []}}).put("/me", WELL, failure)


@pytest.mark.parametrize(
    "failure",
    [answer(503), answer(429), requests.ConnectionError("no route"), answer(302)],
    ids=["503", "429", "no route", "302"],
)
def test_nothing_at_all_is_waited_out_for_as_long_as_patience_lasts(
    tap: TapIntercom,
    naps: list[float],
    failure: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    everything(failure).before(tap)
    tap.run.client.health.is_alive()
    tap.run.client.session.get("https://intercom.test/me", timeout=9)
    with pytest.raises(Unreachable):
        sent(tap)
    assert 15 * MINUTE < sum(naps) < 17 * MINUTE
    told = [one for one in caplog.messages if "Nothing has come from Intercom for" in one]
    assert 8 <= len(told) <= 16  # once a minute, after the ten tries that are told themselves
    assert all("trying until" in one for one in told)


class NoSuchHost(requests.ConnectionError):
    """What requests says of a name that nobody has."""

    def __init__(self, number: int) -> None:
        super().__init__("no such host")
        self.__cause__ = socket.gaierror(number, "Name or service not known")


def test_a_host_that_is_not_there_ends_the_run_soon(naps: list[float]) -> None:
    run = synced(Intercom().put("/me", NoSuchHost(socket.EAI_NONAME)), "tags")
    assert "could not be reached: Name or service not known" in str(run.error)
    assert "region or api_url" in str(run.error)
    assert len(naps) == 2


def test_but_not_where_it_was_there_before_or_may_be(
    tap: TapIntercom, intercom: Intercom, naps: list[float]
) -> None:
    intercom.put("/tags", WELL, *[NoSuchHost(socket.EAI_NONAME)] * 5, WELL)
    assert [sent(tap), sent(tap)] == [WELL, WELL]
    assert len(naps) == 5
    me = {"app": {"id_code": "ws"}}
    unknown = Intercom(**{"/tags": WELL}).put("/me", *[NoSuchHost(socket.EAI_AGAIN)] * 5, me)
    assert synced(unknown, "tags").error is None


def test_an_outage_that_ends_before_is_no_failure(tap: TapIntercom, naps: list[float]) -> None:
    def away(_: Asked) -> Any:
        return answer(503) if sum(naps) < 10 * MINUTE else WELL

    Intercom(**{"/tags": away}).put("/me", away).before(tap)
    assert sent(tap) == WELL
    assert sum(naps) >= 10 * MINUTE


def test_what_a_person_waits_for_is_tried_three_times_whatever_else_works(
    tap: TapIntercom, intercom: Intercom, naps: list[float]
) -> None:
    intercom.put("/tags", answer(503))
    with pytest.raises(StillFailing):
        sent(tap, BRIEF)
    assert intercom.paths == ["/tags"] * 3
    assert len(naps) == 2


@pytest.mark.parametrize("status", [400, 409, 413, 422])
def test_what_will_not_pass_is_asked_once(
    tap: TapIntercom, intercom: Intercom, naps: list[float], status: int
) -> None:
    intercom.put("/tags", answer(status, {}))
    with pytest.raises(IntercomError) as raised:
        sent(tap)
    assert raised.type is IntercomError
    assert (len(intercom.asked), naps) == (1, [])


def test_a_page_that_says_404_is_asked_for_three_times(
    tap: TapIntercom, intercom: Intercom, naps: list[float]
) -> None:
    intercom.put("/tags", answer(404, b"<html>"))
    with pytest.raises(StillFailing) as raised:
        sent(tap)
    assert raised.value.is_page_of_none
    assert (len(intercom.to("/tags")), len(naps)) == (3, 2)


# In a run


def test_the_first_call_of_a_run_has_the_same_patience(naps: list[float]) -> None:
    def away(_: Asked) -> Any:
        return answer(503) if sum(naps) < 5 * MINUTE else WELL

    run = synced(Intercom(**{"/tags": WELL}).put("/me", away), "tags")
    assert run.error is None
    assert sum(naps) >= 5 * MINUTE


@pytest.mark.parametrize("said", [answer(429), answer(503)], ids=["429", "503"])
def test_that_nobody_asked_for_long_is_no_silence(
    tap: TapIntercom, intercom: Intercom, naps: list[float], said: Any
) -> None:
    # A target may take its time.
    naps.append(60 * MINUTE)
    intercom.put("/tags", said, WELL)
    assert sent(tap) == WELL


@pytest.mark.parametrize("minutes", [1, 2])
def test_how_long_is_set_in_minutes(naps: list[float], minutes: int) -> None:
    failing = Intercom().put("/me", answer(503))
    run = synced(failing, "tags", patience_minutes=minutes)
    assert "503" in str(run.error)
    assert minutes * MINUTE < sum(naps) < (minutes + 1) * MINUTE
