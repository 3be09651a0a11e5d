"""What the sandbox tells about itself."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest
import requests

from tap_intercom.sandbox import holdings, journal, running

if TYPE_CHECKING:
    from calling import Caller, Json, Start


def test_requests_are_counted_busiest_first(start: Start, ever: Json) -> None:
    intercom = start()
    for _ in range(3):
        intercom.get("/contacts/nonsense")
    intercom.get("/contacts/" + intercom.truth("contacts")[0]["id"])
    intercom.search("contacts", ever, per_page=30)
    intercom.using(token="wrong").get("/tags")
    intercom.get("/no/such/thing")
    stats = intercom.sandbox.stats()
    assert stats["requests"] == 7
    assert stats["records"] == 31
    assert stats["endpoints"][0] == {
        "method": "GET",
        "path": "/contacts/{id}",
        "count": 4,
        "statuses": {"404": 3, "200": 1},
        "records": 1,
    }
    rest = {(row["method"], row["path"]): row["statuses"] for row in stats["endpoints"][1:]}
    assert rest == {
        ("POST", "/contacts/search"): {"200": 1},
        ("GET", "/tags"): {"401": 1},
        ("GET", "(unknown path)"): {"404": 1},
    }


def test_429s_are_counted(start: Start) -> None:
    intercom = start(rate_limit=6)
    for _ in range(3):
        intercom.get("/me")
    assert 1 <= intercom.sandbox.stats()["rate_limited"] <= 2


def test_the_log_has_everything_in_order_but_no_token(start: Start, ever: Json) -> None:
    intercom = start()
    intercom.get("/articles", page=1, per_page=3)
    intercom.search("tickets", ever)
    intercom.using(token="demo-secret-token").get("/me")
    intercom.using(token="my-real-token").get("/me")
    url = f"{intercom.sandbox.url}/__sandbox__/stats"
    text = intercom.session.get(url, params={"log": "1"}).text
    assert "secret" not in text
    assert "real" not in text
    log = json.loads(text)["log"]
    assert log == intercom.sandbox.log()
    assert [row["path"] for row in log] == ["/articles", "/tickets/search", "/me", "/me"]
    assert log[0]["query"] == {"page": "1", "per_page": "3"}
    assert log[1]["body"]["query"] == ever
    assert (log[1]["method"], log[1]["status"], log[1]["version"]) == ("POST", 200, "2.17")
    assert [row["token"] for row in log] == ["all-well"] * 3 + ["invalid"]
    assert "log" not in intercom.session.get(url).json()


def test_the_log_is_bounded(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "KEPT", 3)
    intercom = start()
    for number in range(5):
        intercom.get("/articles", page=number + 1)
    assert [row["query"]["page"] for row in intercom.sandbox.log()] == ["3", "4", "5"]
    assert intercom.sandbox.stats()["requests"] == 5


def test_asking_the_sandbox_itself_is_neither_counted_nor_limited(start: Start) -> None:
    intercom = start(rate_limit=6)
    url = f"{intercom.sandbox.url}/__sandbox__"
    for _ in range(20):
        assert intercom.session.get(f"{url}/stats").status_code == 200
        assert intercom.session.get(f"{url}/records/tags").status_code == 200
    assert intercom.sandbox.stats()["requests"] == 0
    assert intercom.session.get(f"{url}/nonsense").status_code == 404
    assert intercom.session.get(f"{url}/records/nonsense").status_code == 404


def test_reset_forgets_what_was_counted_not_what_happened(start: Start) -> None:
    intercom = start().using(token="demo-500-once")
    intercom.get("/me")
    intercom.sandbox.reset()
    assert intercom.sandbox.stats()["requests"] == 0
    assert intercom.sandbox.log() == []
    assert intercom.get("/me").status_code == 200
    intercom.session.post(f"{intercom.sandbox.url}/__sandbox__/reset")
    assert intercom.sandbox.stats()["endpoints"] == []


def test_the_most_in_flight(start: Start) -> None:
    intercom = start(latency_ms=300)
    threads = [threading.Thread(target=intercom.get, args=("/me",)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stats = intercom.sandbox.stats()
    assert 4 <= stats["max_in_flight"] <= 6
    assert stats["in_flight"] == 0


def test_something_happens_right_after_an_answer(start: Start) -> None:
    intercom = start()
    listed = [one["id"] for one in intercom.get("/articles", per_page=9).json()["data"]]
    moved = {"id": listed[4], "updated_at": int(intercom.sandbox.now())}
    intercom.sandbox.meanwhile(
        "/articles",
        {"resource": "articles", "delete": listed[0]},
        {"resource": "articles", "put": moved},
        after=2,
    )
    for path in ("/articles", "/tags", "/articles/nonsense"):
        intercom.get(path)
        assert listed[0] in {one["id"] for one in intercom.truth("articles")}
    answered = intercom.get("/articles", per_page=9).json()["data"]
    assert [one["id"] for one in answered] == listed
    left = [listed[4], *listed[1:4], *listed[5:]]
    for _ in range(2):
        answered = intercom.get("/articles", per_page=8).json()["data"]
        assert [one["id"] for one in answered] == left


@pytest.mark.parametrize(
    "given",
    [
        {"path": "/tags", "after": 0},
        {"path": "/tags", "after": "1"},
        {"path": "/tags", "deeds": [{"resource": "tags"}]},
        {"path": "/tags", "deeds": [{"delete": "1"}]},
        {"path": "/tags", "deeds": ["delete"]},
    ],
    ids=str,
)
def test_what_nobody_can_do_is_not_planned(intercom: Caller, given: Json) -> None:
    url = f"{intercom.sandbox.url}/__sandbox__/meanwhile"
    assert intercom.session.post(url, json=given).status_code == 400
    plan = {"path": "/tags", "after": 1, "deeds": [{"resource": "tags", "delete": "none"}]}
    assert intercom.session.post(url, json=plan).status_code == 200
    assert intercom.get("/tags").status_code == 200


@pytest.mark.parametrize("version", ["2.11", "2.16", "2.17", "Preview"])
def test_the_truth_is_told_for_a_version(intercom: Caller, version: str) -> None:
    url = f"{intercom.sandbox.url}/__sandbox__/records/tickets"
    told = intercom.session.get(url, headers={"Intercom-Version": version}).json()
    caller = intercom.using(version=version)
    query = {"field": "updated_at", "operator": ">", "value": 0}
    found = {row["id"]: row for row in caller.found("tickets", query, per_page=150)}
    assert {row["id"]: row for row in told} == found


def test_a_fault_of_the_sandbox_does_not_pass_for_one_of_intercom(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> object:
        message = "the sandbox itself is broken"
        raise ZeroDivisionError(message)

    def use() -> None:
        with running(size=3) as sandbox:
            monkeypatch.setattr(holdings.Holdings, "table", broken)
            headers = {"Authorization": "Bearer demo", "Intercom-Version": "2.17"}
            requests.get(f"{sandbox.url}/tags", headers=headers, timeout=60)

    with pytest.raises(ZeroDivisionError):
        use()
    assert "the sandbox itself is broken" in capsys.readouterr().err
