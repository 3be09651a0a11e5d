"""Load a simulated workspace into a DuckDB file, model it, ask it: `make demo-duckdb`."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import demo
from demo_dbt import MARTS, Answer, model, queries, show

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

COMMAND = ("meltano", "run", "tap-intercom", "target-duckdb", "dbt-duckdb:run", "dbt-duckdb:test")
DATABASE = demo.DEMO / "intercom.duckdb"

# The loader's own Python, which has DuckDB.
PYTHON = demo.PROJECT / ".meltano/loaders/target-duckdb/venv/bin/python"
ASK = demo.PROJECT / "scripts/ask_duckdb.py"


def demo_duckdb() -> None:
    """Load, model, test, and print the answers."""
    days = demo.days_gone()
    with demo.sandbox(days) as api_url:
        print(f"Running: a simulated Intercom workspace, on its day {days + 1}, and no database.")
        model(api_url, COMMAND, **settings(DATABASE))
    show(ask(DATABASE, [f"use {MARTS}", *queries()])[1:])
    print(f"Nothing is left running. The database is {DATABASE}. To start over: `make clean-demo`.")


def settings(database: Path) -> dict[str, str]:
    """Tell loader and dbt where the database is."""
    return {
        "TARGET_DUCKDB_PATH": str(database),
        "DBT_DUCKDB_PATH": str(database),
        "DBT_DUCKDB_SCHEMA": MARTS,
    }


def ask(database: Path, asked: Sequence[str]) -> list[Answer]:
    """Ask DuckDB."""
    done = subprocess.run(
        [PYTHON, ASK, database],
        input=json.dumps(asked),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [Answer(**answer) for answer in json.loads(done.stdout)]


if __name__ == "__main__":
    demo.alone(demo_duckdb)
