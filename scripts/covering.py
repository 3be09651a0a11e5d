"""A plugin of pytest for `mutants.py`: note who runs which line, or run only the chosen tests.

With NOTES, each test is noted down there, and lines are counted to the test, or to the shared
fixture, that runs them. With CHOSEN, the tests of that list run, in its order, and one that takes
far too long ends the process.
"""

from __future__ import annotations

import faulthandler
import json
import os
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pytest
from coverage import Coverage

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTES, CHOSEN = os.environ.get("MUTANTS_NOTES", ""), os.environ.get("MUTANTS_CHOSEN", "")
FIXTURE = "fixture "
MOST_SECONDS = 900.0
LIMIT = pytest.StashKey[float]()
NOW = ".now"  # beside the list: the test that is running
now = ""


def _count_to(context: str) -> str:
    """Count the lines that run from now on to somebody else; say to whom they were."""
    global now
    before, now = now, context
    if NOTES and (coverage := Coverage.current()):
        coverage.switch_context(context)
    return before


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[Any]:
    if CHOSEN:
        Path(CHOSEN + NOW).write_text(item.nodeid, "utf-8")
    faulthandler.dump_traceback_later(item.stash.get(LIMIT, MOST_SECONDS), exit=True)
    failed, begun, before = item.session.testsfailed, perf_counter(), _count_to(item.nodeid)
    done = yield
    _count_to(before)
    faulthandler.cancel_dump_traceback_later()
    if NOTES:
        test = {
            "id": item.nodeid,
            "seconds": perf_counter() - begun,
            "failed": item.session.testsfailed > failed,
            "fixtures": getattr(item, "fixturenames", []),
        }
        with (Path(NOTES) / f"tests-{os.getpid()}.jsonl").open("a") as file:
            file.write(json.dumps(test) + "\n")
    return done


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Iterator[Any]:
    """Count what a fixture of many tests runs to all of them, not to the first one."""
    if fixturedef.scope == "function":
        return (yield)
    before = _count_to(FIXTURE + fixturedef.argname)
    try:
        return (yield)
    finally:
        _count_to(before)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that are on the list, of one or of all parameters."""
    if not CHOSEN:
        return
    chosen = json.loads(Path(CHOSEN).read_text("utf-8"))
    places = {name: place for place, name in enumerate(chosen)}
    names = {
        one: name
        for one in items
        for name in (one.nodeid, one.nodeid.partition("[")[0])
        if name in places
    }
    for one, name in names.items():
        one.stash[LIMIT] = chosen[name]
    items[:] = sorted(names, key=lambda one: places[names[one]])
