"""Every readable operation of Intercom's API is read, or there is a reason why not."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import covered
import pytest
from runs import CUSTOM_OBJECT_TYPES, NAMES, sync

from tap_intercom.api import jobs
from tap_intercom.api.address import VERSIONS
from tap_intercom.sandbox import running
from tap_intercom.streams import STREAMS

if TYPE_CHECKING:
    from tap_intercom.shapes.shape import Shape

PROJECT = Path(__file__).resolve().parent.parent
OPERATIONS = covered.operations()
TOLD = Counter([*covered.called(), *covered.SAME, *covered.NOT_FETCHED])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_is_accounted_for_once(operation: str) -> None:
    assert TOLD[operation] == 1, "add it to a stream, or to a table of scripts/covered.py"


def test_nothing_is_told_of_what_does_not_exist() -> None:
    assert TOLD.keys() <= OPERATIONS.keys()
    assert covered.BESIDE.keys() <= set(NAMES)


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_the_paths_of_every_stream_are_operations(stream: type[Shape]) -> None:
    known = {operation.partition(" ")[2] for operation in OPERATIONS}
    assert set(covered.paths(stream)) <= known


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_no_stream_claims_to_be_older_than_its_operation(stream: type[Shape]) -> None:
    since = {operation.partition(" ")[2]: version for operation, version in OPERATIONS.items()}
    # One that has another path for older versions may be older than the newer one.
    came_with = [since[path] or VERSIONS[0] for path in covered.paths(stream)]
    assert VERSIONS.index(stream.min_version) >= min(map(VERSIONS.index, came_with))


def test_operations_are_readable() -> None:
    assert all(re.fullmatch(r"(GET|POST) (/[a-z_]+|/\{id\})+", one) for one in OPERATIONS)
    assert {version for version in OPERATIONS.values() if version} <= set(VERSIONS)
    posts = [one for one in OPERATIONS if one.startswith("POST ")]
    reading = ("/search", "/list", "/preview", "/capabilities", "/content/data", "/enqueue")
    assert all(one.endswith(reading) for one in posts)


@pytest.mark.parametrize("told", [covered.SAME, covered.NOT_FETCHED], ids=["same", "left"])
def test_reasons_name_streams_that_exist(told: dict[str, str]) -> None:
    for reason in told.values():
        named = set(re.findall(r"`(\w+)`", reason)) - {"enabled_push_messaging"}
        assert named <= set(NAMES), reason
        assert named or told is covered.NOT_FETCHED


def test_the_readme_counts_right() -> None:
    readme = " ".join((PROJECT / "README.md").read_text("utf-8").split())
    counted = re.search(
        r"\*\*(\d+) streams, and every one of the (\d+) readable operations .*?\*\*: "
        r"(\d+) are called, (\d+) would give the same once more, and (\d+) are left alone",
        readme,
    )
    assert counted
    assert [int(number) for number in counted.groups()] == [
        len(STREAMS),
        len(OPERATIONS),
        len(covered.called()),
        len(covered.SAME),
        len(covered.NOT_FETCHED),
    ]


def test_a_run_calls_what_it_is_said_to_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "FIRST_LOOK_SECONDS", 0.01)
    asked = set()
    with running(size=40) as sandbox:
        sync(sandbox, *NAMES, custom_object_types=CUSTOM_OBJECT_TYPES)
        sync(sandbox, "conversation_attributes", api_version="2.15")
        for method in ("search", "list"):
            sync(sandbox, "companies", companies_method=method)
        for one in sandbox.stats()["endpoints"]:
            asked.add(f"{one['method']} {re.sub(r'{[^}]*}', '{id}', one['path'])}")
    assert asked == covered.called().keys()
