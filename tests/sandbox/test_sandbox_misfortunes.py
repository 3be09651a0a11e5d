"""Each misfortune acts, and only where it should."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_intercom.sandbox import export_misfortunes, misfortunes, scroll_misfortunes
from tap_intercom.sandbox.failures import FAILURES
from tap_intercom.sandbox.misfortunes import MISFORTUNES, PREFIXES
from tap_intercom.sandbox.restless import DEEDS

if TYPE_CHECKING:
    from calling import Caller, Code, Start

documented = "".join(
    str(one.__doc__) for one in (misfortunes, scroll_misfortunes, export_misfortunes)
)
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
        ("demo-504-once", 504, "html", "Gateway Time-out"),
        ("demo-408-once", 408, "json", "request_timeout"),
        ("demo-empty-once", 200, "json", ""),
        ("demo-html403-once", 403, "html", "awselb/2.0"),
        ("demo-html200-once", 200, "html", "Welcome"),
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
    with pytest.raises(requests.ReadTimeout):
        requests.get(
            intercom.sandbox.url + "/me",
            headers={"Authorization": "Bearer demo-hanging-once", "Intercom-Version": "2.17"},
            timeout=0.3,
        )
    assert intercom.get("/me").status_code == 200


def test_it_hangs_for_a_limited_time(start: Start) -> None:
    intercom = start(hang=0.2).using(token="demo-hanging-once")
    with pytest.raises(requests.ConnectionError):
        intercom.get("/me")


def test_an_answer_is_called_compressed_and_is_not(start: Start) -> None:
    intercom = start().using(token="demo-not-gzip-once")
    with pytest.raises(requests.exceptions.ContentDecodingError):
        intercom.get("/tags")
    assert intercom.get("/tags").json()["data"]


def test_an_answer_stops_half_way(start: Start) -> None:
    intercom = start(hang=0.2).using(token="demo-stalled-once")
    with pytest.raises(requests.exceptions.ChunkedEncodingError) as caught:
        intercom.get("/tags")
    assert "IncompleteRead" in str(caught.value) or "reset" in str(caught.value)
    whole = intercom.get("/tags").content
    with intercom.session.get(
        intercom.sandbox.url + "/tags",
        headers={"Authorization": "Bearer demo-stalled-once-2", "Intercom-Version": "2.17"},
        stream=True,
        timeout=60,
    ) as answer:
        assert answer.headers["Content-Length"] == str(len(whole))
    statuses = [row["status"] for row in intercom.sandbox.log()]
    assert statuses[:2] == [None, 200]


def outcomes(intercom: Caller, calls: int) -> list[object]:
    """How calls end: a status, or the name of what was raised."""
    seen: list[object] = []
    for _ in range(calls):
        try:
            answer = intercom.get("/tags")
            whole = answer.status_code == 200 and answer.content.endswith(b"]}")
            seen.append("well" if whole else answer.status_code)
        except requests.RequestException as raised:
            seen.append(type(raised).__name__)
    return seen


@pytest.mark.parametrize("share", [0, 10, 30, 100])
def test_a_share_of_the_calls_fails_in_every_way(start: Start, share: int) -> None:
    intercom = start(hang=0.01).using(token=f"demo-failing-{share}")
    seen = outcomes(intercom, 260)
    wrong = [one for one in seen if one != "well"]
    assert 0.6 * share <= 100 * len(wrong) / len(seen) <= 1.4 * share
    stats = intercom.sandbox.stats()
    assert stats["misfortunes"] == len(wrong)
    assert sum(one["misfortune"] for one in intercom.sandbox.log()) == len(wrong)
    if share >= 10:
        assert set(wrong) >= {500, 502, 503, 504, 408, 429, 403, 200}
        assert set(wrong) >= {"ConnectionError", "ContentDecodingError", "ChunkedEncodingError"}
    if share == 100:
        ways = len(FAILURES) - 1  # all but those that take for ever
        assert wrong[:ways] == wrong[ways : 2 * ways]


def test_which_calls_fail_is_the_same_each_time_and_depends_on_the_seed(start: Start) -> None:
    seen = [
        outcomes(start(hang=0.01, seed=seed).using(token="demo-failing-30"), 40)
        for seed in (1, 1, 2)
    ]
    assert seen[0] == seen[1] != seen[2]


def test_what_is_answered_as_ever_is_no_misfortune(start: Start) -> None:
    intercom = start()
    for token in ("demo", "demo-flaky", "demo-moving", "demo-restless"):
        for path in ("/me", "/nonsense", "/tags"):
            intercom.using(token=token).get(path)
    assert intercom.sandbox.stats()["misfortunes"] == 0


def test_the_api_pauses(start: Start) -> None:
    intercom = start(pause=0.5, hang=0.1).using(token="demo-paused")
    assert [intercom.get("/me").status_code for _ in range(5)] == [200] * 5
    with pytest.raises(requests.ConnectionError):
        intercom.get("/me")
    assert intercom.get("/tags").status_code == 503
    time.sleep(0.5)
    assert [intercom.get("/me").status_code for _ in range(5)] == [200] * 5


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


@pytest.mark.parametrize(("kind", "status"), [("3", 400), ("3-409", 409), ("3-423", 423)])
def test_a_scroll_is_held_until_others_have_called(
    start: Start, code: Code, kind: str, status: int
) -> None:
    intercom = start().using(token=f"demo-scroll-held-{kind}")
    for _ in range(3):
        refusal = intercom.get("/companies/scroll")
        assert (refusal.status_code, code(refusal)) == (status, "scroll_exists")
        assert intercom.get("/me").status_code == 200
    assert intercom.get("/companies/scroll").status_code == 200


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
    own = start(elsewhere="http://127.0.0.1:9").using(token="demo-redirect")
    assert own.get("/tags").headers["Location"] == "http://127.0.0.1:9/tags"


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


TABLES = ("contacts", "conversations", "tickets", "companies")


def test_a_restless_workspace(start: Start) -> None:
    """Everything that can happen to a record happens, and nothing is left inconsistent."""
    intercom = start(size=30).using(token="demo-restless")
    before = {table: {one["id"]: one for one in intercom.truth(table)} for table in TABLES}
    began = intercom.sandbox.now()
    for _ in range(4 * len(DEEDS)):
        intercom.get("/tags")
    assert 30 < intercom.sandbox.now() - began < 90
    for table in TABLES:
        old, new = before[table], {one["id"]: one for one in intercom.truth(table)}
        born, gone = new.keys() - old.keys(), old.keys() - new.keys()
        changed = {one for one in new.keys() & old.keys() if new[one] != old[one]}
        assert 0 < len(born) <= 4
        assert gone
        assert changed
        for one in born | changed:
            assert began - 1 <= new[one]["updated_at"] <= intercom.sandbox.now()
    for one in intercom.truth("conversations"):
        parts = one["conversation_parts"]
        assert parts["total_count"] == len(parts["conversation_parts"])
        # With the message that opened it.
        opened = {"count_conversation_parts": parts["total_count"] + 1}
        assert (one["statistics"] or opened).items() >= opened.items()
    told = [one for one in intercom.truth("contact_activities") if one["created_at"] > began - 1]
    kinds = {one["event_type"] for one in told}
    assert kinds >= {"contact.created", "contact.deleted", "contact.merged"}


def test_a_restless_workspace_is_the_same_each_time(start: Start) -> None:
    worlds = []
    for seed in (1, 1, 2):
        intercom = start(size=30, seed=seed).using(token="demo-restless")
        for _ in range(len(DEEDS)):
            intercom.get("/tags")
        worlds.append([sorted(one["id"] for one in intercom.truth(table)) for table in TABLES])
    assert worlds[0] == worlds[1] != worlds[2]


# What is not so


@pytest.mark.parametrize(
    ("which", "ahead"), [("me", [0]), ("others", [1, 2, 3]), ("all", [0, 1, 2, 3]), ("one", [2])]
)
def test_a_date_that_is_a_day_ahead(start: Start, which: str, ahead: list[int]) -> None:
    intercom = start().using(token=f"demo-ahead-{which}")
    found = []
    for number, path in enumerate(("/me", "/tags", "/teams", "/admins")):
        headers = intercom.get(path).headers
        assert "," not in headers["Date"][5:]  # it is told once
        told = parsedate_to_datetime(headers["Date"]).timestamp()
        if told - intercom.sandbox.now() > 80_000:
            found.append(number)
    assert found == ahead


@pytest.mark.parametrize("field", ["created_at", "updated_at"])
def test_a_search_in_another_order(start: Start, field: str) -> None:
    intercom = start(size=30).using(token=f"demo-unsorted-{field}")
    rows = intercom.found("contacts", EVER, per_page=7)
    moments = [row[field] for row in rows]
    assert moments == sorted(moments, reverse=field == "updated_at")
    assert len(rows) == len(intercom.using(token="demo").found("contacts", EVER))


def test_lists_inside_a_record_that_hold_less_than_they_count(start: Start) -> None:
    intercom = start(size=30)
    truth = {one["id"]: one["tags"] for one in intercom.found("contacts", EVER)}
    short = 0
    for one in intercom.using(token="demo-inside-short").found("contacts", EVER):
        assert one["tags"]["total_count"] == truth[one["id"]]["total_count"]
        assert one["tags"]["data"] == truth[one["id"]]["data"][:1]
        short += one["tags"]["total_count"] > 1 and one["tags"]["has_more"] is False
    assert short
