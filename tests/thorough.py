"""Which cases are tried each time, and which only by `make test-thorough`."""

from __future__ import annotations

from typing import Any

import pytest


def the_first_of(*cases: Any) -> list[Any]:
    """Try one of many that differ by chance only; all of them where time does not matter."""
    first, *others = cases
    return [first, *(pytest.param(one, marks=pytest.mark.thorough) for one in others)]
