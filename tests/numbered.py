"""Which streams are read page by page, by number? Found out from what the sandbox knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_intercom.sandbox.endpoints import found
from tap_intercom.streams import STREAMS
from tap_intercom.streams.people import _Listed

if TYPE_CHECKING:
    import pytest

    from tap_intercom.shapes.shape import Shape

PAGE = 3


def is_numbered(stream: type[Shape]) -> bool:
    """Whether the sandbox pages through it by number, in some version."""
    match = found(stream.path.replace("{id}", "x").replace("{type}", "x"))
    return match is not None and any("page" in one.query for one in match.methods.values())


NUMBERED = {one.name: one for one in (*STREAMS, _Listed) if is_numbered(one)}


def use_small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all of them asked for in pages of a few records."""
    for one in NUMBERED.values():
        monkeypatch.setattr(one, "params", {**one.params, "per_page": PAGE})
