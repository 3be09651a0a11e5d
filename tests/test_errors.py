"""Each failure has one verdict, which depends on what was asked for.

What the tap does of a verdict is shown by `test_client.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from answering import answer
from intercom import Intercom, quick

from tap_intercom.api import errors
from tap_intercom.api.bodies import Doubtful, Garbled
from tap_intercom.api.client import Rules
from tap_intercom.api.errors import (
    IN_A_SCROLL,
    LEAVE_OUT,
    OF_EXPORTS,
    OF_SEARCHES,
    RESTART,
    RETRY,
    SKIP_ROWS,
    SMALLER,
    STOP,
    VERDICTS,
    WAIT,
    Failure,
    IntercomError,
    Occupied,
    ScrollLost,
    cause,
    judged,
)
from tap_intercom.api.paginators import Request
from tap_intercom.api.retries import Patience
from tap_intercom.api.sizes import PageSize
from tap_intercom.api.transfer import TooLarge, TooSlow
from tap_intercom.audit import Account

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_intercom.tap import TapIntercom

PENDING = "Exceeded rate limit of 1 pending message data export jobs"


@pytest.fixture
def make_tap(make_tap: Callable[..., TapIntercom]) -> Callable[..., TapIntercom]:  # noqa: ARG001
    return quick  # it is quick, and the one that it takes the place of keeps the signals


def said(status: int, *codes: str, message: str = "Oh") -> Failure:
    """A failure of which Intercom says what it is."""
    listed = [{"code": code, "message": message} for code in codes or ["odd"]]
    return Failure.of_answer(answer(status, {"errors": listed}))


def unsaid(status: int) -> Failure:
    """A failure that something before Intercom's API answers."""
    return Failure.of_answer(answer(status, b"<html>"))


SILENT = Failure.of_network(requests.ConnectionError("no route"))
SLOW = Failure.of_network(TooSlow("late"))
LARGE = Failure.of_network(TooLarge("the answer is larger than 64 MB"))
DOUBTFUL = Failure.of_body(Doubtful("contradicts itself"), answer(200))
GARBLED = Failure.of_body(Garbled("no JSON"), answer(200))

TABLES = [VERDICTS, OF_SEARCHES, IN_A_SCROLL, OF_EXPORTS]

# In that order.
EXPECTED = [
    (SILENT, RETRY, SMALLER, RESTART, RETRY),
    (SLOW, RETRY, SMALLER, RESTART, RETRY),
    (GARBLED, RETRY, RETRY, RESTART, RETRY),
    (LARGE, STOP, SMALLER, RESTART, STOP),
    (DOUBTFUL, RETRY, RETRY, RETRY, RETRY),
    *((said(one), RETRY, RETRY, RESTART, RETRY) for one in (425, 501, 599)),
    *((said(one), RETRY, SMALLER, RESTART, RETRY) for one in (408, 500, 503)),
    *((unsaid(one), RETRY, SMALLER, RESTART, RETRY) for one in (408, 500, 503)),
    *((one(429), RETRY, RETRY, RETRY, RETRY) for one in (said, unsaid)),
    (said(429, message=PENDING), RETRY, RETRY, RETRY, WAIT),
    (said(500, message=PENDING), RETRY, SMALLER, RESTART, RETRY),
    *((said(one), RETRY, SMALLER, RESTART, RETRY) for one in (502, 504)),
    *((unsaid(one), RETRY, SMALLER, RESTART, RETRY) for one in (502, 504)),
    (said(404), SKIP_ROWS, SMALLER, RESTART, SKIP_ROWS),
    (unsaid(404), RETRY, SMALLER, RESTART, RETRY),
    (said(410), SKIP_ROWS, SKIP_ROWS, RESTART, SKIP_ROWS),
    (unsaid(410), RETRY, RETRY, RESTART, RETRY),
    *((said(one, "scroll_exists"), WAIT, WAIT, RESTART, WAIT) for one in (400, 409, 423)),
    (said(400, "other", "scroll_exists"), WAIT, WAIT, RESTART, WAIT),
    (said(409, message="Scroll already exists for this workspace"), WAIT, WAIT, RESTART, WAIT),
    *((one(307), RETRY, RETRY, RESTART, RETRY) for one in (said, unsaid)),
    (said(400, "intercom_version_invalid"), *[LEAVE_OUT] * 4),
    (said(401), *[LEAVE_OUT] * 4),
    (unsaid(401), *[LEAVE_OUT] * 4),
    (said(402), *[LEAVE_OUT] * 4),
    (said(403), *[LEAVE_OUT] * 4),
    (said(403, "api_plan_restricted"), *[LEAVE_OUT] * 4),
    (unsaid(403), RETRY, RETRY, RESTART, RETRY),
    *((said(one), *[STOP] * 4) for one in (400, 405, 406, 407, 409, 411, 422, 424, 426, 499)),
    *((unsaid(one), *[STOP] * 4) for one in (400, 409, 422, 600)),
]


@pytest.mark.parametrize(
    ("failure", "table", "verdict"),
    [
        (failure, number, verdicts[number])
        for failure, *verdicts in EXPECTED
        for number in range(len(TABLES))
    ],
    ids=str,
)
def test_each_failure_has_a_verdict_of_each_table(
    failure: Failure, table: int, verdict: str
) -> None:
    assert judged(failure, TABLES[table]).verdict == verdict


def test_every_row_of_a_table_decides_something() -> None:
    for table in TABLES:
        used = {judged(failure, table) for failure, *_ in EXPECTED}
        # What comes after the rows of one kind of request is for whatever they leave.
        assert {*table} - {*VERDICTS} - used <= {errors.Row(RETRY, frozenset({404}))}
    assert {judged(failure, VERDICTS) for failure, *_ in EXPECTED} == {*VERDICTS}


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (said(400, "intercom_version_invalid"), errors.NO_VERSION),
        (said(402), errors.NO_PLAN),
        (said(403, "api_plan_restricted"), errors.NO_PLAN),
        (said(401, "api_plan_restricted"), errors.NO_PERMISSION),
        (said(401), errors.NO_PERMISSION),
        (said(403), errors.NO_PERMISSION),
        (said(404), ""),
    ],
    ids=str,
)
def test_what_is_left_out_has_a_word_for_why(failure: Failure, why: str) -> None:
    assert judged(failure, VERDICTS).why == why


# Where a page cannot be smaller


def rules(size: int | None = None, **more: Any) -> Rules:
    page_size = None if size is None else PageSize(size)
    more = {"verdicts": OF_SEARCHES, "patience": Patience(4), **more}
    return Rules("tags", "reading tags", Account(), page_size=page_size, **more)


@pytest.mark.parametrize(
    ("failure", "of_one"),
    [(said(404), RETRY), (said(502), RETRY), (unsaid(504), RETRY), (SLOW, RETRY), (LARGE, STOP)],
    ids=str,
)
def test_a_page_of_one_cannot_be_smaller(failure: Failure, of_one: str) -> None:
    assert rules().judge(failure, 2).verdict == SMALLER
    assert rules().judge(failure, 1).verdict == of_one
    assert rules().judge(failure, None).verdict == of_one


POST = Request("/tags", {}, {"query": 1})


@pytest.fixture
def intercom(tap: TapIntercom) -> Intercom:
    return Intercom().before(tap)


pytestmark = pytest.mark.usefixtures("naps")


def sizes(intercom: Intercom) -> list[int]:
    return [one.body["pagination"]["per_page"] for one in intercom.to("/tags")]


def test_a_record_that_is_too_large_is_given_up_at_once(
    tap: TapIntercom, intercom: Intercom, naps: list[float]
) -> None:
    intercom.put("/tags", TooLarge("the answer is larger than 64 MB"))
    with pytest.raises(IntercomError, match="Not read, as the answer is larger than 64 MB"):
        tap.run.client.send(POST, rules(1))
    assert len(intercom.asked) == 1
    assert naps == []


def test_a_page_that_is_too_large_gets_smaller_down_to_one_record(
    tap: TapIntercom, intercom: Intercom
) -> None:
    intercom.put("/tags", TooLarge("the answer is larger than 64 MB"))
    with pytest.raises(IntercomError, match="please report"):
        tap.run.client.send(POST, rules(9))
    assert sizes(intercom) == [9, 3, 1]


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        *((answer(one), [9, 9, 3, 3, 1, 1, 1, 1]) for one in (404, 408, 500, 502, 503, 504)),
        (TooSlow("late"), [9, 9, 3, 3, 1, 1, 1, 1]),
        (requests.ConnectionError("no route"), [9, 9, 3, 3, 1, 1, 1, 1]),
        (answer(425), [9, 9, 9, 9, 9]),
        (answer(403), [9, 9, 9, 9, 9]),
        (answer(302), [9, 9, 9, 9, 9]),
    ],
    ids=str,
)
def test_one_failure_may_be_anything_and_a_second_one_is_the_size(
    tap: TapIntercom, intercom: Intercom, failure: Any, expected: list[int]
) -> None:
    intercom.put("/tags", failure)
    with pytest.raises(IntercomError):
        tap.run.client.send(POST, rules(9, patience=Patience(5)))
    assert sizes(intercom) == expected


class Stubborn(PageSize):
    """Asks for as many as ever, as it does where pages of other stretches arrive."""

    def ask(self) -> int:
        return 5


def test_a_size_that_failed_is_not_asked_for_again_for_the_same_page(
    tap: TapIntercom, intercom: Intercom
) -> None:
    intercom.put("/tags", answer(504))
    with pytest.raises(IntercomError):
        tap.run.client.send(POST, replace(rules(patience=Patience(3)), page_size=Stubborn(5)))
    assert sizes(intercom) == [5, 5, 4, 3, 2, 1, 1]


def test_failures_of_other_pages_do_not_add_up(tap: TapIntercom, intercom: Intercom) -> None:
    intercom.put("/tags", *[answer(504), {"data": []}] * 3)
    same = rules(9)
    for _ in range(3):
        tap.run.client.send(POST, same)
    assert sizes(intercom) == [9] * 6
    assert (same.account.calls, same.account.retries) == (6, 3)


def test_what_arrived_is_noted_and_a_larger_page_is_tried_and_given_up(
    tap: TapIntercom, intercom: Intercom
) -> None:
    intercom.put("/tags", *[answer(504)] * 2, *[{"data": []}] * 20, answer(504), {"data": []})
    same = rules(9)
    for _ in range(21):
        tap.run.client.send(POST, same)
    # Six lies between three, which works, and nine; one failure of a try is enough.
    assert sizes(intercom) == [9, 9, *[3] * 20, 6, 3]


def test_what_is_asked_for_with_a_get_has_no_size_of_ours(
    tap: TapIntercom, intercom: Intercom
) -> None:
    intercom.put("/tags", answer(504), {"data": []})
    assert tap.run.client.send(Request("/tags"), rules(9)) == {"data": []}
    assert [one.query for one in intercom.asked] == [{}, {}]
    assert rules(9).size_of(Request("/tags")) is None
    assert rules().size_of(POST) is None
    assert rules(9).size_of(POST) == 9


# What is raised, and said


@pytest.mark.parametrize(
    ("failure", "table", "kind"),
    [
        (answer(500), IN_A_SCROLL, ScrollLost),
        (answer(429, {"errors": [{"message": PENDING}]}), OF_EXPORTS, Occupied),
        (answer(404, {}), VERDICTS, errors.Gone),
        (answer(400, {"errors": [{"code": "scroll_exists"}]}), VERDICTS, Occupied),
        (answer(403, {}), VERDICTS, errors.NotAvailable),
        (answer(422), VERDICTS, IntercomError),
        (TooLarge("x"), IN_A_SCROLL, ScrollLost),
    ],
    ids=["restart", "wait", "skip", "scroll", "leave out", "stop", "too large"],
)
def test_each_verdict_has_its_error(
    tap: TapIntercom, intercom: Intercom, failure: Any, table: Any, kind: type[IntercomError]
) -> None:
    intercom.put("/tags", failure)
    with pytest.raises(IntercomError) as raised:
        tap.run.client.send(Request("/tags"), rules(verdicts=table))
    assert raised.type is kind
    assert len(intercom.asked) == 1
    assert raised.value.failure is not None
    assert raised.value.message == f"tags: {raised.value.problem}"


def test_the_permission_to_tick_is_named(tap: TapIntercom, intercom: Intercom) -> None:
    intercom.put("/tags", answer(403, {}))
    with pytest.raises(errors.NotAvailable, match="Tick reading tags in") as raised:
        tap.run.client.send(Request("/tags"), rules())
    assert raised.value.why == errors.NO_PERMISSION


@pytest.mark.parametrize(("status", "is_not_there"), [(404, True), (410, True), (500, False)])
def test_a_scroll_may_be_lost_or_never_have_been(status: int, *, is_not_there: bool) -> None:
    assert ScrollLost("companies", "Oh.", said(status)).is_not_there is is_not_there
    assert not ScrollLost("companies", "Oh.").is_not_there
    assert str(ScrollLost("companies", "Oh.")) == "companies: The scroll was lost. Oh."


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (said(422, "b", "a", message="No."), "Intercom answered 422 (a, b): No.; No."),
        (said(422, "a", message=""), "Intercom answered 422 (a): a."),
        (unsaid(502), "Intercom answered 502 (not from Intercom's API): Reason."),
        (Failure.of_answer(answer(500, {})), "Intercom answered 500."),
        (
            Failure.of_answer(answer(500, {"request_id": "r"}, {"X-Request-Id": "s"})),
            "Intercom answered 500 [request id r].",
        ),
        (
            Failure.of_answer(answer(500, {}, {"X-Request-Id": "s"})),
            "Intercom answered 500 [request id s].",
        ),
        (SILENT, "No answer: no route."),
        (SLOW, "No answer: late."),
        (LARGE, "Not read, as the answer is larger than 64 MB."),
        (GARBLED, "no JSON"),
    ],
    ids=str,
)
def test_a_failure_is_a_sentence(failure: Failure, text: str) -> None:
    assert str(failure) == text


def test_no_more_than_a_few_words_of_an_answer_are_said() -> None:
    assert len(said(422, "a", message="x" * 900).text) == 500


def test_headers_tell_how_long_to_wait() -> None:
    response = answer(500, b"", {"Retry-After": "7"})
    assert Failure.of_answer(response).headers["Retry-After"] == "7"
    assert Failure.of_body(Garbled("x"), response).headers["Retry-After"] == "7"
    assert Failure.of_body(Garbled("x"), response).status == 500


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("outer."), "outer"),
        (ValueError(), "ValueError"),
        (OSError(111, "Connection refused"), "Connection refused"),
    ],
    ids=str,
)
def test_a_cause_is_said_in_words(error: Any, text: str) -> None:
    assert cause(error) == text


def test_the_innermost_cause_is_said() -> None:
    outer, middle, inner = ValueError("outer"), KeyError("middle"), OSError(1, "inner")
    outer.__cause__, middle.__context__ = middle, inner
    assert cause(outer) == "inner"
