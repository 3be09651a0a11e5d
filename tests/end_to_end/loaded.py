"""What a person finds in PostgreSQL."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from truth import Key, Row, by_key

SCHEMA = "tap_intercom"


def ask(database: str, query: sql.Composable | str, *values: Any) -> list[Row]:
    """Ask the database something."""
    query = query if isinstance(query, sql.Composable) else sql.SQL(query)  # type: ignore[arg-type]
    with psycopg.connect(database, row_factory=dict_row) as connection:
        connection.execute(f"set search_path to {SCHEMA}")
        return connection.execute(query, values).fetchall()


def table_names(database: str) -> list[str]:
    query = "select table_name from information_schema.tables where table_schema = %s order by 1"
    return [row["table_name"] for row in ask(database, query, SCHEMA)]


def rows(database: str, table: str) -> dict[Key, Row]:
    """Give the rows of a table by their keys, of which none may be there twice."""
    return by_key(table, ask(database, sql.SQL("select * from {}").format(sql.Identifier(table))))


def all_rows(database: str) -> dict[str, dict[Key, Row]]:
    return {table: rows(database, table) for table in table_names(database)}


def primary_key(database: str, table: str) -> set[str]:
    """Name the columns by which PostgreSQL itself keeps rows apart; none of them can be null."""
    query = """
        select attname from pg_index join pg_attribute on attrelid = indrelid
        where indrelid = %s::regclass and indisprimary and attnum = any(indkey)"""
    return {row["attname"] for row in ask(database, query, table)}


def orphans(database: str, table: str, column: str, parent: str) -> set[Any]:
    """Find what names a parent that is not there, comparing the columns as they are."""
    query = sql.SQL(
        "select distinct child.{column} as link from {child} as child"
        " left join {parent} as parent on parent.id = child.{column}"
        " where child.{column} is not null and parent.id is null"
    )
    names = {"child": table, "parent": parent, "column": column}
    found = query.format(**{name: sql.Identifier(one) for name, one in names.items()})
    return {row["link"] for row in ask(database, found)}
