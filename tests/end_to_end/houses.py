"""A workspace, a database, and a Meltano that knows both."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import demo
import postgres
from cloned import Meltano
from truth import OBJECT_TYPES

from tap_intercom.sandbox import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVERY_STREAM = '["*.*"]'


class House(NamedTuple):
    """What one pipeline has to itself."""

    workspace: Any
    database: str
    meltano: Meltano


@contextmanager
def house(clone: Path, folder: Path, seed: int) -> Iterator[House]:
    """Serve a workspace and an empty PostgreSQL, and set Meltano up with them, with no state."""
    with running(size=60, seed=seed) as workspace, postgres.running(folder / "data") as database:
        settings = {
            "MELTANO_DATABASE_URI": f"sqlite:///{folder}/meltano.db",
            "MELTANO_ENVIRONMENT": "ci",
            "TAP_INTERCOM_API_URL": workspace.url,
            "TAP_INTERCOM_API_KEY": "demo",
            "TAP_INTERCOM_API_VERSION": "Preview",  # which has all streams
            "TAP_INTERCOM_CUSTOM_OBJECT_TYPES": json.dumps(OBJECT_TYPES),
            "TAP_INTERCOM__SELECT": EVERY_STREAM,
            **demo.target_postgres(database),
        }
        yield House(workspace, database, Meltano(clone, settings))
