"""Change the tap in many small ways, one at a time, and see whether a test notices.

A mutant that all its tests pass is living: either a test is missing, or the change makes no
difference, which a person judges. Mutants are drawn with a seed, of each room as many as its lines
are worth. Each is tried, in a copy of the work tree, by the tests that run its line, the likely and
the quick first; then by others that run something of its file, as far as the patience goes.
"""

from __future__ import annotations

import argparse
import difflib
import json
import random
import re
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from queue import SimpleQueue

from covering import NOW
from measured import KEPT, PACKAGE, PROJECT, Measured, copied, measured, pytest
from mutations import Mutation, fits, mutations

LIVING = KEPT / "living.json"

# A test that takes so much longer than it did, and longer than this, does not end.
TIMES_LONGER, LEAST_SECONDS = 10, 20.0
FIRST_FILES = 3
FOUND, TIMED_OUT, LIVES = "found", "timed out", "living"


@dataclass(frozen=True)
class Mutant:
    """A change of a module."""

    path: str
    text: bytes
    change: Mutation

    @cached_property
    def line(self) -> int:
        """Where the change begins."""
        return self.text[: self.change.begin].count(b"\n") + 1

    @property
    def place(self) -> str:
        """Where it is, as editors read it."""
        return f"{self.path}:{self.line}"

    @cached_property
    def diff(self) -> str:
        """The lines that differ."""
        before, after = self.text.decode(), self.change.applied(self.text).decode()
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
        return "\n".join([one for one in lines if not one.startswith("@@")][2:])

    @property
    def name(self) -> str:
        """What it is known by, also after its lines have moved."""
        return f"{self.path}\n{self.diff}"


def main() -> None:
    """Draw mutants, try them, and show those that live."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=100, help="how many are drawn (100)")
    parser.add_argument("--seed", type=int, default=1, help="another one draws others (1)")
    parser.add_argument(
        "--room", nargs="+", default=[], help="files, login, login/oauth, ... (all)"
    )
    parser.add_argument("--again", type=Path, help="those of a file: .mutants/living.json")
    parser.add_argument("--patience", type=float, default=120, help="seconds of tests each (120)")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (2)")
    parser.add_argument("--measure", action="store_true", help="measure the tests anew")
    options = parser.parse_args()

    lines = changed_lines(options.room)
    if options.again:
        wanted = set(json.loads(options.again.read_text("utf-8")))
        some = [one for each in lines.values() for one in each if one.path in " ".join(wanted)]
        drawn = [one for one in some if one.name in wanted and fits(one.change, one.text)]
    else:
        drawn = draw(lines, options.count, random.Random(options.seed))  # noqa: S311
    if not drawn:
        sys.exit("There are no such mutants.")
    tests = measured(options.jobs, anew=options.measure)
    print(f"Trying {len(drawn)} mutants, seed {options.seed} ...", flush=True)
    living = tried(drawn, tests, options)
    LIVING.write_text(json.dumps([one.name for one in living], indent=1) + "\n", "utf-8")


# Which mutants


def changed_lines(rooms: list[str]) -> dict[tuple[str, str, int], list[Mutant]]:
    """List the mutants of each line, by its room."""
    lines = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE).with_suffix("")
        wanted = not rooms or any(set(Path(one).parts) <= set(inside.parts) for one in rooms)
        if inside.parts[0] != "sandbox" and wanted:
            text = path.read_bytes()
            for change in mutations(text):
                one = Mutant(str(path.relative_to(PROJECT)), text, change)
                lines[inside.parts[0], one.path, one.line].append(one)
    return lines


def draw(
    lines: dict[tuple[str, str, int], list[Mutant]], count: int, dice: random.Random
) -> list[Mutant]:
    """Draw lines at equal distances, after each room was shuffled, and one mutant of each."""
    shuffled = sorted(lines, key=lambda line: (line[0], dice.random()))
    step = max(1.0, len(shuffled) / count)
    begin = dice.random()
    places = {int((begin + number) * step) for number in range(count)}
    drawn = []
    for line in (shuffled[one] for one in sorted(places) if one < len(shuffled)):
        able = [one for one in lines[line] if fits(one.change, one.text)]
        drawn += [dice.choice(able)] if able else []
    return drawn


# Which tests


def chosen(one: Mutant, known: Measured, patience: float) -> dict[str, float]:
    """Choose the tests for a mutant, in their order, and how long each may take."""
    change, path = one.change, one.path
    covering = set[str]()
    if not change.runs_on_import:
        covering = known.tests_of(path, range(change.first, change.last + 1))
    for place, lines in (found for name in change.names for found in uses(name)):
        covering |= known.tests_of(place, lines)
    others = known.tests_of(path) or set(known.seconds)
    words = {Path(path).stem, snake(change.inside)} - {"", "__init__"}
    files: dict[str, float] = defaultdict(float)
    for test in covering | others:
        files[file_of(test)] += known.seconds[test]

    def is_far(test: str) -> bool:
        return not any(word in test.lower() for word in words)

    def rank(test: str) -> tuple[object, ...]:
        seconds, file = known.seconds[test], file_of(test)
        return test not in covering, is_far(test), files[file], file, seconds

    # What was written since the tests were measured is asked about everything.
    new = known.tests_since
    tests = {test: LEAST_SECONDS for test in sorted(new) if not is_far(test)}
    left = patience
    for test in sorted(covering | others, key=rank):
        seconds = known.seconds[test]
        if test.partition("[")[0] not in new and seconds <= left:
            left -= seconds
            tests[test] = max(LEAST_SECONDS, TIMES_LONGER * seconds)
    return tests | dict.fromkeys(sorted(new), LEAST_SECONDS)


@cache
def uses(name: str) -> list[tuple[str, list[int]]]:
    """Find where in the tap a name is written."""
    word = re.compile(rf"\b{name}\b")
    found = []
    for path in PACKAGE.rglob("*.py"):
        lines = enumerate(path.read_text("utf-8").splitlines(), 1)
        if "sandbox" not in path.parts:
            numbers = [number for number, line in lines if word.search(line)]
            found.append((str(path.relative_to(PROJECT)), numbers))
    return found


def file_of(test: str) -> str:
    return test.partition("::")[0]


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


# How it goes


def tried(drawn: list[Mutant], known: Measured, options: argparse.Namespace) -> list[Mutant]:
    """Try mutants, some at a time, tell of each, and give those that live."""
    ends: Counter[str] = Counter()
    living = []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.jobs) as pool:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(options.jobs):
            copies.put(copied(Path(folder) / str(number)))

        def work(one: Mutant) -> tuple[str, str]:
            tests = chosen(one, known, options.patience)
            copy = copies.get()
            try:
                return ended(one, tests, copy, options.seed)
            finally:
                copies.put(copy)

        for number, (one, (end, how)) in enumerate(zip(drawn, pool.map(work, drawn), strict=True)):
            ends[end] += 1
            print(f"{number + 1}/{len(drawn)} {end}, {how}: {one.place}", flush=True)
            if end == LIVES:
                living.append(one)
                print(f"\n{one.diff}\n", flush=True)
    print(", ".join(f"{ends[end]} {end}" for end in (FOUND, TIMED_OUT, LIVES)))
    return living


def ended(one: Mutant, tests: dict[str, float], copy: Path, seed: int) -> tuple[str, str]:
    """Put a mutant into a copy, and see what its tests say.

    A test that fails without the mutant, too, does not count and is not asked any more: it wants
    another one before it, or a quieter machine.
    """
    for some in portions(tests):
        left = some
        while left:
            end, by = asked(one, left, copy, seed)
            if end == LIVES:
                break
            name = by if by in left else by.partition("[")[0]
            if name not in left or asked(None, {name: left[name]}, copy, seed)[0] == LIVES:
                return end, f"by {by}" if by else "by all, as it cannot be imported"
            left = {test: seconds for test, seconds in left.items() if test != name}
    return LIVES, f"passed {len(tests)} tests"


def portions(tests: dict[str, float]) -> list[dict[str, float]]:
    """Ask those of the first files before all others: to collect the tests of many takes long."""
    files = list(dict.fromkeys(map(file_of, tests)))
    first = {test: one for test, one in tests.items() if file_of(test) in files[:FIRST_FILES]}
    return [first, {test: one for test, one in tests.items() if test not in first}]


def asked(one: Mutant | None, tests: dict[str, float], copy: Path, seed: int) -> tuple[str, str]:
    """Run tests in a copy, with a mutant in it or without; say how it ended, and in which test."""
    wanted = copy / "chosen.json"
    running = Path(f"{wanted}{NOW}")
    running.unlink(missing_ok=True)
    wanted.write_text(json.dumps(tests), "utf-8")
    options = ("-x", f"--hypothesis-seed={seed}", *dict.fromkeys(map(file_of, tests)))
    if one is not None:
        put(copy / one.path, one.change.applied(one.text))
    try:
        code, said = pytest(copy, *options, seconds=1_800, env={"MUTANTS_CHOSEN": str(wanted)})
    finally:
        if one is not None:
            put(copy / one.path, one.text)
    if code == 0:
        return LIVES, ""
    by = running.read_text("utf-8") if running.exists() else ""
    was_ended = code is None or (code == 1 and not re.search(r"\d (failed|error)", said))
    return TIMED_OUT if was_ended else FOUND, by


def put(file: Path, text: bytes) -> None:
    """Write a module; what Python compiled in the same second would be taken for it."""
    for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
        compiled.unlink()
    file.write_bytes(text)


if __name__ == "__main__":
    main()
