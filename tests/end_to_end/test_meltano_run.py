"""`meltano run tap-intercom target-postgres` brings a workspace into PostgreSQL."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from comparing import differences, moment
from loaded import all_rows, orphans, primary_key
from truth import (
    CHANGED,
    FEEDS,
    KEYS,
    PARENTS,
    READ_WHOLE,
    TABLES,
    Key,
    Row,
    by_key,
    truth,
)

if TYPE_CHECKING:
    from pathlib import Path

    from cloned import Meltano
    from houses import House

RUN = ("run", "tap-intercom", "target-postgres")
DAY = 86_400
LOOKBACK = timedelta(seconds=600)
EXPORTED = ("content_export_", "report_")
LOOKBACK_OF_EXPORTS = timedelta(days=30)
NEVER = datetime.min.replace(tzinfo=timezone.utc)
Truth = dict[str, dict[Key, Row]]

# Columns that name a row of another table, beside those of children that name their parents.
LINKS = (
    ("articles", "author_id", "admins"),
    ("call_transcripts", "conversation_id", "conversations"),
    ("calls", "contact_id", "contacts"),
    ("calls", "conversation_id", "conversations"),
    ("company_contacts", "contact_id", "contacts"),
    ("company_segments", "segment_id", "segments"),
    ("company_tags", "tag_id", "tags"),
    ("contact_companies", "company_id", "companies"),
    ("contact_segments", "segment_id", "segments"),
    ("contact_subscriptions", "subscription_type_id", "subscription_types"),
    ("contact_tags", "tag_id", "tags"),
    ("conversation_contacts", "contact_id", "contacts"),
    ("conversation_tags", "tag_id", "tags"),
    ("conversation_teammates", "admin_id", "admins"),
    ("data_connector_executions", "conversation_id", "conversations"),
    ("newsfeed_items", "news_item_id", "news_items"),
    ("team_metrics", "admin_id", "admins"),
    *((child, f"{parent.noun}_id", parent.name) for child, parent in sorted(PARENTS.items())),
)

# Links to what the workspace itself has no record of: all of them dangle, for these reasons.
DANGLING = (
    ("contact_granted_companies", "company_id", "companies"),  # the workspace's own ids of them
    ("contact_merge_history", "source_contact_id", "contacts"),  # merged contacts are gone
)


class Run:
    """What the workspace said before a run, and what was loaded by it."""

    def __init__(self, house: House) -> None:
        self.now = datetime.fromtimestamp(int(house.workspace.now()), timezone.utc)
        self.settled = self.now - LOOKBACK
        self.truth: Truth = {table: truth(house.workspace, table) for table in TABLES}
        self.began = int(time.time() * 1000)
        house.meltano(*RUN)
        self.tables = all_rows(house.database)

    def loaded(self, table: str) -> set[Key]:
        """The keys of the rows that this run wrote."""
        return {
            key
            for key, row in self.tables[table].items()
            if row["_sdc_sync_started_at"] >= self.began
        }

    def bookmark(self, table: str) -> datetime:
        """The last change that the next run need not look before."""
        known = moments(table, self.truth[table]).values()
        bookmark = max(when for when in known if when <= self.settled)
        return bookmark - LOOKBACK_OF_EXPORTS if table.startswith(EXPORTED) else bookmark


@pytest.fixture(scope="module")
def first(shared: House) -> Run:
    return Run(shared)


@pytest.fixture(scope="module")
def second(first: Run, shared: House) -> Run:
    assert first.tables
    shared.workspace.advance(DAY)
    return Run(shared)


def moments(table: str, expected: dict[Key, Row]) -> dict[Key, datetime]:
    return {key: moment(row[CHANGED[table]]) or NEVER for key, row in expected.items()}


def wrong(table: dict[Key, Row], expected: dict[Key, Row]) -> dict[Key, list[str]]:
    return {
        key: found
        for key, row in table.items()
        if key in expected and (found := differences(expected[key], row))
    }


def test_there_is_a_table_for_each_stream(first: Run) -> None:
    assert sorted(first.tables) == TABLES


@pytest.mark.parametrize("table", TABLES)
def test_the_first_run_loads_everything(first: Run, table: str) -> None:
    assert first.truth[table], "there is nothing to compare with"
    assert set(first.tables[table]) == set(first.truth[table])
    assert wrong(first.tables[table], first.truth[table]) == {}


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("table", TABLES)
def test_the_keys_are_kept_by_the_database(database: str, table: str) -> None:
    assert primary_key(database, table) == set(KEYS[table])


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize(("child", "column", "parent"), LINKS)
def test_children_find_their_parents_without_casts(
    database: str, child: str, column: str, parent: str
) -> None:
    assert orphans(database, child, column, parent) == set()


@pytest.mark.parametrize(("child", "column", "parent"), DANGLING)
def test_what_dangles_is_not_in_the_workspace_either(
    first: Run, database: str, child: str, column: str, parent: str
) -> None:
    said = {row[column] for row in first.truth[child].values()}
    assert orphans(database, child, column, parent) == said
    assert not said & {row["id"] for row in first.truth[parent].values()}


def test_the_other_loader_gets_the_same(first: Run, meltano: Meltano, tmp_path: Path) -> None:
    meltano("run", "tap-intercom", "target-jsonl", TARGET_JSONL_DESTINATION_PATH=str(tmp_path))
    assert sorted(path.stem for path in tmp_path.iterdir()) == TABLES
    for table in TABLES:
        lines = (tmp_path / f"{table}.jsonl").read_text().splitlines()
        rows = by_key(table, map(json.loads, lines))
        assert set(rows) == set(first.truth[table])
        assert wrong(rows, first.truth[table]) == {}


@pytest.mark.parametrize("table", sorted(CHANGED))
def test_the_second_run_loads_only_what_changed(first: Run, second: Run, table: str) -> None:
    before, after = first.truth[table], second.truth[table]
    changed = {key for key, row in after.items() if before.get(key) != row}
    bookmark = first.bookmark(table)
    later = {key for key, when in moments(table, after).items() if when >= bookmark}
    brought = set(after) - set(before) if table in FEEDS else set()
    assert changed <= second.loaded(table) <= later | brought
    assert len(later | brought) < len(after)


@pytest.mark.parametrize("table", READ_WHOLE)
def test_the_second_run_reads_other_lists_whole(second: Run, table: str) -> None:
    assert second.loaded(table) == set(second.truth[table])


@pytest.mark.parametrize("table", TABLES)
def test_the_second_run_leaves_what_the_workspace_says(first: Run, second: Run, table: str) -> None:
    gone = set(first.truth[table]) - set(second.truth[table])
    assert set(second.tables[table]) == set(second.truth[table]) | gone
    loaded, said = second.tables[table], second.truth[table]
    assert wrong(loaded, said) == {}


def test_a_day_brings_something_to_find(first: Run, second: Run) -> None:
    assert second.now - first.now >= timedelta(days=1)
    changed = [table for table in CHANGED if first.truth[table] != second.truth[table]]
    assert {"contacts", "conversations", "conversation_parts", "tickets"} <= set(changed)
    assert second.now < datetime.now(tz=timezone.utc)


@pytest.mark.parametrize("table", sorted(PARENTS))
def test_every_link_of_a_child_is_tried(first: Run, table: str) -> None:
    """Keep the list of links from missing one: what a link is called says where it leads."""
    links = {f"{parent.noun}_id" for parent in PARENTS.values()}
    tried = {column for child, column, _ in (*LINKS, *DANGLING) if child == table}
    rows = first.tables[table].values()
    assert {column for row in rows for column in links & {*row} if row[column]} <= tried
