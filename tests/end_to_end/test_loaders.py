"""Each loader that needs no account gets every row and value, twice, the second time what is new.

What a loader is known to lose is said in docs/loaders.md; here, `keeps` of `loaders.py` says it.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

import demo_dbt
import demo_duckdb
import postgres
import pytest
from cloned import PROGRAMS, PROJECT, clean_environment
from comparing import differences
from loaders import (
    Loader,
    Schemas,
    program,
    target_csv,
    target_duckdb,
    target_jsonl,
    target_postgres,
)
from runs import catalog_of
from truth import Key, Row, key_of, truth

from tap_intercom.sandbox import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLES = sorted(pattern.partition(".")[0] for pattern in demo_dbt.selected())
DAY = 86_400
NAMES = [
    "target-csv",
    "target-duckdb",
    "target-jsonl",
    "target-postgres",
    "target-postgres with use_copy",
]


class Run(NamedTuple):
    """What the tap wrote, and what the workspace said then."""

    messages: Path
    records: dict[str, list[Row]]
    schemas: Schemas
    state: Any
    truth: dict[str, dict[Key, Row]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("loaders")


@pytest.fixture(scope="module")
def workspace() -> Iterator[Any]:
    with running(size=30, seed=7) as workspace:
        yield workspace


def run(workspace: Any, folder: Path, state: Any = None) -> Run:
    config = {"api_key": "demo", "api_url": workspace.url}
    given = {"config": config, "catalog": catalog_of(*TABLES), "state": state}
    options: list[str | Path] = []
    for name, content in given.items():
        if content is not None:
            path = folder / f"tap-{name}.json"
            path.write_text(json.dumps(content))
            options += [f"--{name}", path]
    messages = folder / f"run-{'first' if state is None else 'second'}.singer"
    with messages.open("wb") as written:
        subprocess.run(
            [PROGRAMS / "tap-intercom", *options],
            stdout=written,
            stderr=subprocess.DEVNULL,
            env=clean_environment(),
            check=True,
        )
    records: dict[str, list[Row]] = {table: [] for table in TABLES}
    schemas: Schemas = {}
    for message in map(json.loads, messages.read_text("utf-8").splitlines()):
        match message["type"]:
            case "SCHEMA":
                schemas[message["stream"]] = message["schema"]
            case "RECORD":
                records[message["stream"]].append(message["record"])
            case "STATE":
                state = message["value"]
    said = {table: truth(workspace, table) for table in TABLES}
    return Run(messages, records, schemas, state, said)


@pytest.fixture(scope="module")
def first(workspace: Any, folder: Path) -> Run:
    return run(workspace, folder)


@pytest.fixture(scope="module")
def second(workspace: Any, folder: Path, first: Run) -> Run:
    workspace.advance(DAY)
    return run(workspace, folder, first.state)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    with postgres.running(folder / "postgres") as database:
        yield database


@pytest.fixture(scope="module", params=NAMES)
def loader(request: pytest.FixtureRequest, folder: Path, first: Run) -> Loader:
    own = folder / request.param.replace(" ", "-")
    own.mkdir()
    match request.param:
        case "target-csv":
            return target_csv(own, first.schemas)
        case "target-duckdb":
            return target_duckdb(own)
        case "target-jsonl":
            return target_jsonl(own)
    server = request.getfixturevalue("server")
    if request.param.endswith("use_copy"):
        return target_postgres(server, "copied", zone_of="role", use_copy=True)
    return target_postgres(server, "inserted", zone_of="database", use_copy=False)


@pytest.fixture(scope="module")
def after_first(loader: Loader, first: Run, installed: Path) -> dict[str, list[Row]]:
    assert loader.load(first.messages, program(loader.name, installed)) == first.state
    return loader.rows(TABLES)


@pytest.fixture(scope="module")
def after_second(
    loader: Loader, after_first: Any, second: Run, installed: Path
) -> dict[str, list[Row]]:
    assert after_first
    assert loader.load(second.messages, program(loader.name, installed)) == second.state
    return loader.rows(TABLES)


def latest(table: str, rows: list[Row]) -> dict[Key, Row]:
    """The rows by their keys, of several the last."""
    return {key_of(table, row): row for row in rows}


def wrong(loader: Loader, expected: dict[Key, Row], found: dict[Key, Row]) -> Any:
    """What differs from what the workspace said, but for what the loader is known to lose."""
    return {
        key: differing
        for key, row in found.items()
        if key in expected
        and (
            differing := differences(
                {name: loader.keeps(value) for name, value in expected[key].items()}, row
            )
        )
    }


def test_the_first_run_loads_everything(
    loader: Loader, first: Run, after_first: dict[str, list[Row]]
) -> None:
    for table, rows in after_first.items():
        found, said = latest(table, rows), first.truth[table]
        assert said, f"there is nothing in {table}"
        assert set(found) == set(said), table
        assert wrong(loader, said, found) == {}, table
        assert len(rows) == (len(first.records[table]) if loader.appends else len(said)), table


def test_the_second_run_brings_what_is_new(
    loader: Loader, first: Run, second: Run, after_second: dict[str, list[Row]]
) -> None:
    for table, rows in after_second.items():
        found, said = latest(table, rows), second.truth[table]
        assert set(found) == set(said) | set(first.truth[table]), table
        assert wrong(loader, said, found) == {}, table
        loaded = len(first.records[table]) + len(second.records[table])
        assert len(rows) == (loaded if loader.appends else len(found)), table


def test_the_second_run_was_incremental(first: Run, second: Run) -> None:
    assert first.truth["contacts"] != second.truth["contacts"]
    for table in ("contacts", "conversations", "conversation_parts", "tickets"):
        assert 0 < len(second.records[table]) < len(first.records[table])


def test_there_was_what_is_lost(first: Run) -> None:
    """Hold the table of loaders to the truth: an empty text at the root of a row."""
    rows = [row for said in first.truth.values() for row in said.values()]
    assert any(value == "" for row in rows for value in row.values())


@pytest.mark.parametrize("loader", ["target-duckdb"], indirect=True)
@pytest.mark.usefixtures("after_second")
def test_the_models_answer_out_of_the_file_of_target_duckdb(
    loader: Loader, first: Run, second: Run, folder: Path
) -> None:
    database = folder / "target-duckdb/intercom.duckdb"
    assert loader.config["path"] == str(database)
    settings = {**demo_duckdb.settings(database), "DBT_TARGET": "duckdb"}
    project = PROJECT / "transform"
    done = subprocess.run(
        [
            PROJECT / ".meltano/utilities/dbt-postgres/venv/bin/dbt",
            "run",
            f"--project-dir={project}",
            f"--profiles-dir={project / 'profiles'}",
            f"--target-path={folder / 'target'}",
            f"--log-path={folder / 'logs'}",
        ],
        env=clean_environment(**settings),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:]
    _, *answers = demo_duckdb.ask(database, [f"use {demo_dbt.MARTS}", *demo_dbt.queries()])
    assert all(answer.rows for answer in answers)
    [states] = [
        answer.rows
        for question, answer in zip(demo_dbt.QUESTIONS, answers, strict=False)
        if "states" in question.text
    ]
    tickets = set(first.truth["tickets"]) | set(second.truth["tickets"])
    assert sum(count for _, count in states) == len(tickets)
