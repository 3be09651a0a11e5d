"""What the whole way needs: a clone of the project, Meltano in it, a PostgreSQL, a workspace."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from cloned import PROJECT, Meltano
from filelock import FileLock
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


def copy_to(folder: Path) -> None:
    """Copy what a clone of the project holds."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "tap_intercom", folder / "tap_intercom", ignore=ignored)
    for name in CLONED:
        shutil.copy(PROJECT / name, folder)
    left = shutil.ignore_patterns("target", "logs", "dbt_packages", ".user.yml")
    shutil.copytree(PROJECT / "transform", folder / "transform", ignore=left)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the project with Meltano's plugins, installed by the first worker to need them."""
    base = tmp_path_factory.getbasetemp()
    of_all_workers = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    installed = of_all_workers / "installed"
    with FileLock(of_all_workers / "installed.lock"):
        if not installed.exists():
            unfinished = of_all_workers / "unfinished"
            copy_to(unfinished)
            for pins in sorted(set(PINS.values())):
                plugins = [plugin for plugin, pinned_by in PINS.items() if pinned_by == pins]
                constraint = PROJECT / "requirements" / f"{pins}.txt"
                Meltano(unfinished)("install", *plugins, UV_CONSTRAINT=str(constraint))
            installed.symlink_to(unfinished)
    return installed


@pytest.fixture(scope="session")
def clone(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone for this worker alone, in which Meltano notes down what it does."""
    clone = tmp_path_factory.mktemp("clone")
    copy_to(clone)
    (clone / ".meltano").mkdir()
    for kind in ("extractors", "loaders"):
        (clone / ".meltano" / kind).symlink_to(installed / ".meltano" / kind)
    # dbt is large, and the same in every clone: `make dbt` installs it.
    (clone / ".meltano" / "utilities").symlink_to(PROJECT / ".meltano" / "utilities")
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
