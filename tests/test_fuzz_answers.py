"""Whatever Intercom or a proxy answers has an outcome that is foreseen, and nobody waits long."""

from __future__ import annotations

import json
from typing import Any

from answering import answer
from anything import HEADER, HEADERS, JSON
from hypothesis import example, given
from hypothesis import strategies as st

from tap_intercom.api.bodies import Garbled, decode
from tap_intercom.api.errors import ERRORS, RETRY, VERDICTS, Failure, judged
from tap_intercom.api.retries import LONGEST_ASKED_SECONDS, wait_seconds
from tap_intercom.records import times

STATUSES = st.integers(300, 999)

ERROR_BODIES = st.fixed_dictionaries(
    {},
    optional={
        "errors": st.lists(
            st.fixed_dictionaries({}, optional={"code": JSON, "message": JSON}) | JSON, max_size=3
        )
        | JSON,
        "request_id": JSON,
    },
)
BODIES = st.one_of(
    st.binary(max_size=40),
    ERROR_BODIES.map(lambda body: json.dumps(body).encode()),
    JSON.map(lambda body: json.dumps(body).encode()),
    JSON.map(lambda body: json.dumps(body, ensure_ascii=False).encode("utf-16")),
    st.tuples(ERROR_BODIES, st.integers(0, 40)).map(
        lambda one: json.dumps(one[0]).encode()[: one[1]]
    ),
    st.lists(st.sampled_from([*'{}[]":,', "\\u0000", "\\ud800", "1e999", "NaN", "a"])).map(
        lambda parts: "".join(parts).encode()
    ),
)


@given(BODIES)
def test_any_body_is_json_that_can_be_stored_or_may_be_next_time(body: bytes) -> None:
    try:
        decoded = decode(answer(200, body))
    except Garbled:
        return
    written = json.dumps(decoded, allow_nan=False, ensure_ascii=False)
    assert "\\u0000" not in written.replace("\\\\", "")
    written.encode()


@given(JSON)
def test_json_that_needs_no_repair_is_decoded_as_it_is(value: Any) -> None:
    written = json.dumps(value)
    if "\\u0000" not in written:
        assert decode(answer(200, written.encode())) == value


@given(STATUSES, BODIES, HEADERS)
def test_any_error_has_an_outcome_and_a_sentence(
    status: int, body: bytes, headers: dict[str, str]
) -> None:
    read = Failure.of_answer(answer(status, body, headers))
    row = judged(read, VERDICTS)
    assert row.verdict == RETRY or (row.verdict in ERRORS and row.advice)
    assert str(read).startswith(f"Intercom answered {status}")
    assert str(read).endswith(".")


@given(STATUSES, HEADERS, st.integers(0, 50))
@example(503, {"Retry-After": "\N{SUPERSCRIPT TWO}"}, 0)
@example(429, {"Retry-After": "9" * 400}, 0)
@example(429, {"Retry-After": "Mon, 01 Jun 99999999999999 12:00:00 GMT"}, 0)
@example(429, {"Retry-After": "0"}, 0)
@example(429, {"X-RateLimit-Reset": "9", "Date": "Mon, 01 Jun 99999999999999 12:00:00 GMT"}, 0)
@example(429, {"X-RateLimit-Reset": "nan"}, 0)
def test_whatever_the_headers_say_a_wait_is_short(
    status: int, headers: dict[str, str], tries: int
) -> None:
    wait = wait_seconds(Failure.of_answer(answer(status, b"", headers)), tries)
    assert 0 < wait <= LONGEST_ASKED_SECONDS


@given(HEADER)
@example("Mon, 01 Jun 99999999999999999999 12:00:00 GMT")
@example("Mon, 01 Jun 2026 12:00:00 +99999999999999999999")
def test_a_date_is_read_or_refused(header: str) -> None:
    try:
        moment = times.http_date(header)
    except ValueError:
        return
    assert moment.tzinfo is times.UTC
