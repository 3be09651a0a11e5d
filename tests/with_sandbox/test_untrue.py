"""What an answer says that is not so: of the time, of an order, of what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from runs import latest, sync

from tap_intercom.api import clock
from tap_intercom.records import times
from tap_intercom.sandbox import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tap_intercom.sandbox import Sandbox

DAY = 86_400

# Whose bookmarks are made of the clock alone.
BY_THE_CLOCK = ("activity_logs", "contact_events", "data_connector_executions")
EXPORTS = ("content_export_receipt", "report_conversation")


@pytest.fixture
def on_time(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A workspace whose clock is that of this machine, to the second."""

    def here() -> datetime:
        return times.parse(sandbox.now())

    monkeypatch.setattr(clock, "here", here)
    return sandbox


# The time


@pytest.mark.parametrize("which", ["me", "all", "others", "one"])
def test_a_clock_that_is_a_day_ahead_loses_nothing(on_time: Sandbox, which: str) -> None:
    streams = (*BY_THE_CLOCK, "contacts", "deleted_conversations")
    first = sync(on_time, *streams, *EXPORTS, token=f"demo-ahead-{which}")
    assert first.error is None
    limit = times.text(times.parse(on_time.now() - 600))
    for stream in (*streams, *EXPORTS):
        assert first.bookmarks(stream)[-1] <= limit, stream
    on_time.advance(DAY)
    second = sync(on_time, *streams, state=first.state)
    together = latest(first, second)
    for key, row in latest(sync(on_time, *streams)).items():
        # What a feed has brought is not read again when its contact is called something else.
        assert {**together[key], "user_id": None} == {**row, "user_id": None}


@pytest.mark.parametrize("which", ["me", "all"])
def test_it_is_said_whose_clock_is_ahead(
    on_time: Sandbox, which: str, caplog: pytest.LogCaptureFixture
) -> None:
    sync(on_time, "tags", "teams", token=f"demo-ahead-{which}")
    assert caplog.text.count("Intercom's clock is ahead of that of ") == 1
    assert "ahead of that of this machine by 23:59:5" in caplog.text  # it shows whole seconds


def test_later_answers_show_it_where_this_machine_does_not(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """This machine's clock is months ahead of the sandbox's."""
    first = sync(sandbox, *BY_THE_CLOCK, token="demo-ahead-me")
    assert "ahead of that of a later answer by" in caplog.text
    limit = times.text(times.parse(sandbox.now() - 600))
    assert all("" < first.bookmarks(stream)[-1] <= limit for stream in BY_THE_CLOCK)


def test_a_machine_that_is_behind_reads_everything_and_keeps_its_bookmarks_back(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "here", lambda: times.parse(sandbox.now() - 30 * DAY))
    limit = times.text(times.parse(sandbox.now() - 30 * DAY))
    first = sync(sandbox, *BY_THE_CLOCK, "contacts")
    assert all(first.bookmarks(stream)[-1] <= limit for stream in (*BY_THE_CLOCK, "contacts"))
    monkeypatch.undo()
    assert latest(first) == latest(sync(sandbox, *BY_THE_CLOCK, "contacts"))


# An order


@pytest.fixture(scope="module")
def crowded() -> Iterator[Sandbox]:
    """A workspace of which a search has many pages of two."""
    with running(size=60, rate_limit=1_000_000) as sandbox:
        yield sandbox


@pytest.mark.parametrize("field", ["updated_at", "created_at", "id"])
@pytest.mark.parametrize("page_size", [2, 3, 7])
@pytest.mark.parametrize("version", ["2.16", "2.17"])
def test_a_search_that_ignores_the_order_gives_all(
    crowded: Sandbox, field: str, page_size: int, version: str
) -> None:
    streams = ("contacts", "conversations", "tickets")
    settings = {"page_size": page_size, "api_version": version}
    plain = sync(crowded, *streams, **settings)
    run = sync(crowded, *streams, token=f"demo-unsorted-{field}", **settings)
    assert run.error is None
    assert latest(run) == latest(plain)


def test_that_an_order_is_ignored_is_said(
    crowded: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    run = sync(crowded, "contacts", page_size=2, token="demo-unsorted-updated_at")
    told = "Intercom did not give these by the time of their change"
    assert [one.name for one in caplog.records if told in one.getMessage()] == [
        "tap-intercom.contacts"
    ]
    assert {*run.bookmarks("contacts")[:-1]} <= {"", run.bookmarks("contacts")[-1]}
    caplog.clear()
    sync(crowded, "contacts", page_size=2)
    assert told not in caplog.text


# What a record holds


@pytest.mark.parametrize("stream", ["contact_tags", "contact_companies", "contact_subscriptions"])
def test_a_list_inside_a_contact_that_holds_less_than_it_counts_is_asked_for(
    sandbox: Sandbox, stream: str
) -> None:
    keys: Callable[..., set[tuple[str, str]]] = lambda run: {  # noqa: E731
        (row["contact_id"], row["id"]) for row in run.rows(stream)
    }
    run = sync(sandbox, stream, token="demo-inside-short")
    assert run.error is None
    assert keys(run) == keys(sync(sandbox, stream))
