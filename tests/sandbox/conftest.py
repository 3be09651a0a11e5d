from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
import requests
from calling import Caller, code_of

from tap_intercom.sandbox import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calling import Code, Json, Start


@pytest.fixture
def ever() -> Json:
    """A query that matches every record."""
    return {"field": "updated_at", "operator": ">", "value": 0}


@pytest.fixture(scope="session")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.fixture(scope="session")
def intercom(session: requests.Session) -> Iterator[Caller]:
    """A workspace that no test changes."""
    with running(rate_limit=1_000_000) as sandbox:
        yield Caller(sandbox, session)


@pytest.fixture
def start(session: requests.Session) -> Iterator[Start]:
    """Start a workspace of one's own."""
    with ExitStack() as opened:

        def started(**options: Any) -> Caller:
            chosen: Json = {"size": 40, "rate_limit": 1_000_000, **options}
            return Caller(opened.enter_context(running(**chosen)), session)

        yield started


@pytest.fixture
def code() -> Code:
    """Read the code of an error.list, which must be well formed."""
    return code_of
