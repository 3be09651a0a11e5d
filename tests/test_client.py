"""Every answer has one outcome, every failure one clear sentence, and nothing odd gets in."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest
import requests
from answering import TOKEN, URL, answer
from click import ClickException
from hypothesis import given
from hypothesis import strategies as st

from tap_intercom.api import retries
from tap_intercom.api.address import USER_AGENT
from tap_intercom.api.bodies import Doubtful, Garbled, decode
from tap_intercom.api.client import anything
from tap_intercom.api.errors import (
    ERRORS,
    RETRY,
    VERDICTS,
    Failure,
    Gone,
    IntercomError,
    NotAvailable,
    Occupied,
    StillFailing,
    judged,
)
from tap_intercom.api.paginators import Request
from tap_intercom.api.retries import BRIEF, PATIENT, wait_seconds
from tap_intercom.api.transfer import TooLarge
from tap_intercom.settings import DECLARED

if TYPE_CHECKING:
    from collections.abc import Callable

    from answering import Answers

    from tap_intercom.shapes.shape import Shape
    from tap_intercom.tap import TapIntercom

HTML = b"<html><body>awselb/2.0</body></html>"
TRUNCATED = b'{"type": "list", "data": [{"id": "1"'


def errors(*codes: str, message: str | None = None, request_id: str | None = "req-1") -> Any:
    listed = [{"code": code, "message": message} for code in codes]
    return {"type": "error.list", "request_id": request_id, "errors": listed}


@pytest.fixture
def tags(tap: TapIntercom) -> Shape:
    return tap.streams["tags"].but(patience=BRIEF)


# What to do about an answer

RETRIED = [
    (408, errors("request_timeout")),
    (425, b""),
    (429, errors("rate_limit_exceeded")),
    (429, b"Too Many Requests"),
    (500, errors("server_error")),
    (502, HTML),
    (503, errors("service_unavailable")),
    (504, b""),
    (599, b""),
    (403, HTML),
    (403, b""),
    (301, b""),
    (302, HTML),
    (307, b""),
    (404, HTML),
    (410, HTML),
    (200, b""),
    (200, b" "),
    (200, HTML),
    (200, TRUNCATED),
    (200, b'{"data": "\xff"}'),
    (204, b""),
]
FATAL = [
    (401, errors("unauthorized"), NotAvailable),
    (401, errors("token_unauthorized"), NotAvailable),
    (401, errors("token_suspended"), NotAvailable),
    (401, HTML, NotAvailable),
    (402, errors("plan"), NotAvailable),
    (403, errors("api_plan_restricted"), NotAvailable),
    (403, errors("forbidden"), NotAvailable),
    (400, errors("intercom_version_invalid"), NotAvailable),
    (404, errors("not_found"), Gone),
    (400, errors("scroll_exists"), Occupied),
    (409, errors("client_error", "scroll_exists"), Occupied),
    (423, errors("locked", message="Scroll already exists for this workspace."), Occupied),
    (410, errors("contact_merged"), Gone),
    (400, errors("parameter_invalid"), IntercomError),
    (400, HTML, IntercomError),
    (405, errors(), IntercomError),
    (406, b"", IntercomError),
    (409, errors("conflict"), IntercomError),
    (415, errors("media_type_not_acceptable"), IntercomError),
    (422, errors("data_invalid"), IntercomError),
    (400, {"errors": None}, IntercomError),
    (400, {"errors": ["odd", None, 5]}, IntercomError),
    (400, {"errors": [{}]}, IntercomError),
    (400, {"errors": {"code": "odd"}}, IntercomError),
    (400, ["odd"], IntercomError),
    (400, "odd", IntercomError),
    (400, None, IntercomError),
]


@pytest.mark.parametrize(("status", "body"), RETRIED, ids=repr)
def test_b07_what_may_pass_is_asked_again(
    tags: Shape, answers: Answers, naps: list[float], status: int, body: Any
) -> None:
    """A sync of hours must not end with one answer that went wrong on its way."""
    answers.waiting += [answer(status, body), answer(200, {"data": []})]
    assert tags.fetch(Request("/tags")) == {"data": []}
    assert len(naps) == 1
    assert [request.url for request in answers.asked] == [f"{URL}/tags"] * 2


ODD = [(400, {"errors": 5}, IntercomError), (400, {"errors": True}, IntercomError)]


@pytest.mark.parametrize(("status", "body", "kind"), [*FATAL, *ODD], ids=repr)
def test_b02_what_will_not_pass_is_asked_once(
    tags: Shape, answers: Answers, status: int, body: Any, kind: type[IntercomError]
) -> None:
    """To try again would only hide for a while that somebody has to do something."""
    answers.waiting.append(answer(status, body))
    with pytest.raises(IntercomError) as raised:
        tags.fetch(Request("/tags"))
    assert raised.type is kind
    assert str(status) in raised.value.message
    assert raised.value.message.startswith("tags: ")
    assert raised.value.message.endswith(".")


def test_every_row_of_the_table_has_an_example() -> None:
    failures = [
        Failure.of_answer(answer(status, body))
        for status, body, *_ in [*RETRIED, *FATAL]
        if status >= 300
    ]
    failures += [Failure.of_network(one) for one in (requests.Timeout(), TooLarge())]
    failures.append(Failure.of_body(Doubtful("it contradicts itself"), answer(200)))
    assert {judged(one, VERDICTS) for one in failures} == set(VERDICTS)


@given(st.integers(300, 999), st.binary(max_size=20) | st.just(b"{}"))
def test_every_error_has_an_outcome(status: int, body: bytes) -> None:
    row = judged(Failure.of_answer(answer(status, body)), VERDICTS)
    assert row.verdict == RETRY or (row.verdict in ERRORS and row.advice)


@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectionError(ConnectionResetError(104, "Connection reset by peer")),
        requests.Timeout("timed out"),
        requests.exceptions.ChunkedEncodingError("cut off"),
        requests.exceptions.ContentDecodingError("not gzip"),
    ],
    ids=repr,
)
def test_b07_what_the_network_breaks_is_asked_again(
    tags: Shape, answers: Answers, naps: list[float], error: Exception
) -> None:
    """Connections break in every long sync."""
    answers.waiting += [error, answer(200, {"data": []})]
    assert tags.fetch(Request("/tags")) == {"data": []}
    assert len(naps) == 1


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (answer(500, errors("server_error", message="Oh.")), "500 (server_error): Oh"),
        (answer(200, b""), "200"),
        (requests.ConnectionError("no route"), "no route"),
    ],
    ids=["500", "empty", "network"],
)
def test_b07_what_keeps_failing_is_an_error_that_says_so(
    tags: Shape, answers: Answers, naps: list[float], failure: Any, said: str
) -> None:
    """A run that never ends, or ends without a reason, helps nobody."""
    answers.waiting += [failure] * 3
    with pytest.raises(IntercomError) as raised:
        tags.fetch(Request("/tags"))
    assert raised.value.message.startswith("tags: ")
    assert said in raised.value.message
    assert len(answers.asked) == 3
    assert len(naps) == 2


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("token_unauthorized", NotAvailable),
        ("forbidden", NotAvailable),
        ("api_plan_restricted", NotAvailable),
        ("not_found", Gone),
        ("company_not_found", Gone),
        ("contact_merged", Gone),
        ("parameter_not_found", IntercomError),
        ("rate_limit_exceeded", None),
        ("server_error", None),
        ("out_of_the_ordinary", None),
        (None, None),
    ],
)
@pytest.mark.parametrize("kept", [{}, {"type": "error.list"}, {"request_id": "b3c8"}], ids=str)
def test_an_error_under_a_200_is_judged_by_its_code(
    tags: Shape,
    answers: Answers,
    naps: list[float],
    code: str | None,
    kind: type[IntercomError] | None,
    kept: Any,
) -> None:
    answers.waiting.append(answer(200, {"errors": [{"code": code, "message": "Oh."}], **kept}))
    if kind is None:
        answers.waiting.append(answer(200, {"data": []}))
        assert tags.fetch(Request("/tags")) == {"data": []}
        assert len(naps) == 1
        return
    with pytest.raises(kind) as raised:
        tags.fetch(Request("/tags"))
    assert type(raised.value) is kind
    assert "200 with an error" in raised.value.message
    assert naps == []


def test_a_record_may_have_errors(tags: Shape, answers: Answers) -> None:
    record = {"id": "1", "errors": [{"code": "not_found"}]}
    answers.waiting.append(answer(200, record))
    client = tags.run.client
    assert client.send(Request("/x"), replace(tags.rules, check=anything)) == record


@pytest.mark.parametrize(
    "body",
    [
        {"data": [{"id": "1"}], "has_more": True},
        {"data": [{"id": "1"}], "pages": {"next": {"page": 1}}},
        {"data": [], "total_count": "300"},
    ],
    ids=str,
)
def test_what_contradicts_itself_each_time_is_taken_as_it_is(
    tags: Shape, answers: Answers, naps: list[float], body: Any
) -> None:
    answers.waiting += [answer(200, body) for _ in range(3)]
    assert tags.fetch(Request("/tags")) == body
    assert len(naps) == 2


def test_what_contradicts_itself_once_is_not(
    tags: Shape, answers: Answers, naps: list[float]
) -> None:
    answers.waiting += [answer(200, {"data": [], "total_count": 1}), answer(200, {"data": [{}]})]
    assert tags.fetch(Request("/tags")) == {"data": [{}]}
    assert len(naps) == 1


def test_an_empty_page_after_all_that_are_counted_is_the_end(
    tags: Shape, answers: Answers, naps: list[float]
) -> None:
    answers.waiting.append(answer(200, {"data": [], "total_count": 300}))
    tags.fetch(replace(Request("/tags"), before=300))
    assert naps == []


def test_a_message_tells_code_reason_and_request_id(tags: Shape, answers: Answers) -> None:
    body = errors("invalid_field", "data_invalid", message="No such field.", request_id="b3c8")
    answers.waiting.append(answer(422, body))
    with pytest.raises(IntercomError) as raised:
        tags.fetch(Request("/tags"))
    for part in ("422", "invalid_field", "data_invalid", "No such field", "b3c8"):
        assert part in raised.value.message
    assert ".." not in raised.value.message


def test_a_request_id_may_be_in_the_headers(tags: Shape, answers: Answers) -> None:
    answers.waiting.append(answer(422, b"", {"X-Request-Id": "from-header"}))
    answers.waiting.append(answer(422, errors(request_id=None), {"X-Request-Id": "from-header"}))
    for _ in range(2):
        with pytest.raises(IntercomError, match="from-header"):
            tags.fetch(Request("/tags"))


@pytest.mark.usefixtures("naps")
def test_a_page_of_the_load_balancer_is_not_quoted(tags: Shape, answers: Answers) -> None:
    answers.waiting += [answer(404, HTML)] * 3
    with pytest.raises(StillFailing) as raised:
        tags.fetch(Request("/tags"))
    assert "<html>" not in raised.value.message
    assert "not from Intercom's API" in raised.value.message


def test_an_unknown_version_is_not_called_a_missing_permission(
    tags: Shape, answers: Answers
) -> None:
    answers.waiting.append(answer(400, errors("intercom_version_invalid")))
    with pytest.raises(NotAvailable) as raised:
        tags.fetch(Request("/tags"))
    assert "permission" not in raised.value.message
    assert "api_version" in raised.value.message


def test_a_plan_is_not_called_a_missing_permission(tags: Shape, answers: Answers) -> None:
    answers.waiting.append(answer(403, errors("api_plan_restricted")))
    with pytest.raises(NotAvailable) as raised:
        tags.fetch(Request("/tags"))
    assert "permission" not in raised.value.message
    assert "plan" in raised.value.message


@pytest.mark.usefixtures("naps")
def test_a_list_that_is_not_there_is_not_called_deleted(tap: TapIntercom, answers: Answers) -> None:
    # An api_url with a wrong path answers so, before anything was listed.
    answers.waiting += [answer(404, HTML)] * 3
    with pytest.raises(ClickException) as raised:
        tap.run.introduce()
    assert "since it was listed" not in raised.value.message
    assert "api_url" in raised.value.message


def test_only_a_refused_token_is_called_one(tap: TapIntercom, answers: Answers) -> None:
    answers.waiting.append(answer(400, errors("intercom_version_invalid")))
    with pytest.raises(ClickException) as raised:
        tap.run.introduce()
    assert "token" not in raised.value.message
    assert "api_version" in raised.value.message


def test_a_refused_token_says_what_to_check(tap: TapIntercom, answers: Answers) -> None:
    answers.waiting.append(answer(401, errors("unauthorized", message="Access Token Invalid")))
    with pytest.raises(ClickException) as raised:
        tap.run.introduce()
    for part in ("token", "unauthorized", "api_key", "region", "req-1"):
        assert part in raised.value.message


# Without its token, nothing is said


def everything_said(tap: TapIntercom, answers: Answers, caplog: pytest.LogCaptureFixture) -> str:
    failures: list[Any] = [
        answer(500, errors("server_error", message="Oh")),
        requests.ConnectionError("no route"),
        answer(200, HTML),
        answer(401, errors("unauthorized")),
    ]
    answers.waiting += failures
    stream = tap.streams["tags"]
    with caplog.at_level("DEBUG"), pytest.raises(IntercomError) as raised:
        stream.fetch(Request("/tags"))
    assert len(answers.asked) == len(failures)
    return f"{raised.value!r} {raised.value} {raised.value.__cause__!r} {caplog.text}"


@pytest.mark.usefixtures("naps")
def test_no_message_and_no_log_tells_the_token(
    tap: TapIntercom, answers: Answers, caplog: pytest.LogCaptureFixture
) -> None:
    said = everything_said(tap, answers, caplog)
    assert said.count("Trying again") == 3
    assert answers.asked[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in said


# How a request goes out


def test_a_request_carries_what_intercom_wants(
    make_tap: Callable[..., TapIntercom], mounted: Callable[..., Answers]
) -> None:
    tap = make_tap(api_version="2.10")
    answers = mounted(tap, answer(200, {"data": []}))
    tap.streams["tags"].fetch(Request("/tags", {"page": 2}))
    [request] = answers.asked
    assert (request.method, request.url, request.body) == ("GET", f"{URL}/tags?page=2", None)
    assert request.headers["Intercom-Version"] == "2.10"
    assert request.headers["Accept"] == "application/json"
    assert request.headers["User-Agent"] == USER_AGENT
    assert USER_AGENT.startswith("tap-intercom/")


def test_a_request_may_be_meant_for_a_version_of_its_own(
    make_tap: Callable[..., TapIntercom], mounted: Callable[..., Answers]
) -> None:
    tap = make_tap(api_version="2.17")
    answers = mounted(tap, answer(200, {"data": []}), answer(200, {"data": []}))
    request = Request("/data_attributes", version="2.15")
    tap.streams["tags"].fetch(request)
    tap.streams["tags"].fetch(Request("/data_attributes"))
    assert [one.headers["Intercom-Version"] for one in answers.asked] == ["2.15", "2.17"]
    assert request.key != Request("/data_attributes").key
    assert request.with_params({"page": 2}).version == "2.15"


def test_a_body_makes_it_a_post(tags: Shape, answers: Answers) -> None:
    answers.waiting.append(answer(200, {"data": []}))
    tags.fetch(Request("/x", {}, {"query": "é"}))
    [request] = answers.asked
    assert request.method == "POST"
    assert json.loads(request.body or "") == {"query": "é"}
    assert request.headers["Content-Type"] == "application/json"


def test_the_name_to_send_may_be_set(
    make_tap: Callable[..., TapIntercom], mounted: Callable[..., Answers]
) -> None:
    tap = make_tap(user_agent="acme/1")
    answers = mounted(tap, answer(200, {"data": []}))
    tap.streams["tags"].fetch(Request("/tags"))
    assert answers.asked[0].headers["User-Agent"] == "acme/1"


@pytest.mark.usefixtures("naps")
def test_a_redirect_is_not_followed(tags: Shape, answers: Answers) -> None:
    answers.waiting += [answer(302, b"", {"Location": "https://evil.test/"})] * 3
    with pytest.raises(StillFailing, match="302"):
        tags.fetch(Request("/tags"))
    assert [one.url for one in answers.asked] == [f"{URL}/tags"] * 3


def test_a_search_that_is_not_permitted_checks_the_token_and_is_left_out(
    tap: TapIntercom, answers: Answers
) -> None:
    answers.waiting += [answer(401, errors("token_unauthorized")), answer(200, {"app": {}})]
    assert list(tap.streams["contacts"].get_records()) == []
    assert [(one.method, one.path_url.partition("?")[0]) for one in answers.asked] == [
        ("POST", "/contacts/search"),
        ("GET", "/me"),
    ]
    assert answers.asked[1].body is None
    assert "token_unauthorized" in tap.run.audit.left_out["contacts"]


# How long to wait


def failed(status: int, headers: dict[str, str] | None = None) -> Failure:
    return Failure.of_answer(answer(status, b"", headers))


UNREACHED = Failure.of_network(requests.ConnectionError())


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_is_asked_for_is_kept(status: int) -> None:
    assert wait_seconds(failed(status, {"Retry-After": "7"}), 0) == 7


@pytest.mark.parametrize(
    "failure",
    [
        failed(503, {"Retry-After": "86400"}),
        failed(429, {"X-RateLimit-Reset": "4102444800"}),  # in the year 2100, or so it says
        failed(429, {"X-RateLimit-Reset": "inf"}),
        failed(429, {"X-RateLimit-Reset": "1e300"}),
        failed(500),
    ],
    ids=lambda failure: f"{failure.status} {dict(failure.headers)}",
)
def test_no_wait_is_endless(failure: Failure) -> None:
    assert wait_seconds(failure, 1000) <= retries.LONGEST_WAIT_SECONDS


def test_a_run_is_as_patient_as_the_page_says() -> None:
    declared = DECLARED["properties"]["patience_minutes"]
    assert declared["default"] * 60 == PATIENT.outage_seconds
    assert (PATIENT.tries, PATIENT.seconds) == (10, 120)
    assert "ten tries or two minutes" in declared["description"]


@pytest.mark.parametrize("skew", [-3600, 0, 3600])
def test_b07_the_reset_is_waited_for_by_the_servers_clock(skew: int) -> None:
    """A clock that is off must neither stop a run nor make it ask too early."""
    moment = 1780315200 + skew
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(moment))
    headers = {"Date": date, "X-RateLimit-Reset": str(moment + 6)}
    assert 6 < wait_seconds(failed(429, headers), 0) <= 6 + retries.FIRST_WAIT_SECONDS


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-RateLimit-Reset": "soon"}, {"X-RateLimit-Reset": "1", "Date": "odd"}],
    ids=repr,
)
def test_without_a_reset_a_429_waits_as_others_do(headers: dict[str, str]) -> None:
    assert 1 <= wait_seconds(failed(429, headers), 2) <= 2


@given(st.integers(0, 50))
def test_waits_grow_to_a_bound_and_differ(tries: int) -> None:
    longest = min(retries.FIRST_WAIT_SECONDS * 2**tries, retries.LONGEST_WAIT_SECONDS)
    waits = {wait_seconds(UNREACHED, tries) for _ in range(5)}
    assert all(longest / 2 <= wait <= longest for wait in waits)
    assert len(waits) > 1


NOON = "Mon, 01 Jun 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        (" 7 ", 7),
        ("7.5", 7.5),
        ("120", 120),
        ("300", 300),
        ("Mon, 01 Jun 2026 12:00:20 GMT", 20),
        ("Mon, 01 Jun 2026 14:02:00 +0200", 120),
        ("Monday, 01-Jun-26 12:00:20 GMT", 20),
        ("Mon Jun  1 12:00:20 2026", 20),
        ("301", 32),
        ("99999999", 32),
        ("9" * 400, 32),
        ("Fri, 01 Jun 2029 12:00:00 GMT", 32),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_what_is_asked_for_is_waited_if_it_is_no_longer_than_minutes(
    status: int, asked: str, seconds: float
) -> None:
    """By the clock of the server, whatever ours says."""
    failure = failed(status, {"Retry-After": asked, "Date": NOON})
    assert wait_seconds(failure, 0) == seconds


@pytest.mark.parametrize(
    "asked",
    [
        *("0", "0.0", "-5", "+5", "", "soon", "1e3", "inf", "nan", "0x10", "7 seconds", "1_0"),
        *("\N{SUPERSCRIPT TWO}", "\N{ARABIC-INDIC DIGIT SEVEN}", NOON),
        *("Mon, 01 Jun 2026 11:00:00 GMT", "Mon, 01 Jun 99999999999 12:00:00 GMT", "Mon, 77 Jun"),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_what_asks_for_no_wait_is_waited_for_as_others_are(status: int, asked: str) -> None:
    assert 1 <= wait_seconds(failed(status, {"Retry-After": asked, "Date": NOON}), 2) <= 2


def test_a_moment_is_waited_for_by_our_clock_where_the_server_has_none() -> None:
    date = formatdate(time.time() + 200, usegmt=True)
    assert 100 < wait_seconds(failed(503, {"Retry-After": date}), 0) <= 200
    header = {"Retry-After": "Mon, 01 Jun 2026 12:00:20 GMT", "Date": "odd"}
    assert wait_seconds(failed(503, header), 0) <= retries.FIRST_WAIT_SECONDS


def test_a_moment_at_hand_is_waited_for_a_moment() -> None:
    """Else a call that is asked for again and again would be a flood."""
    least = retries.FIRST_WAIT_SECONDS / 2
    assert least <= wait_seconds(failed(503, {"Retry-After": "0.001"}), 20) <= 2 * least


def test_b20_a_scroll_that_is_open_elsewhere_is_waited_out() -> None:
    """To give up sooner would fail a run for what passes by itself."""
    # It ends at most 60 seconds after its last use.
    least = sum(
        min(wait_seconds(failed(400), tries) for _ in range(50))
        for tries in range(PATIENT.tries - 1)
    )
    assert least >= 60


# What gets in


@pytest.mark.parametrize("body", [b"", b" \n", HTML, TRUNCATED, b"[" * 100_000, b"\xff\xfe\x00"])
def test_a_body_that_is_not_json_may_be_one_next_time(body: bytes) -> None:
    with pytest.raises(Garbled, match="200 with a body that is not JSON"):
        decode(answer(200, body))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (rb'{"a": "x\u0000y"}', {"a": "xy"}),
        (
            rb'{"a\u0000b": {"c\u0000": ["\u0000", {"d": "\u0000e"}]}}',
            {"ab": {"c": ["", {"d": "e"}]}},
        ),
        (rb'{"a": "x\ud800y"}', {"a": "x?y"}),
        (rb'{"a": ["\uDFFF"], "\udc00": 1}', {"a": ["?"], "?": 1}),
        (rb'{"a": "\ud83d\ude00"}', {"a": "\U0001f600"}),
        (rb'{"a": "\ude00\ud83d"}', {"a": "??"}),
        (b'{"a": "\xed\xa0\x80"}', {"a": "?"}),
        (rb'{"a": "\\u0000"}', {"a": r"\u0000"}),
        (b'{"a": NaN, "b": [Infinity, -Infinity]}', {"a": "NaN", "b": ["Infinity", "-Infinity"]}),
        (b'{"a": 1e999, "b": [-1E400]}', {"a": "1e999", "b": ["-1E400"]}),
        (
            b'{"a": 1e-999, "b": 1.5, "c": 12345678901234567890}',
            {"a": 0.0, "b": 1.5, "c": 12345678901234567890},
        ),
        (b'\xef\xbb\xbf{"a": "\xc3\xbc"}', {"a": "ü"}),
        (b"[]", []),
        (b"null", None),
    ],
    ids=repr,
)
def test_what_cannot_be_stored_is_made_so(body: bytes, expected: Any) -> None:
    decoded = decode(answer(200, body))
    assert decoded == expected
    json.dumps(decoded, allow_nan=False, ensure_ascii=False).encode()


@given(
    st.recursive(
        st.text(st.characters(min_codepoint=0, max_codepoint=0xFFFF)) | st.integers() | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_whatever_json_carries_can_be_stored(value: Any) -> None:
    written = json.dumps(decode(answer(200, json.dumps(value).encode())), ensure_ascii=False)
    assert "\\u0000" not in written.replace("\\\\", "")
    written.encode()
