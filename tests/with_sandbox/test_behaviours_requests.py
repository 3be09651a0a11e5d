"""Behaviours of every request: permission, version, region, the rate limit and what goes wrong."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests
from runs import CUSTOM_OBJECT_TYPES, NAMES, sync
from thorough import the_first_of

from tap_intercom.api.address import REGIONS
from tap_intercom.api.pacing import PacedAdapter
from tap_intercom.api.retries import PATIENT
from tap_intercom.audit import RunError
from tap_intercom.sandbox import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runs import Run

    from tap_intercom.sandbox import Sandbox


# All but two that ask the same of each of 253 companies.
STREAMS = [name for name in NAMES if name not in {"company_contacts", "company_segments"}]


@pytest.fixture(scope="module")
def quiet() -> Iterator[Sandbox]:
    """A small workspace in which nothing changes."""
    with running(size=40, rate_limit=1_000_000) as sandbox:
        yield sandbox


def paths(sandbox: Sandbox) -> list[str]:
    return [one["path"] for one in sandbox.log()]


def test_b02_what_the_plan_lacks_is_asked_for_once(quiet: Sandbox) -> None:
    """No patience changes a plan: trying again would only hide for a while what has to be done."""
    quiet.reset()
    run = sync(quiet, "tickets", token="demo-plan-tickets", strict=True)
    assert paths(quiet) == ["/me", "/tickets/search", "/me"]
    assert "Active subscription needed" in run.left_out["tickets"]
    assert isinstance(run.error, RunError)
    assert run.counts == {}


@pytest.mark.parametrize("version", ["2.10", *the_first_of("Preview", "2.17")])
def test_b03_every_request_names_the_version_as_it_was_written(
    quiet: Sandbox, version: str
) -> None:
    """Without it, or as the number 2.1, records of years ago would come in their old shape.

    One request, from 2.16 on, is for what only older versions tell; and parts of a conversation by
    their types are to be had in Preview alone.
    """
    quiet.reset()
    run = sync(quiet, *STREAMS, api_version=version, custom_object_types=CUSTOM_OBJECT_TYPES)
    assert run.error is None
    log = quiet.log()
    older = [one for one in log if one["query"].get("model") == "conversation"]
    assert [one["version"] for one in older] == ["2.10" if version == "2.10" else "2.15"]
    of_types = [one for one in log if any("part_types" in name for name in one["query"])]
    assert {one["version"] for one in of_types} == {"Preview"}
    others = [one for one in log if one not in older and one not in of_types]
    assert {one["version"] for one in others} == {version}


@pytest.fixture
def hosts(quiet: Sandbox, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The hosts that requests are sent to; the sandbox answers in the place of each."""
    asked = set()
    send = PacedAdapter.send

    def send_to_the_sandbox(
        self: PacedAdapter, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        parts = urlsplit(str(request.url))
        host = f"{parts.scheme}://{parts.netloc}"
        asked.add(host)
        request.url = str(request.url).replace(host, quiet.url, 1)
        return send(self, request, **options)

    monkeypatch.setattr(PacedAdapter, "send", send_to_the_sandbox)
    return asked


@pytest.fixture(scope="module")
def expected(quiet: Sandbox) -> Run:
    """What there is to get, wherever the workspace is hosted."""
    return sync(quiet, *STREAMS, custom_object_types=CUSTOM_OBJECT_TYPES)


@pytest.mark.parametrize("region", the_first_of("eu", "us", "au"))
def test_b04_every_request_goes_to_the_region(
    quiet: Sandbox, expected: Run, hosts: set[str], region: str
) -> None:
    """Data that must not leave Europe is not asked for elsewhere, though next pages point there."""
    settings: dict[str, Any] = {"custom_object_types": CUSTOM_OBJECT_TYPES, "api_url": None}
    run = sync(quiet, *STREAMS, region=region, token="demo-next-elsewhere", **settings)
    assert run.error is None
    assert hosts == {REGIONS[region]}
    assert run.records == expected.records
    assert {name for name, _ in run.records} == set(STREAMS)


def test_b07_a_refusal_of_one_call_too_many_is_waited_out() -> None:
    """Who asks again before the window turns is refused again, and keeps others from their calls.

    Another app has spent the window; a tap that tried again at once would draw many refusals.
    """
    with running(size=40, rate_limit=600, rate_window=2) as sandbox:
        headers = {"Authorization": "Bearer demo", "Intercom-Version": "2.17"}
        while requests.get(f"{sandbox.url}/me", headers=headers, timeout=60).status_code == 200:
            pass
        sandbox.reset()
        run = sync(sandbox, "tags", "teams")
        assert run.error is None
        assert run.counts["tags"]
        assert [one["status"] for one in sandbox.log()].count(429) <= 1


@pytest.mark.usefixtures("impatient")
def test_b07_a_call_that_goes_on_failing_is_given_up(quiet: Sandbox) -> None:
    """A run must end some day: where others work, a call is made ten times, and the reason told."""
    quiet.reset()
    run = sync(quiet, "tags", "teams", token="demo-broken-tags-503")
    assert str(run.error).startswith("1 stream ended; 1 failed (tags).")
    assert run.failed["tags"].startswith("Intercom answered 503")
    assert run.failed["tags"].endswith(f"It did so {PATIENT.tries} times; run again later.")
    asked = Counter(paths(quiet))
    assert asked.keys() == {"/me", "/tags", "/teams"}
    assert asked["/tags"] == PATIENT.tries
    assert PATIENT.tries <= 10
    assert run.counts.keys() == {"teams"}


@pytest.mark.usefixtures("impatient")
def test_b07_when_nothing_works_the_run_ends_and_says_why(
    quiet: Sandbox, turn_token: Callable[[str], None]
) -> None:
    """Nobody wants to wait for ever; until then a call is made as often as may be."""
    turn_token("demo-down")
    quiet.reset()
    run = sync(quiet, "tags", "teams", patience_minutes=15)
    assert isinstance(run.error, RunError)
    assert "503" in str(run.error)
    assert str(run.error).endswith("0 streams ended; 1 broke off (tags); 1 not begun (teams).")
    assert Counter(paths(quiet))["/tags"] > PATIENT.tries
    assert run.counts == {}
