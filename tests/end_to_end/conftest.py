"""What the whole way needs: a clone of the project, Meltano in it, a PostgreSQL, a workspace."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import postgres
import pytest
from cloned import PROJECT, Meltano

from tap_intercom.sandbox import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLONED = ("LICENSE", "README.md", "meltano.yml", "pyproject.toml")

# What each plugin's environment is pinned by, as in the Makefile.
PINS = {
    "tap-intercom": "target-postgres",
    "target-postgres": "target-postgres",
    "target-jsonl": "target-jsonl",
}


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a clone of the project holds, with Meltano's plugins installed."""
    clone = tmp_path_factory.mktemp("clone")
    shutil.copytree(
        PROJECT / "tap_intercom",
        clone / "tap_intercom",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name in CLONED:
        shutil.copy(PROJECT / name, clone)
    for pins in sorted(set(PINS.values())):
        plugins = [plugin for plugin, pinned_by in PINS.items() if pinned_by == pins]
        constraint = PROJECT / "requirements" / f"{pins}.txt"
        Meltano(clone)("install", *plugins, UV_CONSTRAINT=str(constraint))
    return clone


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an empty PostgreSQL."""
    with postgres.running(tmp_path_factory.mktemp("postgres") / "data") as url:
        yield url


@pytest.fixture(scope="module")
def workspace() -> Iterator[Any]:
    """A simulated Intercom workspace."""
    with running(size=60, seed=7) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def meltano(
    clone: Path, database: str, workspace: Any, tmp_path_factory: pytest.TempPathFactory
) -> Meltano:
    """Meltano, set up with the workspace and the database, with no state yet."""
    settings = {
        "MELTANO_DATABASE_URI": f"sqlite:///{tmp_path_factory.mktemp('state')}/meltano.db",
        "MELTANO_ENVIRONMENT": "ci",
        "TAP_INTERCOM_API_URL": workspace.url,
        "TAP_INTERCOM_API_KEY": "demo",
        "TARGET_POSTGRES_SQLALCHEMY_URL": database.replace("postgresql:", "postgresql+psycopg:"),
    }
    return Meltano(clone, settings)
