"""One scroll per workspace, a hundred companies a page, gone after a minute of rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests
    from calling import Caller, Code, Start


def scroll(intercom: Caller, name: str | None = None) -> requests.Response:
    query = {} if name is None else {"scroll_param": name}
    return intercom.get("/companies/scroll", **query)


def test_a_scroll_hands_out_every_company_and_ends_empty(start: Start) -> None:
    intercom = start()
    first = scroll(intercom).json()
    name, pages = first["scroll_param"], [first]
    while pages[-1]["data"]:
        pages.append(scroll(intercom, name).json())
    assert [len(page["data"]) for page in pages] == [100, 100, 53, 0]
    for page in pages:
        assert page["scroll_param"] == name
        assert page["pages"] is None
        assert page["total_count"] is None
    rows = [row for page in pages for row in page["data"]]
    assert rows == intercom.truth("companies")
    assert any(row["user_count"] == 0 for row in rows)
    assert scroll(intercom, name).status_code == 404
    assert scroll(intercom).json()["scroll_param"] != name


def test_a_second_scroll_is_refused_whichever_the_token(start: Start, code: Code) -> None:
    intercom = start()
    assert scroll(intercom).status_code == 200
    for token in ("demo", "demo-other"):
        answer = scroll(intercom.using(token=token))
        assert (answer.status_code, code(answer)) == (400, "scroll_exists")
        assert "scroll already exists for this workspace" in answer.text


def test_an_idle_scroll_expires(start: Start, code: Code) -> None:
    intercom = start(scroll_expiry=60)
    name = scroll(intercom).json()["scroll_param"]
    intercom.sandbox.advance(55)
    assert scroll(intercom, name).status_code == 200
    intercom.sandbox.advance(55)
    assert scroll(intercom).status_code == 400
    assert scroll(intercom, name).status_code == 200
    intercom.sandbox.advance(61)
    answer = scroll(intercom, name)
    assert (answer.status_code, code(answer)) == (404, "not_found")
    assert scroll(intercom).status_code == 200


def test_an_unknown_scroll_is_not_found_and_disturbs_none(start: Start) -> None:
    intercom = start()
    name = scroll(intercom).json()["scroll_param"]
    assert scroll(intercom, "nonsense").status_code == 404
    assert scroll(intercom, name).status_code == 200


def test_more_companies_than_a_list_shows(start: Start) -> None:
    intercom = start(size=51_000)
    page = scroll(intercom).json()
    name, seen = page["scroll_param"], 0
    while page["data"]:
        seen += len(page["data"])
        page = scroll(intercom, name).json()
    assert seen == 10_200
