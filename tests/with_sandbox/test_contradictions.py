"""An answer that contradicts itself is no record and no end; other words for the same are read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from runs import Run, sync

from tap_intercom.api import retries
from tap_intercom.sandbox import running
from tap_intercom.sandbox.contradictions import CONTRADICTIONS, ERRORS, WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_intercom.sandbox import Sandbox

STREAMS = (
    "workspace",
    "ip_allowlist",
    "tags",
    "activity_logs",
    "articles",
    "calls",
    "contact_activities",
    "contacts",
    "contact_tags",
    "contact_merge_history",
    "conversations",
    "conversation_parts",
    "deleted_conversations",
    "macros",
    "tickets",
)
OF = {
    "contact_tags": "contacts",
    "contact_merge_history": "contacts",
    "conversation_parts": "conversations",
}
MAY_PASS = {"429", "500", "unknown"}


@pytest.fixture(scope="module")
def small() -> Iterator[Sandbox]:
    with running(size=150, rate_limit=1_000_000) as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long is waited between two tries is not looked at here."""
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(retries, "LONGEST_WAIT_SECONDS", 0.02)


def read(sandbox: Sandbox, token: str) -> Run:
    return sync(sandbox, *STREAMS, token=token, page_size=20)


@pytest.fixture(scope="module")
def whole(small: Sandbox) -> Run:
    return read(small, "demo")


@pytest.mark.parametrize("kind", WORDS)
def test_other_words_mean_the_same(small: Sandbox, whole: Run, kind: str) -> None:
    run = read(small, f"demo-odd-{kind}")
    assert run.error is None
    assert run.in_any_order == whole.in_any_order


@pytest.mark.parametrize("turn", ["once", "second"])
@pytest.mark.parametrize(
    "kind", [*CONTRADICTIONS, *(f"said-{one}" for one in ERRORS if one in MAY_PASS)]
)
def test_what_contradicts_itself_is_asked_for_again(
    small: Sandbox, whole: Run, kind: str, turn: str
) -> None:
    run = read(small, f"demo-odd-{kind}-{turn}")
    assert run.error is None
    assert run.in_any_order == whole.in_any_order


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", CONTRADICTIONS)
def test_what_goes_on_contradicting_itself_is_no_end_in_silence(
    small: Sandbox, whole: Run, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = read(small, f"demo-odd-{kind}")
    short = [one for one in caplog.messages if one.startswith("Intercom counts")]
    told = {*run.failed, *run.left_out}
    told |= {one for one in STREAMS if any(f" {OF.get(one, one)}" in line for line in short)}
    for stream in STREAMS:
        missing = written(whole, stream) - written(run, stream)
        assert not missing or stream in told, stream
        assert not written(run, stream) - written(whole, stream)


def written(run: Run, stream: str) -> set[str]:
    return {json.dumps(row) for row in run.rows(stream)}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("status", [one for one in ERRORS if one != "429"])
@pytest.mark.parametrize("stream", ["tags", "ip_allowlist", "conversations", "contact_activities"])
def test_an_error_is_none_the_less_one_for_its_status(
    small: Sandbox, stream: str, status: str
) -> None:
    run = sync(small, stream, token=f"demo-broken-{stream}-said{status}")
    assert run.rows(stream) == []
    # A search that is answered 404 is asked again, as it is with that status.
    is_left_out = status in {"401", "403", "410"} or (status == "404" and stream != "conversations")
    assert stream in (run.left_out if is_left_out else run.failed)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("status", [one for one in ERRORS if one != "429"])
@pytest.mark.parametrize("stream", ["conversation_parts", "article_statistics"])
def test_an_error_of_one_parent_is_none_of_its_rows(
    small: Sandbox, stream: str, status: str, caplog: pytest.LogCaptureFixture
) -> None:
    well = sync(small, stream)
    run = sync(small, stream, token=f"demo-poisoned-said{status}")
    assert set() < written(run, stream) < written(well, stream)
    is_lost = any(one.startswith("Rows of these") for one in caplog.messages)
    assert is_lost == (status not in {"401", "404", "410"})
    assert (stream in run.left_out) == (status == "401")
