"""The SDK's own tests of a tap, for every stream, on the whole catalogue."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from runs import CUSTOM_OBJECT_TYPES, NAMES, catalog_of
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from tap_intercom.sandbox import running
from tap_intercom.tap import TapIntercom

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of each process its own, and not one of those that the system gives to callers.
PORT = 20_000 + os.getpid() % 10_000

# Fields that no record of so small a workspace has; the suite says so in a warning.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Fields in transformed catalog but not in records"),
    pytest.mark.filterwarnings("ignore:No records were available to test"),
]


@pytest.fixture(scope="module", autouse=True)
def _workspace() -> Iterator[None]:
    """Serve what the tests' tap, which is made when they are collected, is pointed at."""
    with running(size=60, port=PORT):
        yield


TestTapIntercom = get_tap_test_class(
    TapIntercom,
    config={
        "api_key": "demo",
        "api_url": f"http://127.0.0.1:{PORT}",
        "api_version": "Preview",  # which has all streams
        "custom_object_types": CUSTOM_OBJECT_TYPES,
    },
    suite_config=SuiteConfig(max_records_limit=None),
    catalog=catalog_of(*NAMES),
)
