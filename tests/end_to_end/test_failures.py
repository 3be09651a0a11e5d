"""Under Meltano, what fails costs what it touches: the others are loaded, and the state is true."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from loaded import all_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from houses import House

RUN = ("run", "tap-intercom", "target-postgres")
PARTS = "conversation_parts"
STREAMS = ["tags", "teams", "admins", "conversations", PARTS]


class Life:
    """A run in which parents fail, one in which a stream does, and one in which all is well."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.all = self.there("conversations")
        self.poisoned = self.run("demo-poisoned-422")
        self.kept = self.state[PARTS].get("failed", [])
        self.failed = self.run("demo-broken-admins-422", code=1)
        self.after_failure = self.state
        house.workspace.advance(86_400)
        self.well = self.run("demo")

    def run(self, token: str, code: int = 0) -> dict[str, Any]:
        chosen = json.dumps([f"{one}.*" for one in STREAMS])
        more = {"TAP_INTERCOM_API_KEY": token, "TAP_INTERCOM__SELECT": chosen}
        self.house.meltano(*RUN, code=code, **more)
        return all_rows(self.house.database)

    @property
    def state(self) -> dict[str, Any]:
        """What Meltano keeps of the state."""
        found = json.loads(self.house.meltano("state", "get", "ci:tap-intercom-to-target-postgres"))
        return found["singer_state"]["bookmarks"]  # type: ignore[no-any-return]

    def there(self, resource: str) -> set[str]:
        return {str(one["id"]) for one in self.house.workspace.records(resource)}


def ids(rows: dict[Any, Any]) -> set[str]:
    return {row["id"] for row in rows.values()}


@pytest.fixture(scope="module")
def life(new_house: Callable[[int], AbstractContextManager[House]]) -> Iterator[Life]:
    with new_house(14) as house:
        yield Life(house)


def told(table: dict[Any, Any]) -> set[str]:
    """The conversations of which parts are loaded."""
    return {row["conversation_id"] for row in table.values()}


def test_parents_that_fail_are_kept_in_the_state_of_a_run_that_ends_well(life: Life) -> None:
    names = {one["id"] for one in life.kept}
    assert names
    assert told(life.poisoned[PARTS]) == life.all - names
    assert ids(life.poisoned["conversations"]) == life.all
    assert all(life.poisoned[table] for table in ("tags", "teams", "admins"))


def test_a_stream_that_fails_costs_that_stream(life: Life) -> None:
    # The rows that were missing have come, although the run failed; and its state is true.
    assert {one["id"] for one in life.kept} <= told(life.failed[PARTS])
    assert not life.after_failure[PARTS].get("failed")
    assert life.after_failure[PARTS]["replication_key_value"]
    assert ids(life.failed["admins"]) == ids(life.poisoned["admins"])


def test_the_next_run_goes_on_from_there(life: Life) -> None:
    for table in ("tags", "teams", "admins", "conversations"):
        assert ids(life.well[table]) >= life.there(table)
    assert told(life.well[PARTS]) >= life.there("conversations")
