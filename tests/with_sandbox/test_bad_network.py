"""Whatever the network does: the same records, or a clear end from which the next run goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from requests import RequestException
from runs import Run, latest, sync
from thorough import the_first_of

from tap_intercom.api import retries
from tap_intercom.api.errors import Failure
from tap_intercom.audit import RunError
from tap_intercom.sandbox import running
from tap_intercom.sandbox.failures import FAILURES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_intercom.sandbox import Sandbox

    Note = Callable[[str, object], None]


@pytest.fixture(scope="module")
def small() -> Iterator[Sandbox]:
    """A small workspace, in which what falls silent is reset before the tap loses patience."""
    with running(size=20, scroll_expiry=0.3, hang=0.2) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def all_of_it(small: Sandbox) -> Run:
    run = sync(small)
    assert run.error is None
    return run


def assert_nothing_lost(sandbox: Sandbox, run: Run, whole: Run) -> None:
    """A run came to its end with everything, or goes on from its last STATE to have it."""
    if run.error is None and not run.kept:
        assert run.in_any_order == whole.in_any_order
        return
    assert run.error is None or isinstance(run.error, RunError)
    assert run.error is None or str(run.error).endswith(".")
    assert "Traceback" not in str(run.error)
    after = sync(sandbox, state=run.states[-1] if run.states else None)
    assert after.error is None
    assert latest(run, after) == latest(whole)


@pytest.mark.parametrize("share", [1, 10, 30])
@pytest.mark.parametrize("seed", the_first_of(1, 2, 3, 4))
def test_a_network_that_fails_now_and_then_loses_nothing(
    share: int, seed: int, record_property: Note
) -> None:
    """What falls silent here is given up by the tap itself, after a second."""
    with running(size=20, seed=seed, scroll_expiry=0.3, hang=5) as sandbox:
        whole = sync(sandbox)
        calls = sandbox.stats()["requests"]
        sandbox.reset()
        run = sync(sandbox, token=f"demo-failing-{share}", request_timeout=1)
        told = sandbox.stats()
        record_property("calls that went wrong", told["misfortunes"])
        assert told["misfortunes"] or share == 1
        assert told["requests"] <= calls + 10 * told["misfortunes"]
        assert_nothing_lost(sandbox, run, whole)


@pytest.mark.parametrize("seed", the_first_of(1, 2, 3))
def test_a_network_that_mostly_fails_loses_nothing(seed: int, record_property: Note) -> None:
    """Ten tries are not always enough here; the next run brings what is missing."""
    with running(size=20, seed=seed, scroll_expiry=0.3, hang=0.1) as sandbox:
        whole = sync(sandbox)
        sandbox.reset()
        run = sync(sandbox, token="demo-failing-75")
        record_property("calls that went wrong", sandbox.stats()["misfortunes"])
        assert_nothing_lost(sandbox, run, whole)


@pytest.mark.usefixtures("impatient")
def test_a_network_that_always_fails_ends_with_a_sentence(small: Sandbox) -> None:
    small.reset()
    run = sync(small, token="demo-failing-100", patience_minutes=1)
    assert isinstance(run.error, RunError)
    assert run.messages == []
    assert small.stats()["requests"] > 3
    assert {one["path"] for one in small.log()} == {"/me"}


@pytest.mark.parametrize("kind", FAILURES)
def test_each_failure_by_itself_is_survived(
    small: Sandbox, all_of_it: Run, kind: str, record_property: Note
) -> None:
    small.reset()
    run = sync(small, token=f"demo-{kind}-once")
    record_property("calls that went wrong", small.stats()["misfortunes"])
    assert small.stats()["misfortunes"] > 20
    assert run.error is None
    assert run.in_any_order == all_of_it.in_any_order


@pytest.mark.parametrize("kind", ["stalled", "hanging"])
def test_what_falls_silent_is_given_up_by_the_tap(all_of_it: Run, kind: str) -> None:
    with running(size=20, hang=60) as sandbox:
        run = sync(sandbox, "tags", "teams", token=f"demo-{kind}-once", request_timeout=1)
        assert sandbox.stats()["misfortunes"] == 3
    assert run.error is None
    assert run.rows("tags") == all_of_it.rows("tags")


# Ten tries are made of a call that fails while others work, with nine waits between them that
# double from half a second to 32, shortened by chance to the half at most. So they are made over 64
# to 128 seconds. Here a first wait of a hundredth of a second makes that 2.5 to 5 seconds. Where
# nothing works, the tries go on for as long as `patience_minutes` says.


def test_waits_outlast_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # to the waits of a real run
    assert retries.FIRST_WAIT_SECONDS == 0.5
    tries = retries.PATIENT.tries
    unreached = Failure.of_network(RequestException())
    waits = [retries.wait_seconds(unreached, number) for number in range(tries - 1)]
    assert 63 < sum(waits) < 128


def test_a_pause_of_the_api_is_waited_out(record_property: Note) -> None:
    with running(size=20, pause=2, hang=5, scroll_expiry=0.3) as sandbox:
        whole = sync(sandbox)
        sandbox.reset()
        run = sync(sandbox, token="demo-paused", request_timeout=1)
        record_property("calls that went wrong", sandbox.stats()["misfortunes"])
        assert sandbox.stats()["misfortunes"] > 20
        assert run.error is None
        assert run.in_any_order == whole.in_any_order


@pytest.mark.parametrize("concurrency", [1, 4, 32])
def test_a_pause_in_the_middle_of_a_long_stream_is_waited_out(concurrency: int) -> None:
    with running(size=60, pause=1, hang=5) as sandbox:
        whole = sync(sandbox, "conversation_parts")
        run = sync(
            sandbox,
            "conversation_parts",
            token="demo-paused",
            max_concurrency=concurrency,
            request_timeout=1,
        )
        assert run.error is None
        assert run.in_any_order == whole.in_any_order


@pytest.mark.usefixtures("impatient")
def test_a_pause_that_lasts_ends_with_a_sentence_and_is_gone_on_from() -> None:
    with running(size=20, pause=3_600, hang=0.05, scroll_expiry=0.3) as sandbox:
        whole = sync(sandbox)
        run = sync(sandbox, token="demo-paused", max_concurrency=1)
        assert isinstance(run.error, RunError)
        assert "run again later" in str(run.error) or "Check the network" in str(run.error)
        assert "1 broke off (" in str(run.error)
        assert_nothing_lost(sandbox, run, whole)
