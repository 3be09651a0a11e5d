"""Pages by number, while records go, come and move between two of them: each one arrives at once.

Which streams are read so is found out from what they ask, and all of them are tried.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from numbered import NUMBERED, PAGE, use_small_pages
from runs import CUSTOM_OBJECT_TYPES, Run, catalog_of, latest, sync
from thorough import the_first_of

from tap_intercom.sandbox import running
from tap_intercom.shapes import drift
from tap_intercom.shapes.fan_out import FanOut
from tap_intercom.shapes.lists import List, Windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_intercom.sandbox import Sandbox

    Deeds = list[dict[str, Any]]

DAY = 86_400
FEW = 10  # what a list has at least, so that there are some pages
TYPE = CUSTOM_OBJECT_TYPES[0]
SETTINGS: dict[str, dict[str, Any]] = {
    "companies": {"companies_method": "list"},
    "company_contacts": {"api_version": "2.16"},  # since then by a cursor
    "custom_object_instances": {"custom_object_types": [TYPE]},
    "activity_logs": {"start_date": "2026-05-05"},  # one window
}


LISTS = sorted(name for name, one in NUMBERED.items() if issubclass(one, (List, Windows)))
CHILDREN = sorted(name for name, one in NUMBERED.items() if issubclass(one, FanOut))
NEWEST_FIRST = [name for name in LISTS if getattr(NUMBERED[name], "newest_first", False)]


def test_all_that_have_pages_by_number_are_tried() -> None:
    assert sorted(NUMBERED) == sorted([*LISTS, *CHILDREN])
    assert len(LISTS) >= 16
    assert len(CHILDREN) >= 8
    assert len(NEWEST_FIRST) >= 4


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what comes may say that it was made when the test began, however slow this machine is."""
    use_small_pages(monkeypatch)
    monkeypatch.setattr(drift, "MARGIN", timedelta(minutes=5))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running(size=12, rate_limit=1_000_000) as one:
        yield one


class Listed:
    """A list in the sandbox with some pages: what is in it, and what can happen to that."""

    def __init__(self, sandbox: Sandbox, name: str) -> None:
        self.sandbox, self.stream = sandbox, NUMBERED[name]
        self.settings = SETTINGS.get(name, {})
        self.name = name
        self.key = self.stream.primary_keys[-1]
        self.owner = {}
        self.path = self.stream.path
        if name == "custom_object_instances":
            self.owner = {"type": TYPE}
            self.path = self.path.format(type=TYPE)
        elif issubclass(self.stream, FanOut):
            parent = self.a_parent()
            self.owner = {f"{self.stream.of.noun}_id": parent}
            self.path = self.path.format(id=parent)
        for number in range(FEW - len(self.held())):
            self.sandbox.put(*self.written(self.copy(f"more-{number}", 20)).values())
        self.ids = self.in_order()

    def a_parent(self) -> str:
        """The parent that has most rows."""
        owner = f"{self.stream.of.noun}_id"
        rows = [str(row[owner]) for row in self.sandbox.records(self.name)]
        return max(rows, key=rows.count)

    def in_order(self) -> list[str]:
        """The ids in the order in which they are listed."""
        return [str(row[self.key]) for row in self.read().rows(self.name) if self.is_in(row)]

    def is_in(self, row: dict[str, Any]) -> bool:
        return all(str(row[name]) == str(one) for name, one in self.owner.items())

    def read(self, state: Any = None, **more: Any) -> Run:
        run = sync(self.sandbox, self.name, state=state, **self.settings, **more)
        assert run.error is None
        return run

    def held(self) -> dict[str, dict[str, Any]]:
        """What there is now, and can be had."""
        records = self.sandbox.records(self.name, self.settings.get("api_version", "2.17"))
        if self.name == "companies":
            records = [one for one in records if one["user_count"] != 0]
        if self.name == "activity_logs":
            records = [one for one in records if one["created_at"] > self.sandbox.now() - 27 * DAY]
        return {str(one[self.key]): one for one in records if self.is_in(one)}

    # What can happen, as deeds

    @property
    def kept_as(self) -> str:
        """The resource that rows are part of, where they cannot be written themselves."""
        parts = {"newsfeed_items": "news_items", "company_contacts": "contacts"}
        return parts.get(self.name, self.name)

    def gone(self, number: int) -> dict[str, Any]:
        ways = [*self.owner.values()] if self.kept_as == self.name else []
        return {"resource": self.kept_as, "delete": "/".join([*ways, self.ids[number]])}

    def written(self, record: dict[str, Any]) -> dict[str, Any]:
        owner = self.owner if self.kept_as == self.name else {}
        return {"resource": self.kept_as, "put": {**record, **owner}}

    def touched(self, number: int) -> dict[str, Any]:
        """Let a record move to where those are that changed last."""
        now = int(self.sandbox.now())
        fields = dict.fromkeys(("updated_at", "last_request_at"), now)
        return self.written({self.key: self.ids[number], **fields})

    def copy(self, name: str, days: int = 0) -> dict[str, Any]:
        """A record as one that is there, but with another name, and made some days ago."""
        one = self.sandbox.records(self.kept_as)[0]
        if self.owner:
            one = next(iter(self.held().values()))
        moment = int(self.sandbox.now()) - days * DAY
        times = ("created_at", "updated_at", "deleted_at", "last_request_at")
        named = {self.key: name, **{time: moment for time in times if time in one}}
        return {**one, **({"company_id": name} if self.name == "companies" else {}), **named}

    def joined(self, name: str) -> dict[str, Any]:
        """Let one come that has been elsewhere for long, or be made if that is what they do."""
        days = 9 if self.stream.made_at == "" else 0
        return self.written(self.copy(name, days))

    def told(self) -> Deeds:
        """Let the parent change with its rows, where that is how one hears of them."""
        if not self.stream.replication_key or not issubclass(self.stream, FanOut):
            return []
        changed = {"id": next(iter(self.owner.values())), "updated_at": int(self.sandbox.now())}
        return [{"resource": self.stream.of.name, "put": changed}]


def survivors_missing(listed: Listed, *runs: Run) -> set[str]:
    """What was there before and still is, and has not arrived."""
    arrived = {str(row[listed.key]) for run in runs for row in run.rows(listed.name)}
    return (listed.held().keys() & {*map(str, listed.ids)}) - arrived


HAPPENINGS: dict[str, Callable[[Listed], Deeds]] = {
    "one goes": lambda it: [it.gone(0)],
    "three go": lambda it: [it.gone(0), it.gone(1), it.gone(2)],
    "one that was not read goes": lambda it: [it.gone(-1)],
    "one that was not read moves": lambda it: [it.touched(-2)],
    "one goes, one moves": lambda it: [it.gone(1), it.touched(-2)],
    "one goes, one comes": lambda it: [it.gone(0), it.joined("9" * 9)],
    "one comes, one goes": lambda it: [it.joined("9" * 9), it.gone(2)],
    "two go, two come": lambda it: [
        it.gone(0), it.joined("9" * 9), it.gone(1), it.joined("9" * 10)
    ],
    "one comes": lambda it: [it.joined("9" * 9)],
}  # fmt: skip
FIRST = {"one goes", "one that was not read moves", "two go, two come"}


@pytest.mark.parametrize("after", [1, pytest.param(2, marks=pytest.mark.thorough)])
@pytest.mark.parametrize(
    "happening",
    [pytest.param(one, marks=[] if one in FIRST else pytest.mark.thorough) for one in HAPPENINGS],
)
@pytest.mark.parametrize("name", [*LISTS, *CHILDREN])
def test_what_happens_between_two_pages_hides_nothing(
    sandbox: Sandbox, name: str, happening: str, after: int
) -> None:
    listed = Listed(sandbox, name)
    sandbox.meanwhile(listed.path, *HAPPENINGS[happening](listed), *listed.told(), after=after)
    first = listed.read()
    assert survivors_missing(listed, first) == set()
    assert first.failed == {}
    again = listed.read(first.state)
    arrived = {str(one[listed.key]) for one in latest(first, again).values()}
    assert listed.held().keys() <= arrived


@pytest.mark.parametrize("name", [*LISTS, *CHILDREN])
def test_a_list_that_stands_still_is_read_once(sandbox: Sandbox, name: str) -> None:
    """But for those that do not count, or do not say since when a record is there."""
    listed = Listed(sandbox, name)
    sandbox.reset()
    listed.read()
    pages = [one["query"].get("page", "1") for one in sandbox.log() if one["path"] == listed.path]
    twice = name == "activity_logs" or listed.stream.made_at == "" or name == "side_conversations"
    once = [str(number + 1) for number in range(-(-len(listed.ids) // PAGE))]
    assert pages == once * (1 + twice)
    assert len(once) > 2


@pytest.mark.parametrize("name", NEWEST_FIRST)
def test_nor_of_one_that_is_read_as_far_as_the_bookmark(sandbox: Sandbox, name: str) -> None:
    listed = Listed(sandbox, name)
    state = listed.read().state
    sandbox.advance(DAY)
    now = int(sandbox.now())
    changed = listed.ids[: 2 * PAGE]
    for number, one in enumerate(changed):
        times = dict.fromkeys(("updated_at", "deleted_at"), now - 3_600 - number)
        sandbox.put(name, {"id": one, **times})
    sandbox.meanwhile(listed.path, {"resource": name, "delete": changed[0]})
    sandbox.reset()
    run = listed.read(state)
    assert set(changed) <= set(run.ids(name))
    assert len(run.ids(name)) == len(set(run.ids(name)))
    assert run.failed == {}
    pages = [one["query"].get("page", "1") for one in sandbox.log() if one["path"] == listed.path]
    assert pages.count("1") == 2
    assert len(pages) <= 2 * (2 + 2)


def whole_tables(*streams: str) -> dict[str, Any]:
    """A catalogue in which these are read whole."""
    catalog = catalog_of(*streams)
    for entry in catalog["streams"]:
        entry["replication_method"] = "FULL_TABLE"
        for metadata in entry["metadata"]:
            if not metadata["breadcrumb"]:
                metadata["metadata"]["forced-replication-method"] = "FULL_TABLE"
                metadata["metadata"]["replication-method"] = "FULL_TABLE"
    return catalog


@pytest.mark.parametrize("happening", the_first_of("one goes, one comes", "one goes"))
@pytest.mark.parametrize("name", [*LISTS, *CHILDREN])
def test_a_target_that_removes_what_it_was_not_given_loses_nothing(
    sandbox: Sandbox, name: str, happening: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.catalog_of", whole_tables)
    listed = Listed(sandbox, name)
    sandbox.meanwhile(listed.path, *HAPPENINGS[happening](listed))
    run = listed.read(emit_activate_version_messages=True)
    assert [one["type"] for one in run.messages].count("ACTIVATE_VERSION") == 1
    assert survivors_missing(listed, run) == set()


def dwindling(listed: Listed) -> Deeds:
    """Let the last one go after each page, so that no reading can bring all that there were."""
    return [listed.gone(-1 - number) for number in range(len(listed.ids) - PAGE)]


def test_a_list_that_never_stands_still_is_named_and_keeps_its_bookmark(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    listed = Listed(sandbox, "calls")
    for number in range(40):
        sandbox.put(*listed.written(listed.copy(f"one-{number}", 5)).values())
    state = listed.read().state
    sandbox.advance(DAY)
    listed.ids = listed.in_order()
    for number, deed in enumerate(dwindling(listed)):
        sandbox.meanwhile(listed.path, deed, after=number + 1)
    run = sync(sandbox, "calls", state=state)
    assert run.error is None
    assert "The list moved each time that it was read" in caplog.text
    assert run.state["bookmarks"]["calls"] == state["bookmarks"]["calls"]


def test_rows_of_a_parent_that_never_stand_still_are_asked_for_in_the_next_run(
    sandbox: Sandbox,
) -> None:
    listed = Listed(sandbox, "contact_notes")
    for number in range(40):
        sandbox.put(*listed.written(listed.copy(f"one-{number}", 5)).values())
    listed.ids = listed.in_order()
    for number, deed in enumerate(dwindling(listed)):
        sandbox.meanwhile(listed.path, deed, after=number + 1)
    run = sync(sandbox, "contact_notes")
    assert run.failed == {}
    assert run.kept == {"contact_notes": [*listed.owner.values()]}
    sync(sandbox, "contact_notes")  # by another, until nothing more happens
    again = listed.read(run.state)
    assert survivors_missing(listed, again) == set()
    assert again.kept == {}
