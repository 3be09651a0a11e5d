"""Which paths exist, and what answers them? Tables; a new endpoint is a row of one of them.

A row names the method and path, the resource it reads (for permissions), the style of its answer,
the version it came with, and the query parameters it knows. Its records come from a table of
`families`, or hang on those of one (`hanging`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from .answers import conversations, exports, knowledge, people, workspace

if TYPE_CHECKING:
    from .endpoint import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *workspace.ENDPOINTS,
    *people.ENDPOINTS,
    *conversations.ENDPOINTS,
    *knowledge.ENDPOINTS,
    *exports.ENDPOINTS,
)


@dataclass(frozen=True)
class Match:
    """A path that exists: its methods, and the argument in it."""

    template: str
    methods: dict[str, Endpoint]
    argument: str = ""


def _routes() -> tuple[dict[str, Match], dict[tuple[str, int], Match]]:
    exact: dict[str, Match] = {}
    open_ended: dict[tuple[str, int], Match] = {}
    for endpoint in ENDPOINTS:
        head, brace, tail = endpoint.path.partition("{")
        if brace:
            length = endpoint.path.count("/")
            match = open_ended.setdefault(
                (head + tail.partition("}")[2], length), Match(endpoint.path, {})
            )
        else:
            match = exact.setdefault(endpoint.path, Match(endpoint.path, {}))
        match.methods[endpoint.method] = endpoint
    return exact, open_ended


EXACT, OPEN_ENDED = _routes()


def found(path: str) -> Match | None:
    """Find the endpoints of a path, as it was sent.

    The argument is whatever is missing from its template.
    """
    match = EXACT.get(path)
    if match is not None:
        return match
    segments = path.split("/")
    for position in range(2, len(segments)):
        around = "/".join([*segments[:position], "", *segments[position + 1 :]])
        match = OPEN_ENDED.get((around, len(segments) - 1))
        if match is not None:
            return Match(match.template, match.methods, unquote(segments[position]))
    return None
