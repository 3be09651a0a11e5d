"""What is refused before any endpoint is asked: tokens, versions, paths and parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from calling import Caller, Code, Json


@pytest.mark.parametrize("token", ["nonsense", "demo-revoked", ""])
@pytest.mark.parametrize("path", ["/me", "/tags", "/nope"])
def test_a_bad_token_gets_401_and_no_word_of_limits(
    intercom: Caller, code: Code, token: str, path: str
) -> None:
    answer = intercom.using(token=token).get(path)
    assert answer.status_code == 401
    assert code(answer) == "unauthorized"
    assert not [name for name in answer.headers if name.lower().startswith("x-ratelimit")]


def test_only_the_bearer_scheme_is_a_token(intercom: Caller) -> None:
    answer = intercom.call("GET", "/me", headers={"Authorization": "Basic demo"})
    assert answer.status_code == 401


@pytest.mark.parametrize("version", ["2.18", "3.0", "2.1O", "", "preview"])
def test_a_version_that_does_not_exist_is_refused(
    intercom: Caller, code: Code, version: str
) -> None:
    answer = intercom.using(version=version).get("/me")
    assert (answer.status_code, code(answer)) == (400, "intercom_version_invalid")


def test_a_missing_version_is_refused_in_plain_words(intercom: Caller, code: Code) -> None:
    answer = intercom.using(version=None).get("/me")
    assert (answer.status_code, code(answer)) == (400, "intercom_version_invalid")
    assert "header is missing" in answer.text


@pytest.mark.parametrize("version", ["1.0", "2.0", "2.10", "2.17", "Preview", "Unstable"])
def test_every_version_that_exists_is_served(intercom: Caller, version: str) -> None:
    assert intercom.using(version=version).get("/me").status_code == 200


@pytest.mark.parametrize(
    "case",
    [
        ("GET", "/conversations/deleted", "2.15", "2.16"),
        ("POST", "/tickets/search", "2.9", "2.10"),
        ("GET", "/ticket_types", "2.8", "2.9"),
        ("POST", "/companies/search", "2.16", "2.17"),
        ("GET", "/contacts", "1.4", "2.0"),
    ],
)
def test_a_resource_newer_than_the_version_is_refused(
    intercom: Caller, code: Code, ever: Json, case: tuple[str, ...]
) -> None:
    method, path, last, first = case
    body = {"query": ever} if method == "POST" else None
    old = intercom.using(version=last).call(method, path, json=body)
    new = intercom.using(version=first).call(method, path, json=body)
    assert (old.status_code, code(old)) == (400, "intercom_version_invalid")
    assert new.status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nope"), ("POST", "/tags"), ("GET", "/contacts/search/x"), ("DELETE", "/me")],
)
def test_what_does_not_exist_is_not_found(
    intercom: Caller, code: Code, method: str, path: str
) -> None:
    answer = intercom.call(method, path)
    assert (answer.status_code, code(answer)) == (404, "not_found")


@pytest.mark.parametrize("path", ["/tags?x=1", "/contacts?page=2", "/articles?starting_after=a"])
def test_unknown_query_parameters_are_refused(intercom: Caller, code: Code, path: str) -> None:
    answer = intercom.call("GET", path)
    assert (answer.status_code, code(answer)) == (400, "parameter_invalid")


@pytest.mark.parametrize(
    "extra",
    [
        {"per_page": 5},
        {"pagination": {"page": 2}},
        {"pagination": {"per_page": 151}},
        {"sort": {"by": "updated_at"}},
        {"pagination": [1]},
    ],
)
def test_unknown_body_keys_are_refused(
    intercom: Caller, code: Code, ever: Json, extra: Json
) -> None:
    answer = intercom.post("/contacts/search", {"query": ever, **extra})
    assert (answer.status_code, code(answer)) == (400, "parameter_invalid")


@pytest.mark.parametrize("body", ["{", "[]", "7"])
def test_a_body_that_is_no_object_is_refused(intercom: Caller, code: Code, body: object) -> None:
    answer = intercom.call("POST", "/contacts/search", data=body)
    assert (answer.status_code, code(answer)) == (400, "bad_request")


def test_errors_and_answers_carry_limits_and_a_request_id(intercom: Caller) -> None:
    answers = [intercom.get("/me"), intercom.get("/nope")]
    for answer in answers:
        limit, left = (
            int(answer.headers[f"X-RateLimit-{name}"]) for name in ("Limit", "Remaining")
        )
        assert 0 <= left < limit
    assert answers[1].json()["request_id"] == answers[1].headers["X-Request-Id"]
    assert answers[0].headers["X-Request-Id"] != answers[1].headers["X-Request-Id"]
