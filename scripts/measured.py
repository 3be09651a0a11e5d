"""Which test runs which line of the tap, also in the programs that it starts?

Measured once with coverage.py, in a copy of the work tree, and kept in `.mutants/`. Lines that have
moved since are followed; a changed one counts as the line before it.
"""

from __future__ import annotations

import ast
import difflib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from coverage import CoverageData
from covering import FIXTURE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / "tap_intercom"
KEPT = PROJECT / ".mutants"
MEASURED, COVERAGE = KEPT / "measured.json", KEPT / "coverage"
# Not the tests of what is not mutated, nor those that need Meltano and minutes.
LEFT_OUT = ("tests/sandbox", "tests/end_to_end")

CONFIG = """\
[run]
core = ctrace
parallel = true
data_file = {folder}/coverage
include = */tap_intercom/*
omit = */tap_intercom/sandbox/*
context = ${{PYTEST_CURRENT_TEST-}}
"""


@dataclass
class Measured:
    """How long tests take, which fixtures they have, and what the files were like."""

    seconds: dict[str, float]
    fixtures: dict[str, list[str]]
    texts: dict[str, str]
    _lines: dict[str, dict[int, set[str]]] = field(default_factory=dict)

    def tests_of(self, path: str, lines: Iterable[int] | None = None) -> set[str]:
        """Name the tests that run one of some lines of a file, or any of it."""
        run = self._run(path)
        return set[str]().union(*(run.get(one, ()) for one in (run if lines is None else lines)))

    @cached_property
    def tests_since(self) -> set[str]:
        """Name the tests that were written since, or whose text is another, without parameters."""
        found = set()
        for path, text in texts("tests").items():
            then = dict(functions(self.texts.get(path, "")))
            new = [name for name, own in functions(text) if then.get(name) != own]
            found |= {f"{path}::{name}" for name in new if "/test_" in path}
        return found

    @property
    def is_of_this_tap(self) -> bool:
        """Say whether the tap's files are still those that were measured, whatever is in them."""
        return set(texts(PACKAGE.name)) <= set(self.texts)

    def _run(self, path: str) -> dict[int, set[str]]:
        """Tell for each line of a file, as it is now, by whom it is run."""
        if path not in self._lines:
            data = CoverageData(str(COVERAGE))
            data.read()
            contexts: dict[int, set[str]] = defaultdict(set)
            for file in data.measured_files():
                if f"/{file}".endswith(f"/{path}"):
                    for line, names in data.contexts_by_lineno(file).items():
                        contexts[line].update(names)
            then, now = self.texts.get(path, ""), (PROJECT / path).read_text("utf-8")
            self._lines[path] = {
                line: set[str]().union(*map(self._tests, contexts.get(before, ())))
                for line, before in followed(then.splitlines(), now.splitlines()).items()
            }
        return self._lines[path]

    def _tests(self, context: str) -> set[str]:
        """Name the tests of a context; that of a program tells the test that started it."""
        if context.startswith(FIXTURE):
            return self._sharing[context.removeprefix(FIXTURE)]
        test = re.sub(r" \((setup|call|teardown)\)$", "", context)
        return {test} if test in self.seconds else set()

    @cached_property
    def _sharing(self) -> dict[str, set[str]]:
        sharing: dict[str, set[str]] = defaultdict(set)
        for test in self.seconds:
            for fixture in self.fixtures[test]:
                sharing[fixture].add(test)
        return sharing


def functions(text: str) -> Iterator[tuple[str, str]]:
    """Give the tests of a file, and what they do."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name, ast.dump(node)


def followed(then: list[str], now: list[str]) -> dict[int, int]:
    """Find for each line what number it had, or the one before it that was there."""
    found, last = {}, 1
    moved = {}
    for block in difflib.SequenceMatcher(None, then, now, autojunk=False).get_matching_blocks():
        moved.update({block.b + one: block.a + one for one in range(block.size)})
    for number in range(len(now)):
        last = moved[number] + 1 if number in moved else last
        found[number + 1] = last
    return found


def texts(folder: str) -> dict[str, str]:
    """Read the files that mutants and their tests are in."""
    found = {
        str(path.relative_to(PROJECT)): path for path in sorted((PROJECT / folder).rglob("*.py"))
    }
    left_out = (f"{PACKAGE.name}/sandbox/", *LEFT_OUT)
    return {
        name: path.read_text("utf-8")
        for name, path in found.items()
        if not name.startswith(left_out)
    }


def measured(jobs: int, *, anew: bool) -> Measured:
    """Give what is known, or measure the tests, so many at a time."""
    if MEASURED.exists() and not anew:
        known = Measured(**json.loads(MEASURED.read_text("utf-8")))
        if known.is_of_this_tap:
            return known
    print("Measuring all tests, which takes some minutes ...", flush=True)
    shutil.rmtree(KEPT, ignore_errors=True)
    KEPT.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        notes, config = Path(folder) / "notes", Path(folder) / "coveragerc"
        notes.mkdir()
        config.write_text(CONFIG.format(folder=notes), "utf-8")
        copy = copied(Path(folder) / "tree")
        options = ("-n", str(jobs), "--dist", "loadfile", *(f"--ignore={one}" for one in LEFT_OUT))
        env = {"MUTANTS_NOTES": str(notes), "COVERAGE_PROCESS_START": str(config)}
        code, said = pytest(copy, *options, seconds=7_200, env=env)
        if code not in {0, 1}:  # all passed, or some failed
            sys.exit(f"The tests could not be measured:\n{said}")
        return kept(notes)


def kept(notes: Path) -> Measured:
    """Put together what the processes of a measurement have noted, and keep it."""
    data = CoverageData(str(COVERAGE))
    for part in notes.glob("coverage.*"):
        one = CoverageData(str(part))
        one.read()
        data.update(one)
    data.write()
    lines = [line for part in notes.glob("tests-*") for line in part.read_text().splitlines()]
    tests = {one["id"]: one for one in map(json.loads, lines)}
    for name in sorted(name for name, one in tests.items() if one["failed"]):
        print(f"Not asked, as it fails without a mutant: {tests.pop(name)['id']}")
    found = Measured(
        {name: one["seconds"] for name, one in tests.items()},
        {name: one["fixtures"] for name, one in tests.items()},
        texts(PACKAGE.name) | texts("tests"),
    )
    noted = {name: one for name, one in asdict(found).items() if not name.startswith("_")}
    MEASURED.write_text(json.dumps(noted), "utf-8")
    return found


def copied(folder: Path) -> Path:
    """Copy the work tree, as git sees it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=PROJECT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, folder / name)
    return folder


def pytest(
    copy: Path, *options: str, seconds: float, env: dict[str, str]
) -> tuple[int | None, str]:
    """Run tests in a copy, and end what they leave behind; no code if they did not end."""
    paths = os.pathsep.join([str(copy), str(copy / "scripts")])
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", "-pcovering", "-pno:cacheprovider", *options],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": paths, **env},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        code = None
        with suppress(subprocess.TimeoutExpired):
            code = process.wait(seconds)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        end_all_of(paths)
        said.seek(0)
        return code, said.read()


def end_all_of(paths: str) -> None:
    """End programs that tests have started in sessions of their own; where there is no /proc, not.

    They are known by the paths that only they have in their environment.
    """
    for one in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"PYTHONPATH={paths}\0".encode() in (one / "environ").read_bytes():
                os.kill(int(one.name), signal.SIGKILL)
