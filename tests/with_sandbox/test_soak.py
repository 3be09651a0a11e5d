"""A run that has been going for a while needs no more than it did before."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from program import Program

from tap_intercom.sandbox import running

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

soak = import_module("soak")

FEW = 10


def test_memory_files_and_threads_stay_flat_over_some_thousand_calls(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with running(size=8_000, rate_limit=1_000_000_000) as sandbox:
        tap = Program.start(sandbox, tmp_path, streams=["conversation_parts"])
        with soak.watched(tap.process.pid, every=0.1) as samples:
            assert tap.end() == 0, tap.log
        assert sandbox.stats()["requests"] > 4_000
    assert len(samples) > 20
    begun, rest = samples[: len(samples) // 2], samples[len(samples) // 2 :]

    def peak(of: list[Any], what: str) -> float:
        return max(getattr(one, what) for one in of)

    # A connection more at one moment is no leak; one left behind by a call in a hundred would be
    # twenty by then.
    assert peak(rest, "threads") < peak(begun, "threads") + FEW
    assert peak(rest, "files") < peak(begun, "files") + FEW
    growth = peak(rest, "memory_mb") - peak(begun, "memory_mb")
    record_property("growth of memory over the second half, MB", round(growth, 1))
    assert growth < 10
