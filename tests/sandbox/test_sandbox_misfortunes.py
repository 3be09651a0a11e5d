"""Each misfortune acts, and only where it should."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_intercom.sandbox import export_misfortunes, misfortunes
from tap_intercom.sandbox.misfortunes import MISFORTUNES, PREFIXES

if TYPE_CHECKING:
    from calling import Code, Start

documented = f"{misfortunes.__doc__}{export_misfortunes.__doc__}"
EVER = {"field": "updated_at", "operator": ">", "value": 0}


@pytest.mark.parametrize("token", [*MISFORTUNES, *PREFIXES])
def test_every_misfortune_is_documented(token: str) -> None:
    kind = token.removeprefix("demo-").removesuffix("-once")
    assert token in documented or (token.endswith("-once") and kind in documented)


@pytest.mark.parametrize("token", ["demo", "demo-nothing-in-particular"])
def test_all_well(start: Start, token: str) -> None:
    intercom = start().using(token=token)
    assert [intercom.get("/me").status_code for _ in range(8)] == [200] * 8


@pytest.mark.parametrize(
    ("token", "status", "kind", "said"),
    [
        ("demo-500-once", 500, "json", "server_error"),
        ("demo-502-once", 502, "html", "Bad Gateway"),
        ("demo-503-once", 503, "json", "service_unavailable"),
        ("demo-408-once", 408, "json", "request_timeout"),
        ("demo-empty-once", 200, "json", ""),
        ("demo-html403-once", 403, "html", "awselb/2.0"),
        ("demo-rate-limited-once", 429, "json", "rate_limit_exceeded"),
    ],
)
def test_the_first_call_of_each_endpoint_goes_wrong(
    start: Start, token: str, status: int, kind: str, said: str
) -> None:
    intercom = start().using(token=token)
    for path in ("/me", "/contacts/1"):
        first = intercom.get(path)
        assert first.status_code == status
        assert kind in first.headers["Content-Type"]
        assert said in first.text
        assert bool(first.content) is bool(said)
    assert intercom.get("/me").status_code == 200
    assert intercom.get("/contacts/2").status_code == 404
    assert intercom.using(token=token + "-2").get("/me").status_code == 200


def test_a_limit_that_is_soon_over(start: Start) -> None:
    intercom = start().using(token="demo-rate-limited-once")
    first = intercom.get("/me")
    assert first.headers["X-RateLimit-Remaining"] == "0"
    assert 0 <= int(first.headers["X-RateLimit-Reset"]) - intercom.sandbox.now() <= 1


def test_balancers_know_no_limits(start: Start) -> None:
    headers = start().using(token="demo-502-once").get("/me").headers
    assert not any(name.lower().startswith("x-ratelimit") for name in headers)


def test_a_connection_is_reset(start: Start) -> None:
    intercom = start().using(token="demo-reset-once")
    with pytest.raises(requests.ConnectionError) as caught:
        intercom.get("/me")
    assert "reset" in str(caught.value).lower()
    assert intercom.get("/me").status_code == 200
    assert [row["status"] for row in intercom.sandbox.log()] == [None, 200]


def test_an_answer_is_cut_off(start: Start) -> None:
    intercom = start().using(token="demo-truncated-once")
    first, second = intercom.get("/tags"), intercom.get("/tags")
    assert first.status_code == second.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        first.json()
    assert second.content.startswith(first.content)


def test_an_answer_never_comes(start: Start) -> None:
    intercom = start().using(token="demo-hanging-once")
    began = time.perf_counter()
    with pytest.raises(requests.ReadTimeout):
        requests.get(
            intercom.sandbox.url + "/me",
            headers={"Authorization": "Bearer demo-hanging-once", "Intercom-Version": "2.17"},
            timeout=0.3,
        )
    assert 0.25 < time.perf_counter() - began < 5
    assert intercom.get("/me").status_code == 200


def test_it_hangs_for_a_limited_time(start: Start) -> None:
    intercom = start(hang=0.2).using(token="demo-hanging-once")
    with pytest.raises(requests.ConnectionError):
        intercom.get("/me")


def test_everything_flaky(start: Start) -> None:
    intercom = start().using(token="demo-flaky")
    seen: list[object] = []
    for _ in range(80):
        try:
            answer = intercom.get("/tags")
        except requests.ConnectionError:
            seen.append("reset")
            continue
        whole = answer.status_code == 200 and answer.content.endswith(b"}")
        seen.append("well" if whole else (answer.status_code, answer.content[:1]))
    wrong = [
        (500, b"{"),
        (502, b"<"),
        (503, b"{"),
        "reset",
        (200, b""),
        (403, b"<"),
        (408, b"{"),
        (200, b"{"),
    ]
    assert [kind for kind in seen if kind != "well"] == wrong * 2
    assert seen[4::5] == wrong * 2


def test_slow(start: Start) -> None:
    intercom = start().using(token="demo-slow")
    began = time.perf_counter()
    assert intercom.get("/me").status_code == 200
    assert time.perf_counter() - began >= 0.5


def test_down(start: Start) -> None:
    intercom = start().using(token="demo-down")
    assert {intercom.get(path).status_code for path in ("/me", "/tags", "/x")} == {503}


def test_few_calls(start: Start) -> None:
    intercom = start().using(token="demo-rate-limited")
    assert 429 in [intercom.get("/me").status_code for _ in range(11)]
    assert intercom.get("/me").headers["X-RateLimit-Limit"] == "5"


@pytest.mark.parametrize(
    "case",
    [
        ("tickets", "/tickets/1", 401, "token_unauthorized"),
        ("tags", "/tags", 401, "token_unauthorized"),
        ("contact_attributes", "/data_attributes?model=contact", 401, "token_unauthorized"),
        ("deleted_conversations", "/conversations/deleted", 403, "forbidden"),
    ],
)
def test_permissions(start: Start, code: Code, case: tuple[Any, ...]) -> None:
    resource, path, status, said = case
    intercom = start().using(token=f"demo-no-permission-{resource}")
    answer = intercom.get(path)
    assert (answer.status_code, code(answer)) == (status, said)
    assert intercom.get("/me").status_code == 200
    assert intercom.get("/segments").status_code == 200
    assert intercom.get("/data_attributes?model=company").status_code == 200


def test_plans(start: Start, code: Code) -> None:
    intercom = start().using(token="demo-plan-conversations")
    answers = [intercom.search("conversations", EVER), intercom.get("/conversations/1")]
    for answer in answers:
        assert (answer.status_code, code(answer)) == (403, "api_plan_restricted")
    assert intercom.search("contacts", EVER).status_code == 200


def test_heavy_pages(start: Start) -> None:
    intercom = start(size=120).using(token="demo-heavy-pages")
    answer = intercom.search("contacts", EVER, per_page=51)
    assert (answer.status_code, answer.text[:6]) == (504, "<html>")
    assert len(intercom.found("contacts", EVER, per_page=50)) == 120
    assert intercom.get("/contacts", per_page=150).status_code == 200


@pytest.mark.parametrize(
    ("token", "status", "said"),
    [
        ("demo-scroll-breaks", 500, "Please restart the scroll operation"),
        ("demo-scroll-expires", 404, "not_found"),
    ],
)
def test_a_scroll_is_lost_once(start: Start, token: str, status: int, said: str) -> None:
    intercom = start().using(token=token)
    name = intercom.get("/companies/scroll").json()["scroll_param"]
    broken = intercom.get("/companies/scroll", scroll_param=name)
    assert broken.status_code == status
    assert said in broken.text
    assert intercom.get("/companies/scroll", scroll_param=name).status_code == 404
    page, seen = intercom.get("/companies/scroll").json(), 0
    while page["data"]:
        seen += len(page["data"])
        page = intercom.get("/companies/scroll", scroll_param=page["scroll_param"]).json()
    assert seen == 253


def test_a_scroll_ends_with_404(start: Start) -> None:
    intercom = start().using(token="demo-scroll-ends-404")
    name = intercom.get("/companies/scroll").json()["scroll_param"]
    statuses = [intercom.get("/companies/scroll", scroll_param=name).status_code for _ in range(3)]
    assert statuses == [200, 200, 404]


def test_a_scroll_is_held_by_another(start: Start, code: Code) -> None:
    intercom = start().using(token="demo-scroll-held")
    answers = [intercom.get("/companies/scroll") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [400, 400, 200]
    assert code(answers[0]) == "scroll_exists"


def test_cursors_go_in_circles(start: Start) -> None:
    intercom = start().using(token="demo-cursor-loop")
    seen, after = [], None
    for _ in range(6):
        answer = intercom.search("contacts", EVER, per_page=4, after=after).json()
        after = answer["pages"]["next"]["starting_after"]
        seen.append(after)
    a, b = seen[:2]
    assert a != b
    assert seen == [a, b, a, b, a, b]


def test_conversations_vanish_between_list_and_call(start: Start, code: Code) -> None:
    intercom = start(size=100).using(token="demo-deleted-between")
    listed = [row["id"] for row in intercom.found("conversations", EVER)]
    answers = [intercom.get(f"/conversations/{identity}") for identity in listed]
    gone = [answer for answer in answers if answer.status_code == 404]
    assert len(gone) == 5
    pages = [answer for answer in gone if answer.text.startswith("<html>")]
    assert 0 < len(pages) < len(gone)
    assert {code(answer) for answer in gone if answer not in pages} == {"not_found"}


def test_redirects_lead_elsewhere(start: Start) -> None:
    answer = start().using(token="demo-redirect").get("/tags")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "https://elsewhere.example.com/tags"


@pytest.mark.parametrize(
    "path", ["/contacts", "/conversations", "/companies", "/conversations/deleted?per_page=2"]
)
def test_the_next_page_is_elsewhere(start: Start, path: str) -> None:
    intercom = start(size=120).using(token="demo-next-elsewhere")
    following = intercom.get(path).json()["pages"]["next"]
    own, _, query = following.partition("?")
    assert own == "https://elsewhere.example.com" + path.partition("?")[0]
    second = intercom.get(f"{path.partition('?')[0]}?{query}").json()
    assert second["pages"]["page"] == 2


def test_searches_stumble_once(start: Start) -> None:
    intercom = start().using(token="demo-search-404")
    for table in ("contacts", "conversations"):
        answers = [intercom.search(table, EVER) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [404, 200]
        assert "Conversation not found. Message deleted." in answers[0].text
    assert intercom.get("/me").status_code == 200


@pytest.mark.parametrize("table", ["contacts", "conversations", "tickets", "companies"])
def test_a_busy_workspace(start: Start, table: str) -> None:
    intercom = start(size=120).using(token="demo-moving")
    key = "data" if table in ("contacts", "companies") else table
    before = {row["id"]: row for row in intercom.truth(table)}
    first = intercom.search(table, EVER, per_page=5).json()
    for row in first[key]:
        assert {name: before[row["id"]][name] for name in row} == row
    after = {row["id"]: row for row in intercom.truth(table)}
    moved = [one for one in after if after[one] != before[one]]
    assert 1 <= len(moved) <= 3
    for one in moved:
        assert 0 <= intercom.sandbox.now() - after[one]["updated_at"] < 5
    assert intercom.get("/tags").status_code == 200
    assert {row["id"]: row for row in intercom.truth(table)} == after
