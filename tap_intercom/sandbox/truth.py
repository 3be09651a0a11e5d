"""What is there now? Every record of a resource, by any name, with nothing left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from .exchange import Refusal
from .families import BUILT_IN, NAMES
from .hanging import CHILDREN, rows_in
from .records import conversations, exports, workspace
from .versions import V2_16

if TYPE_CHECKING:
    from .holdings import Holdings
    from .versions import Version

Json = dict[str, Any]


def known(name: str) -> str:
    """Refuse the name of a resource that does not exist."""
    if name not in NAMES and name not in CHILDREN:
        there = ", ".join(sorted((*NAMES, *CHILDREN)))
        raise Refusal(404, "not_found", f"There is no resource {name!r}; there are: {there}")
    return name


def truth(holdings: Holdings, name: str, version: Version) -> list[Json]:
    """Every current record, as this version would serve it, conversations with all parts."""
    if name in CHILDREN:
        return _hanging(holdings, name, version)
    if exports.is_exported(name):
        return [dict(row) for row in exports.truth(holdings.world, name, holdings.today())]
    if name == "conversation_attributes" and version < V2_16:
        custom = holdings.table(name).records(version)
        return [
            *holdings.table(BUILT_IN).records(version),
            *map(workspace.as_data_attribute, custom),
        ]
    table = holdings.table(known(name))
    records = table.records(version)
    if name != "conversations":
        return records
    return [
        {
            **record,
            **conversations.with_parts(rows_in(version, holdings, "conversation_parts", identity)),
        }
        for identity, record in zip(table, records, strict=True)
    ]


def _hanging(holdings: Holdings, name: str, version: Version) -> list[Json]:
    """Every row of every parent, with the parent's id."""
    child = CHILDREN[name]
    return [
        msgspec.json.decode(msgspec.json.encode(child.with_owner(parent, row)))
        for parent in holdings.table(child.parent)
        for row in rows_in(version, holdings, name, parent)
        if child.visible is None or child.visible(holdings, row)
    ]
