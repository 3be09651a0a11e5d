"""Under Meltano, a stream that fails costs that stream: the others are loaded, and the state is true."""

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
    """A run in which a stream fails, one in which parents do, and one in which all is well."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.failed = self.run("demo-broken-teams-422", code=1)
        self.after_failure = self.state
        self.poisoned = self.run("demo-poisoned-422")
        self.kept = self.state
        self.well = self.run("demo")
        self.last = self.state

    def run(self, token: str, code: int = 0) -> dict[str, Any]:
        chosen = json.dumps([f"{one}.*" for one in STREAMS])
        more = {"TAP_INTERCOM_API_KEY": token, "TAP_INTERCOM__SELECT": chosen}
        self.house.meltano(*RUN, code=code, **more)
        return all_rows(self.house.database)

    @property
    def state(self) -> dict[str, Any]:
        """What Meltano keeps of the state."""
        known = self.house.meltano("state", "list").split()
        [name] = [one for one in known if one.endswith("tap-intercom-to-target-postgres")]
        found = json.loads(self.house.meltano("state", "get", name))
        return found["singer_state"]["bookmarks"]  # type: ignore[no-any-return]

    def there(self, resource: str) -> set[str]:
        return {str(one["id"]) for one in self.house.workspace.records(resource)}


def ids(rows: dict[Any, Any]) -> set[str]:
    return {row["id"] for row in rows.values()}


@pytest.fixture(scope="module")
def life(new_house: Callable[[int], AbstractContextManager[House]]) -> Iterator[Life]:
    with new_house(14) as house:
        yield Life(house)


def test_what_did_not_fail_is_loaded(life: Life) -> None:
    for table in ("tags", "admins", "conversations"):
        assert ids(life.failed[table]) == life.there(table)
    assert life.failed[PARTS]
    assert not life.failed.get("teams")


def test_the_state_of_a_run_that_failed_is_kept_and_true(life: Life) -> None:
    assert life.after_failure["conversations"]["replication_key_value"]
    assert life.after_failure[PARTS]["replication_key_value"]
    assert "replication_key_value" not in life.after_failure.get("teams", {})


def test_parents_that_fail_are_kept_in_the_state_of_a_run_that_ends_well(life: Life) -> None:
    assert ids(life.poisoned["teams"]) == life.there("teams")
    # What changed lately is read again in each run, and some of it is poisoned.
    assert {*life.kept[PARTS]} == {"replication_key", "replication_key_value"} | (
        {"failed"} if "failed" in life.kept[PARTS] else set()
    )
    assert life.kept[PARTS]["replication_key_value"] >= life.after_failure[PARTS][
        "replication_key_value"
    ]


def test_in_the_end_all_is_there(life: Life) -> None:
    assert ids(life.well["teams"]) == life.there("teams")
    assert {row["conversation_id"] for row in life.well[PARTS].values()} <= life.there(
        "conversations"
    )
    assert not life.last[PARTS].get("failed")
