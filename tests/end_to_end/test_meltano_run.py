"""`meltano run tap-intercom target-postgres` brings a workspace into PostgreSQL."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row
from truth import CHANGED, READ_WHOLE, TABLES, Key, Row, differences, key_of, moment, truth

if TYPE_CHECKING:
    from cloned import Meltano

RUN = ("run", "tap-intercom", "target-postgres")
DAY = 86_400
LOOKBACK = timedelta(seconds=600)
NEVER = datetime.min.replace(tzinfo=timezone.utc)
Truth = dict[str, dict[Key, Row]]


class Run:
    """What the workspace said before a run, and what was loaded by it."""

    def __init__(self, meltano: Meltano, workspace: Any, database: str) -> None:
        self.now = datetime.fromtimestamp(int(workspace.now()), timezone.utc)
        self.settled = self.now - LOOKBACK
        self.truth: Truth = {table: truth(workspace, table) for table in TABLES}
        self.began = int(time.time() * 1000)
        meltano(*RUN)
        with psycopg.connect(database, row_factory=dict_row) as connection:
            found = connection.execute(
                "select table_name from information_schema.tables"
                " where table_schema = 'tap_intercom' order by 1"
            ).fetchall()
            self.tables = {row["table_name"]: rows(connection, row["table_name"]) for row in found}

    def loaded(self, table: str) -> set[Key]:
        """The keys of the rows that this run wrote."""
        return {
            key
            for key, row in self.tables[table].items()
            if row["_sdc_sync_started_at"] >= self.began
        }


def rows(connection: psycopg.Connection[Row], table: str) -> dict[Key, Row]:
    query = sql.SQL("select * from {}").format(sql.Identifier("tap_intercom", table))
    found = connection.execute(query).fetchall()
    by_key = {key_of(table, row): row for row in found}
    assert len(by_key) == len(found), f"{table} has a key twice"
    return by_key


@pytest.fixture(scope="module")
def first(meltano: Meltano, workspace: Any, database: str) -> Run:
    return Run(meltano, workspace, database)


@pytest.fixture(scope="module")
def second(first: Run, meltano: Meltano, workspace: Any, database: str) -> Run:
    assert first.tables
    workspace.advance(DAY)
    return Run(meltano, workspace, database)


def moments(table: str, expected: dict[Key, Row]) -> dict[Key, datetime]:
    return {key: moment(row[CHANGED[table]]) or NEVER for key, row in expected.items()}


def assert_says(table: dict[Key, Row], expected: dict[Key, Row]) -> None:
    wrong = {
        key: found
        for key, row in table.items()
        if key in expected and (found := differences(expected[key], dict(row)))
    }
    assert not wrong


def test_there_is_a_table_for_each_stream(first: Run) -> None:
    assert sorted(first.tables) == TABLES


@pytest.mark.parametrize("table", TABLES)
def test_the_first_run_loads_everything(first: Run, table: str) -> None:
    assert first.truth[table], "there is nothing to compare with"
    assert set(first.tables[table]) == set(first.truth[table])
    assert_says(first.tables[table], first.truth[table])


@pytest.mark.parametrize("table", sorted(CHANGED))
def test_the_second_run_loads_only_what_changed(first: Run, second: Run, table: str) -> None:
    before, after = first.truth[table], second.truth[table]
    changed = {key for key, row in after.items() if before.get(key) != row}
    bookmark = max(when for when in moments(table, before).values() if when <= first.settled)
    later = {key for key, when in moments(table, after).items() if when >= bookmark}
    assert changed <= second.loaded(table) <= later
    assert len(later) < len(after)


@pytest.mark.parametrize("table", READ_WHOLE)
def test_the_second_run_reads_short_lists_whole(second: Run, table: str) -> None:
    assert second.loaded(table) == set(second.truth[table])


@pytest.mark.parametrize("table", TABLES)
def test_the_second_run_leaves_what_the_workspace_says(first: Run, second: Run, table: str) -> None:
    gone = set(first.truth[table]) - set(second.truth[table])
    assert set(second.tables[table]) == set(second.truth[table]) | gone
    assert_says(second.tables[table], second.truth[table])


def test_a_day_brings_something_to_find(first: Run, second: Run) -> None:
    assert second.now - first.now >= timedelta(days=1)
    changed = [table for table in CHANGED if first.truth[table] != second.truth[table]]
    assert {"contacts", "conversations", "conversation_parts", "tickets"} <= set(changed)
    assert second.now < datetime.now(tz=timezone.utc)
