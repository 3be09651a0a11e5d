"""Write pieces of Markdown: tables, code, and lines of one width."""

from __future__ import annotations

import re
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDTH = 100


def filled(text: str, marker: str, table: str) -> str:
    """Put a table between its markers."""
    between = re.compile(rf"(<!-- {marker} -->\n).*?(<!-- /{marker} -->)", re.DOTALL)
    return between.sub(lambda found: f"{found[1]}\n{table}\n\n{found[2]}", text)


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table."""
    cells = [list(head), ["---"] * len(list(head)), *map(list, rows)]
    return "\n".join(
        f"| {' | '.join(one.replace('|', chr(92) + '|') for one in row)} |" for row in cells
    )


def code(text: object) -> str:
    """Set in the type of programs."""
    return f"`{text}`"


def wrapped(text: str, indent: str = "") -> str:
    """Break text into lines of the width that all pages have."""
    return "\n".join(wrap(text, WIDTH, subsequent_indent=indent, break_on_hyphens=False))
