"""Behaviours of the companies: one scroll at a time, read to its end, and nothing twice."""

from __future__ import annotations

import time
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest
import requests
from runs import catalog_of, sync

from tap_intercom.sandbox import running
from tap_intercom.tap import TapIntercom

if TYPE_CHECKING:
    from tap_intercom.sandbox import Sandbox

SCROLL = "/companies/scroll"


def held(sandbox: Sandbox) -> list[str]:
    return sorted(one["id"] for one in sandbox.records("companies"))


def scrolled(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [one for one in sandbox.log() if one["path"] == SCROLL]


def begun(sandbox: Sandbox) -> int:
    """How many scrolls were begun."""
    return sum("scroll_param" not in one["query"] for one in scrolled(sandbox))


def test_b19_a_scroll_is_read_to_its_empty_page(quiet: Sandbox) -> None:
    """Its parameter stays the same from page to page: neither the end nor an endless loop."""
    quiet.reset()
    run = sync(quiet, "companies")
    assert run.error is None
    assert sorted(run.ids("companies")) == held(quiet)
    assert run.counts["companies"] == 253
    asked = scrolled(quiet)
    assert [one["records"] for one in asked] == [100, 100, 53, 0]
    assert "scroll_param" not in asked[0]["query"]
    assert len({one["query"]["scroll_param"] for one in asked[1:]}) == 1


def test_b19_a_scroll_may_end_with_404(sandbox: Sandbox) -> None:
    """Some do, where others end with an empty page: neither may cost a company."""
    run = sync(sandbox, "companies", token="demo-scroll-ends-404")
    assert run.error is None
    assert sorted(run.ids("companies")) == held(sandbox)


def test_b20_a_scroll_that_another_app_holds_is_waited_for(sandbox: Sandbox) -> None:
    """Another app's scroll is no reason to fail: it ends, or dies within a minute."""
    run = sync(sandbox, "companies", token="demo-scroll-held")
    assert run.error is None
    assert sorted(run.ids("companies")) == held(sandbox)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("status", [400, 409, 423])
def test_b20_others_are_read_while_a_scroll_is_waited_for(sandbox: Sandbox, status: int) -> None:
    """Hours of conversations need not wait until another app has read the companies."""
    others, children = ["contacts", "conversation_parts", "tags"], ["company_tags"]
    token = f"demo-scroll-held-80-{status}"
    run = sync(sandbox, "companies", *children, *others, token=token, patience_minutes=300)
    assert run.error is None
    assert sorted(run.ids("companies")) == held(sandbox)
    names = [name for name, _ in groupby(run.records, lambda one: one[0])]
    assert names == [*others, "companies", *children]
    opened = [one["status"] for one in scrolled(sandbox) if "scroll_param" not in one["query"]]
    assert opened == [status] * (len(opened) - 1) + [200]
    assert len(opened) > 1


@pytest.mark.usefixtures("impatient")
def test_b20_a_scroll_that_stays_taken_is_named(sandbox: Sandbox) -> None:
    """Who scrolls elsewhere all the time finds out why companies do not come, and that in time."""
    headers = {"Authorization": "Bearer demo", "Intercom-Version": "2.17"}
    requests.get(sandbox.url + SCROLL, headers=headers, timeout=60).raise_for_status()
    sandbox.reset()
    run = sync(sandbox, "companies", "tags", patience_minutes=1)
    assert str(run.error).startswith("1 stream ended; 1 failed (companies).")
    assert "scroll_exists" in run.failed["companies"]
    assert "scroll already exists for this workspace" in run.failed["companies"]
    assert run.counts["tags"]
    assert run.counts["companies"] == 0
    assert len(scrolled(sandbox)) > 3


def test_b20_all_that_reads_companies_shares_one_scroll(quiet: Sandbox) -> None:
    """A second scroll would be refused, or break the first."""
    quiet.reset()
    run = sync(quiet, "companies", "company_tags", "company_segments", "company_notes")
    assert run.error is None
    assert begun(quiet) == 1


@pytest.mark.parametrize("kind", ["breaks", "expires"])
def test_b21_a_scroll_that_is_lost_starts_again_and_repeats_nothing(
    sandbox: Sandbox, kind: str
) -> None:
    """It cannot be gone on with, and what it had read must not arrive twice."""
    run = sync(sandbox, "companies", token=f"demo-scroll-{kind}")
    assert run.error is None
    assert sorted(run.ids("companies")) == held(sandbox)
    assert begun(sandbox) == 2


def test_b22_more_companies_than_a_list_can_give_arrive(caplog: pytest.LogCaptureFixture) -> None:
    """A list ends at 10,000 companies: by default all come, and who chooses it is told."""
    with running(size=56_000, rate_limit=1_000_000) as sandbox:
        assert len(held(sandbox)) > 10_000
        run = sync(sandbox, "companies")
        assert run.error is None
        assert sorted(run.ids("companies")) == held(sandbox)
        assert "10,000" not in caplog.text
        listed = sync(sandbox, "companies", companies_method="list")
        assert "at most 10,000 companies" in caplog.text
        assert str(listed.error).startswith("0 streams ended; 1 failed (companies).")
        assert "page limit reached" in listed.failed["companies"]
        assert "set companies_method to scroll or search" in listed.failed["companies"]


def test_b23_a_slow_target_does_not_let_the_scroll_expire() -> None:
    """A target may take minutes for what a page brings."""
    with running(scroll_expiry=0.3) as sandbox:
        config = {"api_key": "demo", "api_url": sandbox.url}
        tap = TapIntercom(config=config, catalog=catalog_of("companies"))
        records = iter(tap.streams["companies"].get_records(None))
        first = next(records)
        time.sleep(0.5)
        assert len([first, *records]) == len(held(sandbox))


def test_b23_nothing_is_asked_in_the_midst_of_a_scroll(quiet: Sandbox) -> None:
    """A scroll dies after a minute: calls for hundreds of children must not come in between."""
    quiet.reset()
    run = sync(quiet, "contacts", "companies", "company_contacts", "company_segments", "tags")
    assert run.error is None
    assert run.counts["company_contacts"]
    asked = [one["path"] for one in quiet.log() if one["path"].startswith("/companies/")]
    assert len(asked) > 500
    assert [path for path, _ in groupby(asked)].count(SCROLL) == 1
