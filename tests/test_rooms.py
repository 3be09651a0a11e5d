"""Imports point one way, no files go round in a circle, and each says which question it answers."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).resolve().parent.parent / "tap_intercom"

# A room is a module or a package at the top of `tap_intercom`. It may import rooms of the lines
# below its own, and no others.
FLOORS = """
    __main__
    cli
    check
    likeness
    tap
    streams
    bookmarks given shapes
    run settings
    login
    api
    batches spools
    audit concurrency files messages
    ending
    plain records
"""
FLOOR = {
    room: number for number, line in enumerate(FLOORS.strip().splitlines()) for room in line.split()
}
# A simulation that shares code with the tap would prove nothing: it imports nothing of it, and only
# these import it.
SIMULATION, SERVED_BY = "sandbox", {"cli"}

MOST_LINES = 430
MOST_METHODS = 25

FILES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def room_of(module: str) -> str:
    """The room of a module, by its dotted name; that of the package itself is `__init__`."""
    return [*module.split("."), "__init__"][1]


def at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    """Walk, but not into what only a type checker reads."""
    yield node
    only_typed = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    for child in node.orelse if only_typed else ast.iter_child_nodes(node):
        yield from at_run_time(child)


def imported(module: str, path: Path, *, typed: bool) -> Iterator[tuple[str, str]]:
    """Everything that a file imports: a module, and a name in it, which may be a module as well."""
    above = [*module.split("."), ""] if path.stem == "__init__" else module.split(".")
    read = ast.walk if typed else at_run_time
    for node in read(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = above[: -node.level] if node.level else []
            whole = ".".join([*base, *filter(None, [node.module])])
            yield from ((whole, alias.name) for alias in node.names)


def graph(package: Path, *, typed: bool = False) -> dict[str, set[str]]:
    """Which files of a package import which, by the names of their modules.

    What only a type checker reads counts when it is `typed`.
    """
    files = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package.parent).with_suffix("").parts
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return {
        module: {
            inner if (inner := f"{whole}.{name}") in files else whole
            for whole, name in imported(module, path, typed=typed)
        }
        & files.keys()
        for module, path in files.items()
    }


def circle(files: dict[str, set[str]]) -> list[str]:
    """Files that import each other, one the next, and the last the first; none if all is well."""
    try:
        TopologicalSorter(files).prepare()
    except CycleError as found:
        return list(found.args[1])
    return []


GRAPH = graph(PACKAGE)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_module_says_what_it_answers(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_no_files_import_each_other_in_a_circle() -> None:
    assert circle(GRAPH) == []


def test_nor_do_their_types() -> None:
    assert circle(graph(PACKAGE, typed=True)) == []


def test_each_room_has_a_floor() -> None:
    assert {room_of(module) for module in GRAPH} == {*FLOOR, SIMULATION, "__init__"}


@pytest.mark.parametrize("module", sorted(GRAPH))
def test_imports_point_one_way(module: str) -> None:
    own = room_of(module)
    others = {room_of(one) for one in GRAPH[module]} - {own}
    if own in SERVED_BY:
        others -= {SIMULATION}
    if own in {SIMULATION, "__init__"}:
        assert not others
    else:
        assert {one for one in others if FLOOR.get(one, -1) <= FLOOR[own]} == set()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_is_soon_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_class_is_about_one_thing(path: Path) -> None:
    methods = {
        node.name: [
            one for one in node.body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))
        ]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    assert {name for name, own in methods.items() if len(own) > MOST_METHODS} == set()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Files that import each other in several ways, but in no circle."""
    house = tmp_path / "house"
    (house / "wing").mkdir(parents=True)
    for name, text in {
        "__init__.py": "",
        "hall.py": "from house.wing import salon, stairs\nimport house.cellar\n",
        "cellar.py": "import os\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from house import hall\nelse:\n    hall = None\n",
        "wing/__init__.py": "from .salon import chair\n",
        "wing/salon.py": "from ..cellar import wine\nchair = wine\n",
        "wing/stairs.py": "from . import salon\n",
    }.items():
        (house / name).write_text(text)
    return house


def test_the_graph_is_that_of_files_at_run_time(package: Path) -> None:
    assert graph(package) == {
        "house": set(),
        "house.hall": {"house.wing.salon", "house.wing.stairs", "house.cellar"},
        "house.cellar": set(),
        "house.wing": {"house.wing.salon"},
        "house.wing.salon": {"house.cellar"},
        "house.wing.stairs": {"house.wing.salon"},
    }
    assert circle(graph(package)) == []
    assert set(circle(graph(package, typed=True))) == {"house.hall", "house.cellar"}


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("cellar.py", "from .wing.stairs import down"),
        ("cellar.py", "from house.wing import stairs"),
        ("cellar.py", "import house.hall"),
        ("cellar.py", "def late():\n    from . import hall"),
        ("wing/salon.py", "from . import wall"),
        ("wing/salon.py", "from .. import hall"),
    ],
)
def test_a_circle_is_found(package: Path, file: str, line: str) -> None:
    with (package / file).open("a") as opened:
        opened.write(f"\n{line}\n")
    found = circle(graph(package))
    assert found[0] == found[-1]
    module = f"house.{file.removesuffix('.py').replace('/', '.')}"
    assert module in found
