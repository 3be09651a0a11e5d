"""Whatever goes wrong: the same output, or a clear end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from runs import Run, sync

from tap_intercom.api.errors import TokenRefused
from tap_intercom.audit import RunError
from tap_intercom.records import times
from tap_intercom.sandbox import running
from tap_intercom.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_intercom.sandbox import Sandbox

ONCE = ["500", "502", "503", "408", "reset", "empty", "truncated", "html403"]


@pytest.fixture(scope="module")
def small() -> Iterator[Sandbox]:
    """A small workspace, whose scroll lock does not last as long as Intercom's."""
    with running(size=60, scroll_expiry=0.3) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def all_of_it(small: Sandbox) -> Run:
    return sync(small)


@pytest.mark.parametrize("kind", ONCE)
def test_b07_what_fails_once_is_asked_again(small: Sandbox, all_of_it: Run, kind: str) -> None:
    """A sync of hours must not end, nor lack a record, for one answer that went wrong."""
    run = sync(small, token=f"demo-{kind}-once")
    assert run.error is None
    assert run.records == all_of_it.records


def test_one_call_in_five_may_fail_in_any_way(small: Sandbox, all_of_it: Run) -> None:
    run = sync(small, token="demo-flaky")
    assert run.error is None
    assert run.in_any_order == all_of_it.in_any_order


def test_b07_a_call_that_hangs_is_given_up_and_made_again(whole: Run) -> None:
    """Without a limit of time, one lost answer would hold up a run for ever."""
    with running(hang=5) as sandbox:
        run = sync(sandbox, "tags", "teams", token="demo-hanging-once", request_timeout=1)
    assert run.error is None
    assert run.rows("tags") == whole.rows("tags")


def test_b07_a_rate_limit_reached_by_others_is_waited_out(sandbox: Sandbox, whole: Run) -> None:
    """The limit is shared, and others may have spent it."""
    run = sync(sandbox, "tags", "teams", token="demo-rate-limited-once")
    assert run.error is None
    assert run.rows("tags") == whole.rows("tags")


@pytest.mark.parametrize("live_headers", [False, True])
def test_b06_the_tap_itself_never_draws_a_429(whole: Run, *, live_headers: bool) -> None:
    """Calls for details are the many: they have to keep to the limit like all others."""
    # 200 in ten seconds: two windows for this run
    with running(rate_limit=1_200, live_headers=live_headers) as sandbox:
        run = sync(sandbox, "conversation_parts", "contacts", "tickets")
        assert run.error is None
        assert run.rows("conversation_parts") == whole.rows("conversation_parts")
        statuses = [one["status"] for one in sandbox.log()]
        assert statuses.count(429) == 0


@pytest.mark.usefixtures("impatient")
def test_api_down_ends_with_a_sentence(sandbox: Sandbox) -> None:
    run = sync(sandbox, token="demo-down")
    assert isinstance(run.error, RunError)
    assert "503" in str(run.error)
    assert run.messages == []


def test_b02_a_refused_token_ends_before_anything_is_written(sandbox: Sandbox) -> None:
    """No target may take a run without a token for one with nothing new."""
    run = sync(sandbox, token="demo-revoked")
    assert isinstance(run.error, RunError)
    assert "api_key" in str(run.error)
    assert "demo-revoked" not in str(run.error)
    assert run.messages == []
    assert [(one["path"], one["status"]) for one in sandbox.log()] == [("/me", 401)]


@pytest.mark.parametrize(
    ("token", "advice"),
    [("demo-no-permission-tickets", "Tick read_tickets"), ("demo-plan-tickets", "plan does not")],
)
def test_b01_what_is_not_permitted_is_left_out_and_said(
    sandbox: Sandbox, whole: Run, token: str, advice: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A table that stays empty, or as it was, for want of a permission, must not go unnoticed."""
    run = sync(sandbox, token=token)
    assert run.error is None
    assert {"tickets", "ticket_parts"} <= run.left_out.keys()
    assert all(advice in reason for reason in run.left_out.values())
    kept = [(stream, row) for stream, row in whole.records if stream not in run.left_out]
    assert run.records == kept
    assert "replication_key_value" not in run.state["bookmarks"]["tickets"]
    said = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert [one for one in said if one.startswith("Left out tickets: ") and advice in one]


def test_strict_makes_a_left_out_stream_a_failure_at_the_end(sandbox: Sandbox, whole: Run) -> None:
    run = sync(sandbox, token="demo-no-permission-tickets", strict=True)
    assert isinstance(run.error, RunError)
    assert "tickets" in str(run.error)
    assert run.counts["contacts"] == whole.counts["contacts"]


def test_a_token_revoked_in_mid_run_is_not_taken_for_missing_permissions(
    sandbox: Sandbox, turn_token: Callable[[str], None]
) -> None:
    turn_token("demo-revoked")
    run = sync(sandbox)
    assert isinstance(run.error, RunError)
    assert isinstance(run.error.__cause__, TokenRefused)
    assert "revoked" in str(run.error)
    assert "0 streams ended; 1 broke off (activity_logs); " in str(run.error)
    assert run.failed == run.left_out == {}


def test_old_versions_leave_out_what_they_do_not_have(sandbox: Sandbox, whole: Run) -> None:
    run = sync(sandbox, api_version="2.14")
    assert run.error is None
    assert run.left_out.keys() == {
        stream.name
        for stream in STREAMS
        if stream.selected_by_default and stream.min_version in {"2.15", "2.16", "2.17"}
    }
    assert "2.16" in run.left_out["deleted_conversations"]
    assert run.counts["contacts"] == whole.counts["contacts"]


def test_b27_conversations_deleted_after_they_were_listed_are_skipped(
    sandbox: Sandbox, whole: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody deletes something during every long sync; which rows lack parts is said.

    Where only a page of something before Intercom says so, it may not be true.
    """
    caplog.set_level("INFO", "tap-intercom")
    run = sync(sandbox, "conversation_parts", token="demo-deleted-between")
    assert run.error is None
    gone = {row["conversation_id"] for row in whole.rows("conversation_parts")} - {
        row["conversation_id"] for row in run.rows("conversation_parts")
    }
    [skipped] = [one for one in caplog.messages if "deleted after" in one]
    [lost] = [one for one in caplog.messages if "asked for again in the next run: " in one]
    assert {one for one in gone if one in skipped}
    assert {one for one in gone if one not in skipped} == gone & set(run.kept["conversation_parts"])
    assert all(one in lost for one in run.kept["conversation_parts"])


def test_b24_conversations_at_the_cap_are_named_in_one_warning(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Who counts parts has to know where Intercom does not give all."""
    run = sync(sandbox, "conversation_parts", token="demo-no-part-types")
    capped = [
        one
        for one in sandbox.records("conversations")
        if len(one["conversation_parts"]["conversation_parts"]) >= 500
    ]
    warnings = [one.getMessage() for one in caplog.records if "newest 500" in one.getMessage()]
    assert capped
    assert len(warnings) == 1
    for one in capped:
        given = [
            row for row in run.rows("conversation_parts") if row["conversation_id"] == one["id"]
        ]
        assert len(given) == 500
        began, oldest = times.canonical(one["created_at"]), min(row["created_at"] for row in given)
        missing = one["statistics"]["count_conversation_parts"] - 1 - len(given)
        assert f"{one['id']} ({missing} missing, from {began} to {oldest})" in warnings[0]


@pytest.mark.usefixtures("impatient")
def test_redirects_are_not_followed(sandbox: Sandbox) -> None:
    run = sync(sandbox, token="demo-redirect")
    assert isinstance(run.error, RunError)
    assert "302" in str(run.error)


def test_next_pages_on_another_host_are_read_from_our_own(sandbox: Sandbox, whole: Run) -> None:
    run = sync(sandbox, token="demo-next-elsewhere")
    assert run.error is None
    assert run.records == whole.records


def test_details_are_fetched_several_at_once_and_come_in_order(whole: Run) -> None:
    with running(latency_ms=20) as sandbox:
        for concurrency in (1, 4, 32):
            sandbox.reset()
            run = sync(sandbox, "conversation_parts", max_concurrency=concurrency)
            assert run.rows("conversation_parts") == whole.rows("conversation_parts")
            in_flight = sandbox.stats()["max_in_flight"]
            assert in_flight <= concurrency
            assert concurrency == 1 or in_flight > 1
