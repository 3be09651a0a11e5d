"""A failure costs what it touches; what it cost is named, and comes with the next run."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import CUSTOM_OBJECT_TYPES, NAMES, Run, latest, sync
from thorough import the_first_of

from tap_intercom.audit import RunError
from tap_intercom.records import times
from tap_intercom.sandbox import running
from tap_intercom.shapes import losses
from tap_intercom.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_intercom.sandbox import Sandbox

# All streams but those whose rows come out of one file.
ALL = [one for one in NAMES if not one.startswith(("report_", "content_export_"))]

# Some of each shape, to which few calls are made.
SOME = [
    "tags",
    "contacts",
    "contact_notes",
    "companies",
    "company_contacts",
    "conversations",
    "conversation_parts",
    "handling_events",
    "articles",
    "article_versions",
    "tickets",
    "call_transcripts",
]
PARTS = "conversation_parts"
SHAPES = {one.name: one for one in STREAMS}

# Ways in which what is asked about one parent may fail for good.
AT_ONCE = ["422", "400", "402", "403", "409", "413"]
STATUSES, CUT, PAGES = ["500", "503", "408"], ["reset", "truncated"], ["html403", "html404"]
AFTER_TRIES = [*STATUSES, *CUT, *PAGES, "empty", "without"]

pytestmark = pytest.mark.usefixtures("impatient")


class Outcome(NamedTuple):
    """A run, and what it said came of its streams."""

    run: Run
    told: dict[str, Any]

    @property
    def failed(self) -> set[str]:
        return {stream for stream, one in self.told.items() if one["failed"]}

    def is_named(self, stream: str, row: dict[str, Any]) -> bool:
        """Say whether it is told that a row is missing."""
        told = self.told[stream]
        if told["failed"] or told["left_out"]:
            return True
        parent = SHAPES[stream].of
        return parent is not None and row.get(f"{parent.noun}_id") in told["lost"]


@pytest.fixture(scope="module")
def small() -> Iterator[Sandbox]:
    with running(size=40, scroll_expiry=0.3, hang=0.05) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("told")


@pytest.fixture(scope="module")
def some(small: Sandbox) -> dict[Any, Any]:
    """What an unbroken run gives of some streams."""
    return latest(sync(small, *SOME))


def outcome(
    sandbox: Sandbox, folder: Path, *streams: str, token: str = "demo", **more: Any
) -> Outcome:
    summary = folder / "summary.json"
    run = sync(sandbox, *streams, token=token, summary_file=str(summary), **more)
    return Outcome(run, json.loads(summary.read_text())["streams"])


# The rows of one parent


@pytest.mark.parametrize(
    "way",
    [
        *(way for alike in (AT_ONCE, STATUSES, CUT, PAGES) for way in the_first_of(*alike)),
        "empty",
        "without",
    ],
)
def test_the_rows_of_one_parent_are_missing_and_come_with_the_next_run(
    small: Sandbox, some: dict[Any, Any], folder: Path, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    first = outcome(small, folder, *SOME, token=f"demo-poisoned-{way}")
    assert first.run.error is None
    assert first.failed == set()
    assert {PARTS, "handling_events", "contact_notes"} <= first.run.kept.keys()
    for stream, names in first.run.kept.items():
        assert set(first.told[stream]["lost"]) == set(names)
        assert all(first.told[stream]["lost"].values())
        lines = [one for one in caplog.messages if one.startswith("Rows of these")]
        assert len([one for one in lines if all(name in one for name in names)]) >= 1

    missing = some.keys() - latest(first.run).keys()
    assert missing
    assert all(first.is_named(key[0], some[key]) for key in missing)
    second = outcome(small, folder, *SOME, state=first.run.state)
    assert second.run.error is None
    assert second.run.kept == {}
    assert latest(first.run, second.run) == some


def details(sandbox: Sandbox) -> list[str]:
    """The ids of the conversations that were asked about, in order."""
    paths = [one["path"] for one in sandbox.log() if one["method"] == "GET"]
    return [one.rpartition("/")[2] for one in paths if one.startswith("/conversations/")]


def test_a_parent_is_asked_about_first_in_the_next_run_and_once(
    small: Sandbox, folder: Path
) -> None:
    first = outcome(small, folder, PARTS, token="demo-poisoned-422")
    [names] = first.run.kept.values()
    small.reset()
    second = outcome(small, folder, PARTS, token="demo-poisoned-422", state=first.run.state)
    assert second.run.kept == first.run.kept
    assert sorted(details(small)[: len(names)]) == sorted(names)
    assert all(details(small).count(one) == 1 for one in names)
    small.reset()
    third = outcome(small, folder, PARTS, state=second.run.state)
    assert third.run.kept == {}
    assert {row["conversation_id"] for row in third.run.rows(PARTS)} >= set(names)


def test_a_parent_that_changes_while_it_fails_is_kept_as_it_is_now(folder: Path) -> None:
    with running(size=40) as sandbox:
        first = outcome(sandbox, folder, PARTS, token="demo-poisoned-422")
        name = first.run.kept[PARTS][0]
        sandbox.advance(86_400)
        now = int(sandbox.now())
        record = next(one for one in sandbox.records("conversations") if one["id"] == name)
        sandbox.put("conversations", {**record, "updated_at": now - 7_200})
        sandbox.reset()
        second = outcome(sandbox, folder, PARTS, token="demo-poisoned-422", state=first.run.state)
        assert name in second.run.kept[PARTS]
        assert details(sandbox).count(name) == 1
        third = outcome(sandbox, folder, PARTS, state=second.run.state)
        rows = [row for row in third.run.rows(PARTS) if row["conversation_id"] == name]
        assert {row["conversation_updated_at"] for row in rows} == {times.canonical(now - 7_200)}


def test_a_parent_that_is_gone_is_asked_about_no_more(small: Sandbox, folder: Path) -> None:
    state = outcome(small, folder, PARTS, token="demo-poisoned-500").run.state
    state["bookmarks"][PARTS]["failed"] = [{"id": "1", "updated_at": 1}]
    second = outcome(small, folder, PARTS, state=state)
    assert second.run.error is None
    assert second.run.kept == {}
    assert second.told[PARTS]["skipped"] == ["1"]


def test_a_page_that_says_404_is_no_deletion_unless_the_parent_is_gone(
    small: Sandbox, folder: Path
) -> None:
    first = outcome(small, folder, PARTS, "contact_notes", token="demo-poisoned-html404")
    assert {PARTS, "contact_notes"} == first.run.kept.keys()
    assert first.told[PARTS]["skipped"] == first.told["contact_notes"]["skipped"] == []
    with running(size=200) as sandbox:
        gone = outcome(sandbox, folder, "company_contacts", token="demo-deleted-between")
        assert gone.told["company_contacts"]["skipped"]
        assert gone.told["company_contacts"]["lost"] == {}


def test_a_bookmark_stays_before_what_it_cannot_keep(
    small: Sandbox, some: dict[Any, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "MOST_KEPT", 1)
    first = outcome(small, folder, PARTS, token="demo-poisoned-422", page_size=2)
    assert len(first.run.kept[PARTS]) == 1
    second = outcome(small, folder, PARTS, state=first.run.state)
    assert {key for key in some if key[0] == PARTS} == latest(first.run, second.run).keys()


def test_strict_takes_rows_that_are_still_to_be_read_for_a_failure(
    small: Sandbox, folder: Path
) -> None:
    run = outcome(small, folder, PARTS, token="demo-poisoned-422", strict=True).run
    assert isinstance(run.error, RunError)
    assert f"some rows of {PARTS} are asked for again" in str(run.error)
    assert "strict" in str(run.error)


def test_what_fails_for_a_while_holds_up_nobody_and_comes_in_the_same_run(
    small: Sandbox, some: dict[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first three tries of each conversation fail; the fourth is made beside the next stream.
    monkeypatch.setattr("tap_intercom.api.retries.LONGEST_WAIT_SECONDS", 0.2)
    monkeypatch.setattr("tap_intercom.api.retries.FIRST_WAIT_SECONDS", 0.05)
    run = sync(small, PARTS, "tags", token="demo-nth-4-500")
    assert run.error is None
    order = [stream for stream, _ in run.records]
    assert order.index("tags") < len(order) - 1
    assert latest(run).keys() <= some.keys()


# Many parents, and whole streams


def test_parents_that_fail_alike_one_after_the_other_are_no_accident(folder: Path) -> None:
    with running(size=120) as sandbox:
        token = "demo-broken-handling_events-422"
        found = outcome(sandbox, folder, "conversations", "handling_events", "tags", token=token)
        assert isinstance(found.run.error, RunError)
        assert found.failed == {"handling_events"}
        assert "20 conversations in a row failed alike" in found.told["handling_events"]["failed"]
        assert found.run.counts["conversations"] == 60
        assert found.run.counts["tags"]
        asked = [one for one in sandbox.log() if one["path"].endswith("/handling_events")]
        assert 20 <= len(asked) <= 20 + 3 * 32
        second = outcome(sandbox, folder, "handling_events", state=found.run.state)
        assert second.run.error is None
        whole = sync(sandbox, "handling_events")
        assert latest(second.run) == latest(whole)


def test_a_permission_that_is_missing_is_no_parents_fault(small: Sandbox, folder: Path) -> None:
    for stream, resource in (("team_metrics", "team_metrics"), ("contact_notes", "contact_notes")):
        token = f"demo-plan-{resource}"
        found = outcome(small, folder, stream, token=token)
        assert found.run.error is None
        assert stream in found.run.left_out
        assert "plan does not include it" in found.run.left_out[stream]


@pytest.mark.parametrize("way", ["400", *the_first_of("without", "500", "empty", "reset")])
@pytest.mark.parametrize("resource", ["tags", "contacts", "conversations", "companies"])
def test_a_stream_that_fails_costs_that_stream(
    small: Sandbox, some: dict[Any, Any], folder: Path, resource: str, way: str
) -> None:
    first = outcome(small, folder, *SOME, token=f"demo-broken-{resource}-{way}")
    assert isinstance(first.run.error, RunError)
    assert resource in first.failed
    assert resource in str(first.run.error)
    assert "Run again" in str(first.run.error)
    untouched = {one for one in SOME if one in {"tickets", "articles", "article_versions"}}
    assert untouched <= first.run.counts.keys()
    second = outcome(small, folder, *SOME, state=first.run.state)
    assert second.run.error is None
    assert latest(first.run, second.run) == some


def test_streams_of_the_same_parent_do_not_repeat_a_hopeless_reading(
    small: Sandbox, folder: Path
) -> None:
    small.reset()
    token = "demo-broken-contacts-500"
    found = outcome(small, folder, "contacts", "contact_notes", "contact_tags", token=token)
    assert found.failed == {"contacts", "contact_notes", "contact_tags"}
    searches = [one for one in small.log() if one["path"] == "/contacts/search"]
    assert len(searches) < 30  # ten tries, smaller pages before, and a look whether any works


def test_a_bookmark_of_a_stream_that_fails_stays(small: Sandbox, folder: Path) -> None:
    first = outcome(small, folder, "contacts", "tickets")
    second = outcome(
        small,
        folder,
        "contacts",
        "tickets",
        state=first.run.state,
        token="demo-broken-contacts-422",
    )
    assert second.failed == {"contacts"}
    for stream in ("contacts", "tickets"):
        before, after = (one.run.bookmarks(stream)[-1] for one in (first, second))
        assert before <= after
    assert second.run.bookmarks("contacts")[-1] == first.run.bookmarks("contacts")[-1]


@pytest.mark.parametrize("token", ["demo-poisoned-422", "demo-deleted-between", "demo-nth-9-422"])
def test_a_target_removes_nothing_because_something_failed(folder: Path, token: str) -> None:
    with running(size=60) as sandbox:
        streams = ["article_versions", "company_contacts", "tags", "teams", "brands", "emails"]
        found = outcome(sandbox, folder, *streams, token=token, emit_activate_version_messages=True)
        ended = {one["stream"] for one in found.run.messages if one["type"] == "ACTIVATE_VERSION"}
        short = {
            stream for stream, one in found.told.items() if one["incomplete"] or one["skipped"]
        }
        assert short
        assert ended == set(streams) - short


# Parts of a search


@pytest.mark.parametrize("way", ["500", "422", "reset", "empty"])
def test_what_lies_around_what_a_search_cannot_give_is_read(folder: Path, way: str) -> None:
    streams = ["contacts", "contact_tags", "conversations", "tickets"]
    with running(size=150) as sandbox:
        whole = latest(sync(sandbox, *streams))
        first = outcome(sandbox, folder, *streams, token=f"demo-unsearchable-{way}")
        assert isinstance(first.run.error, RunError)
        assert {"contacts", "contact_tags", "conversations"} <= first.failed
        spoilt = {key[1] for key in whole.keys() - latest(first.run).keys()}
        for stream in ("contacts", "conversations"):
            lost = [key for key in whole if key[0] == stream and key not in latest(first.run)]
            # Those that spoil a page, and what changed in the same second behind them.
            assert 1 <= len(lost) <= 150 / 8
            assert {key[1] for key in lost} <= spoilt
            assert "cannot be read, not even one by one" in first.told[stream]["failed"]
            missing = min(whole[key]["updated_at"] for key in lost)
            assert first.run.bookmarks(stream)[-1] <= missing
        second = outcome(sandbox, folder, *streams, state=first.run.state)
        assert second.run.error is None
        assert latest(first.run, second.run) == whole


# Outages


def test_nothing_at_all_for_as_long_as_patience_lasts_ends_the_run(small: Sandbox) -> None:
    run = sync(small, token="demo-down")
    assert isinstance(run.error, RunError)
    assert "503" in str(run.error)
    assert run.messages == []


def test_a_stray_redirect_is_asked_again_and_never_followed(
    small: Sandbox, some: dict[Any, Any]
) -> None:
    run = sync(small, *SOME, token="demo-redirect-once")
    assert run.error is None
    assert latest(run) == some


class FastClock:
    """Lets naps of the tap pass on the clock of a sandbox, and on the tap's own."""

    def __init__(self, sandbox: Sandbox, patch: pytest.MonkeyPatch) -> None:
        self.passed, self._whole, self._sandbox = 0.0, 0, sandbox
        steady = time.monotonic
        patch.setattr("time.sleep", self.nap)
        patch.setattr("time.monotonic", lambda: steady() + self.passed)

    def nap(self, seconds: float) -> None:
        self.passed += seconds
        whole = int(self.passed) - self._whole
        if whole:
            self._whole += whole
            with suppress(ConnectionError):
                self._sandbox.advance(whole)


STEADY = ["contacts", "tags", "tickets", "conversations", "teams", "brands", "segments", "emails"]


@pytest.mark.parametrize("minutes", [1, 10, 40])
def test_a_brownout_of_minutes_is_waited_out_as_long_as_patience_lasts(
    minutes: int, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running(size=12, pause=60 * minutes, hang=0.01) as sandbox:
        whole = latest(sync(sandbox, *STEADY))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tap_intercom.run.MINUTE", 60.0)
            patch.setattr("tap_intercom.run.FRESH_SECONDS", 0)
            patch.setattr("tap_intercom.api.retries.FIRST_WAIT_SECONDS", 0.5)
            patch.setattr("tap_intercom.api.retries.LONGEST_WAIT_SECONDS", 32.0)
            clock = FastClock(sandbox, patch)
            first = outcome(sandbox, folder, *STEADY, token="demo-paused", max_concurrency=1)
            passed, told = clock.passed, caplog.messages
            for one in [one for one in threading.enumerate() if one.name.endswith("(_work)")]:
                one.join()  # which the clock lets give up, too
        if minutes < 15:
            assert first.run.error is None
            assert passed >= 60 * minutes - 60
            assert latest(first.run).keys() >= whole.keys()  # time passed, and brings new ones
        else:
            assert isinstance(first.run.error, RunError)
            assert 900 <= passed < 1_200
            assert "ended" in str(first.run.error)
        lines = [one for one in told if "Nothing has come from Intercom for" in one]
        assert len(lines) <= min(minutes, 15) + 1
        assert bool(lines) == (minutes > 1)
        second = outcome(sandbox, folder, *STEADY, state=first.run.state)
        assert second.run.error is None
        assert latest(first.run, second.run).keys() >= whole.keys()


# Anything, anywhere

WAYS = [*AT_ONCE, *AFTER_TRIES, "401", "404", "410", "502", "504", "html200", "not-gzip", "405"]
CALLS = 420


@pytest.fixture(scope="module")
def tiny() -> Iterator[Sandbox]:
    with running(size=6, scroll_expiry=0.3, hang=0.05) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def everything(tiny: Sandbox) -> dict[Any, Any]:
    """What an unbroken run gives of all streams."""
    return latest(sync(tiny, *ALL, custom_object_types=CUSTOM_OBJECT_TYPES))


@settings(max_examples=8)
@given(number=st.integers(2, CALLS), way=st.sampled_from(WAYS), once=st.booleans())
def test_any_failure_anywhere_costs_what_is_named_and_nothing_for_good(
    tiny: Sandbox,
    everything: dict[Any, Any],
    folder: Path,
    number: int,
    way: str,
    once: bool,  # noqa: FBT001
) -> None:
    tiny.reset()
    token = f"demo-nth-{number}-{way}{'-once' if once else ''}"
    first = outcome(tiny, folder, *ALL, token=token, custom_object_types=CUSTOM_OBJECT_TYPES)
    assert first.run.error is None or isinstance(first.run.error, RunError)
    assert bool(first.run.error) == bool(first.failed)
    there = latest(first.run)
    for key in everything.keys() - there.keys():
        skipped = first.told[key[0]]["skipped"]
        assert skipped or first.is_named(key[0], everything[key]), key
    assert there.keys() <= everything.keys()
    state = first.run.state
    second = outcome(tiny, folder, *ALL, state=state, custom_object_types=CUSTOM_OBJECT_TYPES)
    assert second.run.error is None
    assert second.run.kept == {}
    if way in {"404", "410"}:  # of a parent, Intercom's own word that it is gone is believed
        return
    assert latest(first.run, second.run) == everything
