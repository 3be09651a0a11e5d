"""What the whole way needs: a clone of the project, Meltano in it, a PostgreSQL, a workspace."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from cloned import PROJECT, Meltano
from houses import House, house

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
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


@pytest.fixture(scope="session")
def new_house(
    clone: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[int], AbstractContextManager[House]]:
    """Open houses for tests that change what is in them, each with a seed."""
    return lambda seed: house(clone, tmp_path_factory.mktemp("house"), seed)


@pytest.fixture(scope="session")
def shared(new_house: Callable[[int], AbstractContextManager[House]]) -> Iterator[House]:
    """The house that all share who only look."""
    with new_house(7) as one:
        yield one


@pytest.fixture(scope="session")
def workspace(shared: House) -> Any:
    """A simulated Intercom workspace."""
    return shared.workspace


@pytest.fixture(scope="session")
def database(shared: House) -> str:
    """The URL of a PostgreSQL."""
    return shared.database


@pytest.fixture(scope="session")
def meltano(shared: House) -> Meltano:
    """Meltano, set up with the workspace and the database, all streams selected."""
    return shared.meltano
