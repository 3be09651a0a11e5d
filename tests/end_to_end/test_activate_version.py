"""With ACTIVATE_VERSION, what Intercom no longer has is marked or removed, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from loaded import all_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from houses import House
    from truth import Key, Row

    Tables = dict[str, dict[Key, Row]]

RUN = ("run", "tap-intercom", "target-postgres")
CHOSEN = '["tags.*", "contacts.*", "segments.*", "help_center_redirects.*"]'


class Life:
    """What happens to a tag, a redirect and a contact, and what a database knows of it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.before = self.run()
        self.redirect = self.delete("help_center_redirects", 0)
        self.tags = [self.delete("tags", 0)]
        self.contact = self.delete("contacts", 1)
        self.marked = self.run(TAP_INTERCOM_API_KEY="demo-no-permission-segments")
        self.tags.append(self.delete("tags", 0))
        self.removed = self.run(
            TAP_INTERCOM_API_KEY="demo-no-permission-segments", TARGET_POSTGRES_HARD_DELETE="true"
        )

    def run(self, **settings: str) -> Tables:
        emitting = {"TAP_INTERCOM_EMIT_ACTIVATE_VERSION_MESSAGES": "true"}
        self.house.meltano(*RUN, TAP_INTERCOM__SELECT=CHOSEN, **emitting, **settings)
        return all_rows(self.house.database)

    def delete(self, resource: str, position: int) -> Key:
        """Delete a record; give its key."""
        record = self.house.workspace.records(resource)[position]
        owner = record.get("help_center_id") if resource == "help_center_redirects" else None
        key = (owner, record["id"]) if owner else (record["id"],)
        assert self.house.workspace.delete(resource, "/".join(key))
        return key


def deleted(rows: dict[Key, Row]) -> set[Key]:
    return {key for key, row in rows.items() if row["_sdc_deleted_at"] is not None}


@pytest.fixture(scope="module")
def life(new_house: Callable[[int], AbstractContextManager[House]]) -> Iterator[Life]:
    with new_house(13) as house:
        yield Life(house)


def test_at_first_nothing_is_marked(life: Life) -> None:
    assert sorted(life.before) == ["contacts", "help_center_redirects", "segments", "tags"]
    assert all(rows and not deleted(rows) for rows in life.before.values())


def test_a_deleted_tag_is_marked(life: Life) -> None:
    assert deleted(life.marked["tags"]) == {life.tags[0]}
    assert life.marked["tags"].keys() == life.before["tags"].keys()


def test_a_deleted_row_of_a_parent_is_marked(life: Life) -> None:
    assert deleted(life.marked["help_center_redirects"]) == {life.redirect}


def test_or_removed(life: Life) -> None:
    assert life.removed["tags"].keys() == life.before["tags"].keys() - {*life.tags}
    assert life.redirect not in life.removed["help_center_redirects"]
    assert not deleted(life.removed["tags"])


@pytest.mark.parametrize("moment", ["marked", "removed"])
def test_incremental_streams_are_left_alone(life: Life, moment: str) -> None:
    contacts = getattr(life, moment)["contacts"]
    assert life.contact in contacts
    assert contacts.keys() == life.before["contacts"].keys()
    assert not deleted(contacts)


@pytest.mark.parametrize("moment", ["marked", "removed"])
def test_what_may_not_be_read_keeps_its_rows(life: Life, moment: str) -> None:
    assert getattr(life, moment)["segments"] == life.before["segments"]
