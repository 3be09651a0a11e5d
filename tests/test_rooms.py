"""Imports point one way, and each module says which question it answers."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).resolve().parent.parent / "tap_intercom"

# Each room may import these, and whatever is below them. Nothing may import `cli`, which may import
# everything.
BELOW = {
    "check": {"tap"},
    "tap": {"streams", "auth", "connection_string", "pacing", "transfer"},
    "connection_string": {"auth"},
    "auth": {"oauth"},
    "oauth": {"callback", "client", "tokens"},
    "streams": {"exports"},
    "exports": {"shapes", "files"},
    "shapes": {"client", "paginators", "concurrency", "messages"},
    "client": {"schema", "audit", "transfer"},
    "schema": {"times"},
    "pacing": {"times"},
    "messages": {"times"},
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def reachable(start: str) -> set[str]:
    found = {start}
    for neighbour in BELOW.get(start, set()):
        found |= reachable(neighbour)
    return found


def at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    """Walk, but not into what only a type checker reads."""
    yield node
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    for child in ast.iter_child_nodes(node):
        yield from at_run_time(child)


def imported_rooms(path: Path) -> set[str]:
    package = ["tap_intercom", *path.relative_to(PACKAGE).parent.parts]
    names = set()
    for node in at_run_time(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            names |= {f"{base}.{alias.name}" for alias in node.names}
    parts = [name.split(".") for name in names]
    return {name[1] for name in parts if name[0] == "tap_intercom" and len(name) > 1}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_says_what_it_answers(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    own = room(path)
    imported = imported_rooms(path) - {own}
    if own in {"__init__", "__main__"}:
        assert imported <= {"tap"}
    elif own != "cli":
        assert imported <= reachable(own) - {own}
