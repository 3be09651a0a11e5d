"""People log in and leave as they do at Intercom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from terminal import decide

from tap_intercom.sandbox import Sandbox, running

if TYPE_CHECKING:
    from collections.abc import Iterator

APP = {"client_id": "demo-app", "client_secret": "demo-app-secret"}
BACK = "http://localhost:3333/back"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running(size=10) as one:
        yield one


def address(sandbox: Sandbox, **asked: str) -> str:
    query = {"client_id": "demo-app", "state": 'a "&<b', "redirect_uri": BACK, **asked}
    return f"{sandbox.url}/oauth?{urlencode(query)}"


def sent_back(sandbox: Sandbox, decision: str = "authorize", **asked: str) -> dict[str, str]:
    """Give what comes back with a person who has decided."""
    answer = decide(address(sandbox, **asked), decision, follow=False)
    assert answer.status_code == 302
    back, _, query = answer.headers["Location"].partition("?")
    assert back == asked.get("redirect_uri", BACK)
    return {name: values[0] for name, values in parse_qs(query).items()}


def exchange(sandbox: Sandbox, as_json: bool = False, **asked: str) -> requests.Response:  # noqa: FBT001, FBT002
    url, body = f"{sandbox.url}/auth/eagle/token", {**APP, **asked}
    return requests.post(url, **{"json" if as_json else "data": body}, timeout=60)


def me(sandbox: Sandbox, token: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}", "Intercom-Version": "2.17"}
    return requests.get(f"{sandbox.url}/me", headers=headers, timeout=60)


def code_of(answer: requests.Response) -> Any:
    return answer.json()["errors"][0]["code"]


@pytest.mark.parametrize("as_json", [False, True])
def test_who_authorizes_comes_back_with_a_code_for_a_token(
    sandbox: Sandbox, *, as_json: bool
) -> None:
    back = sent_back(sandbox, state="plain")
    assert back["state"] == "plain"
    assert back["code"].endswith("=")
    answer = exchange(sandbox, as_json, code=back["code"])
    assert answer.status_code == 200
    token = answer.json()
    assert token == {
        "token_type": "Bearer",
        "token": token["token"],
        "access_token": token["token"],
    }
    assert me(sandbox, token["token"]).status_code == 200


def test_who_denies_comes_back_with_an_error(sandbox: Sandbox) -> None:
    assert sent_back(sandbox, "deny", state="plain") == {
        "error": "access_denied",
        "state": "plain",
    }


@pytest.mark.parametrize(
    "asked",
    [
        {"client_id": "nobody"},
        {"client_id": ""},
        {"redirect_uri": "http://evil.example.com/"},
        {"redirect_uri": "nowhere"},
    ],
)
def test_strangers_are_not_asked_about(sandbox: Sandbox, asked: dict[str, str]) -> None:
    assert requests.get(address(sandbox, **asked), timeout=60).status_code == 400
    fields = parse_qs(urlsplit(address(sandbox, **asked)).query)
    pressed = requests.post(f"{sandbox.url}/oauth", data=fields, timeout=60, allow_redirects=False)
    assert pressed.status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "something="},
        {"code": ""},
        {"client_secret": "wrong"},
        {"client_id": "demo-other", "client_secret": "demo-other-secret"},
        {"redirect_uri": "http://localhost:4444"},
        {"grant_type": "refresh_token", "refresh_token": "x"},
    ],
)
def test_a_code_is_for_who_it_was_given_to(sandbox: Sandbox, wrong: dict[str, str]) -> None:
    given = {"code": sent_back(sandbox)["code"], **wrong}
    answer = exchange(sandbox, **given)
    assert (answer.status_code, code_of(answer)) == (401, "unauthorized")


def test_a_code_counts_once_and_for_five_minutes(sandbox: Sandbox) -> None:
    once, late = sent_back(sandbox)["code"], sent_back(sandbox)["code"]
    assert once != late
    assert exchange(sandbox, code=once).status_code == 200
    assert exchange(sandbox, code=once).status_code == 401
    sandbox.advance(301)
    assert exchange(sandbox, code=late).status_code == 401


def test_tokens_that_nobody_was_given_do_not_count(sandbox: Sandbox) -> None:
    answer = me(sandbox, "demo-oauth-000000")
    assert (answer.status_code, code_of(answer)) == (401, "token_not_found")


def test_an_uninstalled_app_has_no_token_that_counts(sandbox: Sandbox) -> None:
    first, second = (
        exchange(sandbox, code=sent_back(sandbox)["code"]).json()["token"] for _ in range(2)
    )
    other = {"client_id": "demo-other", "client_secret": "demo-other-secret"}
    kept = exchange(
        sandbox, code=sent_back(sandbox, client_id="demo-other")["code"], **other
    ).json()["token"]

    uninstall, bearer = f"{sandbox.url}/auth/uninstall", {"Authorization": f"Bearer {first}"}
    assert requests.post(uninstall, headers=bearer, timeout=60).status_code == 200
    assert code_of(me(sandbox, first)) == code_of(me(sandbox, second)) == "token_revoked"
    assert me(sandbox, kept).status_code == 200
    assert requests.post(uninstall, headers=bearer, timeout=60).status_code == 401
    assert requests.post(uninstall, timeout=60).status_code == 401


def test_one_app_has_tokens_that_end_and_are_renewed(sandbox: Sandbox) -> None:
    app = {"client_id": "demo-refreshing", "client_secret": "demo-refreshing-secret"}
    code = sent_back(sandbox, client_id="demo-refreshing")["code"]
    first = exchange(sandbox, code=code, **app).json()
    assert first["expires_in"] == 3_600
    sandbox.advance(3_601)
    assert code_of(me(sandbox, first["token"])) == "token_expired"
    renew = {**app, "grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = exchange(sandbox, **renew).json()
    assert me(sandbox, second["token"]).status_code == 200
    assert exchange(sandbox, **renew).status_code == 401


@pytest.mark.parametrize(
    ("kind", "status"), [("500", 500), ("html", 200), ("empty", 200), ("echo", 400), ("away", 307)]
)
def test_exchanges_go_wrong_by_the_app(sandbox: Sandbox, kind: str, status: int) -> None:
    app = f"demo-exchange-{kind}"
    asked = {"client_id": app, "client_secret": f"{app}-secret"}
    code = sent_back(sandbox, client_id=app)["code"]
    url, body = f"{sandbox.url}/auth/eagle/token", {**asked, "code": code}
    answer = requests.post(url, data=body, timeout=60, allow_redirects=False)
    assert answer.status_code == status
    assert "access_token" not in answer.text


def test_what_was_asked_is_noted_without_the_secrets(sandbox: Sandbox) -> None:
    code = sent_back(sandbox)["code"]
    exchange(sandbox, code=code)
    noted = [(one["method"], one["path"], one["status"]) for one in sandbox.log()]
    assert noted == [
        ("GET", "/oauth", 200),
        ("POST", "/oauth", 302),
        ("POST", "/auth/eagle/token", 200),
    ]
    assert code not in str(sandbox.log())
    assert "secret" not in str(sandbox.log())


def test_text_from_outside_stays_text(sandbox: Sandbox) -> None:
    page = requests.get(address(sandbox, client_id="demo-<script>"), timeout=60)
    assert "<script>" not in page.text
    assert sent_back(sandbox, state="plain", client_id="demo-<script>")["code"]
