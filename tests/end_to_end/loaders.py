"""How is each loader run, and what does one find where it has loaded?"""

from __future__ import annotations

import csv
import json
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import demo_duckdb
import loaded
import psycopg
import yaml
from cloned import PROJECT, clean_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from demo_dbt import Answer
    from truth import Row

Schemas = dict[str, dict[str, Any]]
Tables = dict[str, list["Row"]]
MELTANO = yaml.safe_load((PROJECT / "meltano.yml").read_text("utf-8"))
PLUGINS = {plugin["name"]: plugin for plugin in MELTANO["plugins"]["loaders"]}

# What DuckDB's values become again, by their types.
AS_WRITTEN: dict[str, Callable[[str], Any]] = {
    "JSON": json.loads,
    "TIMESTAMP": lambda text: f"{text}Z",
}


class Loader(NamedTuple):
    """One loader, set up to load into a place of its own."""

    name: str
    config: dict[str, Any]
    # The rows of some tables, and whether a row that comes again stands beside the older one.
    rows: Callable[[Sequence[str]], Tables]
    appends: bool = False
    # What is left of a value at the root of a row.
    keeps: Callable[[Any], Any] = lambda value: value

    def load(self, messages: Path, program: Path) -> Any:
        """Run it with what a tap has written; gives the state that it confirms."""
        given = messages.with_name(f"{self.name}.json")
        given.write_text(json.dumps(self.config))
        with messages.open("rb") as written:
            done = subprocess.run(
                [program, "--config", given],
                stdin=written,
                capture_output=True,
                env=clean_environment(**PLUGINS.get(self.name, {}).get("env", {})),
                check=False,
            )
        assert done.returncode == 0, done.stderr[-4_000:].decode()
        return json.loads(done.stdout.splitlines()[-1])


def program(name: str, installed: Path) -> Path:
    """Find what Meltano has installed: for the tests, or for `make loaders`."""
    found = Path(".meltano/loaders") / name / "venv/bin" / name
    return installed / found if (installed / found).exists() else PROJECT / found


def nothing_for_empty(value: Any) -> Any:
    """An empty text is no text to those who write CSV."""
    return None if value == "" else value


def target_postgres(database: str, schema: str, *, zone_of: str, use_copy: bool) -> Loader:
    """One whose database or role lives in New York."""
    with psycopg.connect(database) as connection:
        connection.execute(
            f"alter {zone_of} postgres set timezone to 'America/New_York'"  # type: ignore[arg-type]
        )

    def rows(tables: Sequence[str]) -> Tables:
        return {table: loaded.ask(database, f"select * from {schema}.{table}") for table in tables}

    config = {
        "sqlalchemy_url": database.replace("postgresql:", "postgresql+psycopg:"),
        "default_target_schema": schema,
        "use_copy": use_copy,
    }
    return Loader("target-postgres", config, rows)


def target_duckdb(folder: Path) -> Loader:
    database = folder / "intercom.duckdb"
    config = {
        "path": str(database),
        "default_target_schema": loaded.SCHEMA,
        "add_metadata_columns": True,
    }

    def rows(tables: Sequence[str]) -> Tables:
        names = [f"{loaded.SCHEMA}.{table}" for table in tables]
        types = demo_duckdb.ask(database, [f"describe {name}" for name in names])
        answers = demo_duckdb.ask(database, [f"select * from {name}" for name in names])
        return {
            table: read([kind for _, kind, *_ in described.rows], answer)
            for table, described, answer in zip(tables, types, answers, strict=True)
        }

    def read(types: list[str], answer: Answer) -> list[Row]:
        ways = [AS_WRITTEN.get(kind, lambda cell: cell) for kind in types]
        return [
            {
                name: None if cell is None else way(cell)
                for name, way, cell in zip(answer.names, ways, row, strict=True)
            }
            for row in answer.rows
        ]

    return Loader("target-duckdb", config, rows, keeps=nothing_for_empty)


def target_jsonl(folder: Path) -> Loader:
    def rows(tables: Sequence[str]) -> Tables:
        texts = {table: (folder / f"{table}.jsonl").read_text("utf-8") for table in tables}
        return {table: list(map(json.loads, text.splitlines())) for table, text in texts.items()}

    config = {"destination_path": str(folder), "do_timestamp_file": False}
    return Loader("target-jsonl", config, rows, appends=True)


def target_csv(folder: Path, schemas: Schemas) -> Loader:
    """Objects, lists and numbers are written as Python writes them."""

    def value(declared: dict[str, Any], cell: str) -> Any:
        if cell == "":
            return None
        return cell if "string" in declared["type"] else eval(cell, {"Decimal": Decimal})

    def read(path: Path, declared: dict[str, Any]) -> list[Row]:
        with path.open(encoding="utf-8", newline="") as file:
            return [
                {name: value(declared[name], cell) for name, cell in row.items()}
                for row in csv.DictReader(file)
            ]

    def rows(tables: Sequence[str]) -> Tables:
        return {
            table: [
                row
                for path in sorted(folder.glob(f"{table}-[0-9]*.csv"))
                for row in read(path, schemas[table]["properties"])
            ]
            for table in tables
        }

    settings = {setting["name"]: setting for setting in PLUGINS["target-csv"]["settings"]}
    config = {
        "output_path": str(folder),
        "file_naming_scheme": settings["file_naming_scheme"]["value"],
    }
    return Loader("target-csv", config, rows, appends=True, keeps=nothing_for_empty)
