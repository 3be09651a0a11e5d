"""A change of a stream's catalogue entry is a difference that a person reviews.

Renew the snapshots with `pytest tests/test_catalog.py --snapshot-update`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from syrupy.extensions.json import JSONSnapshotExtension

from tap_intercom.streams import STREAMS

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from tap_intercom.tap import TapIntercom

NAMES = [stream.name for stream in STREAMS]


@pytest.mark.parametrize("name", NAMES)
def test_catalog(discovered: TapIntercom, name: str, snapshot: SnapshotAssertion) -> None:
    [entry] = [one for one in discovered.catalog_dict["streams"] if one["stream"] == name]
    assert entry == snapshot(extension_class=JSONSnapshotExtension)
