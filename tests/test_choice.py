"""What can be read in several ways is read in the one that a setting names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from intercom import DAY, STARTED, Intercom, ids_of, quick, reached, reaching, scrolled

from tap_intercom.api.retries import BRIEF, PATIENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_intercom.tap import TapIntercom

ROW = {"id": "1", "updated_at": STARTED - DAY}
WAYS = ["scroll", "search", "list"]


@pytest.fixture
def make_tap(make_tap: Callable[..., TapIntercom]) -> Callable[..., TapIntercom]:  # noqa: ARG001
    return quick  # it is quick, and the one that it takes the place of keeps the signals


@pytest.fixture
def chosen(
    make_tap: Callable[..., TapIntercom],
) -> Callable[[str], tuple[TapIntercom, Intercom]]:
    def choose(method: str) -> tuple[TapIntercom, Intercom]:
        tap = make_tap(companies_method=method)
        intercom = Intercom().before(tap).put("/companies/scroll", scrolled([ROW]))
        for other in ("search", "list"):
            intercom.put(f"/companies/{other}", {"data": [ROW], "total_count": 1})
        return tap, intercom

    return choose


@pytest.mark.parametrize("method", WAYS)
def test_only_the_way_that_is_chosen_is_asked(
    chosen: Callable[[str], tuple[TapIntercom, Intercom]],
    method: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tap, intercom = chosen(method)
    stream = tap.streams["companies"]
    reach = reaching(stream, STARTED - 9 * DAY)
    found = list(stream.pages(reach))
    assert ids_of(found) == ["1"]
    assert reached(found)[-1] == STARTED - DAY
    assert {*intercom.paths} == {f"/companies/{method}"}
    assert stream.account.calls == len(intercom.asked)
    assert ("at most 10,000 companies" in caplog.text) == (method == "list")
    opening, rules = stream.opens(reach)
    assert (opening and opening.path) == (None if method == "scroll" else f"/companies/{method}")
    assert (rules.stream, rules.account) == ("companies", stream.account)


@pytest.mark.parametrize("method", WAYS)
def test_a_probe_asks_for_one_page_of_that_way(
    chosen: Callable[[str], tuple[TapIntercom, Intercom]], method: str
) -> None:
    tap, intercom = chosen(method)
    assert tap.streams["companies"].probe(None).records == 1
    assert intercom.paths == [f"/companies/{'list' if method == 'scroll' else method}"]


def test_the_way_is_as_patient_as_its_stream(tap: TapIntercom) -> None:
    stream = tap.streams["companies"]
    assert stream.opens(stream.reach())[1].patience == PATIENT
    assert stream.but(patience=BRIEF).opens(stream.reach())[1].patience == BRIEF
