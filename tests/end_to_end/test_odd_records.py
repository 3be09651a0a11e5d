"""Records that are unknown, wrong, empty, odd at every depth arrive in PostgreSQL, every value."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from delivered import cleaned, misses
from odd_records import ODD, RESOURCES, odd_record
from psycopg import sql
from psycopg.rows import dict_row
from truth import TABLES, key_of, truth

from tap_intercom.sandbox import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloned import Meltano


@pytest.fixture(scope="module")
def workspace() -> Iterator[Any]:
    """A workspace with one record of every kind of oddity in every resource that has so many."""
    with running(size=60, seed=9) as sandbox:
        for position, kind in enumerate(sorted(ODD)):
            for resource in RESOURCES:
                records = sandbox.records(resource)
                if position < len(records):
                    sandbox.put(resource, odd_record(resource, records[position], kind))
        yield sandbox


@pytest.fixture(scope="module")
def _loaded(meltano: Meltano) -> None:
    meltano("run", "tap-intercom", "target-postgres")


def plain(value: Any) -> Any:
    """Write what PostgreSQL gives as JSON would: times as text, numbers as numbers."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=timezone.utc).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return value


@pytest.mark.usefixtures("_loaded")
@pytest.mark.parametrize("table", TABLES)
def test_every_value_of_odd_records_is_in_the_database(
    workspace: Any, database: str, table: str
) -> None:
    query = sql.SQL("select * from {}").format(sql.Identifier("tap_intercom", table))
    with psycopg.connect(database, row_factory=dict_row) as connection:
        rows = {key_of(table, row): row for row in connection.execute(query).fetchall()}
    expected = truth(workspace, table)
    assert rows.keys() == expected.keys()
    lost = {
        key: found
        for key, record in expected.items()
        if (found := misses(cleaned(record), {name: plain(one) for name, one in rows[key].items()}))
    }
    assert lost == {}


@pytest.mark.usefixtures("_loaded")
def test_there_was_something_to_rescue(database: str) -> None:
    with psycopg.connect(database) as connection:
        for table in ("contacts", "conversation_parts", "ticket_parts", "admins"):
            query = sql.SQL("select count(*) from {} where _rescued_data is not null")
            counted = connection.execute(query.format(sql.Identifier("tap_intercom", table)))
            assert counted.fetchall()[0][0] > 0, table
