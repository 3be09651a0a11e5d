"""What remains of contacts that are no longer active?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..tables import Stub
    from .world import World

Json = dict[str, Any]

MERGED, DELETED = "merged", "permanently_deleted"
STATUSES = ("archived", "blocked", "pending_deletion", DELETED)
FIRST = 2_000_000_000
"""From which number on contacts are counted who had left before the start."""


def departed(record: Json, status: str, into: str | None = None) -> Json:
    """Build what remains of a contact: of one that is deleted for good, not who it was."""
    known = {} if status == DELETED else record
    return {
        "type": "contact",
        "id": record["id"],
        "external_id": known.get("external_id"),
        "email": known.get("email"),
        "status": status,
        **({} if into is None else {"merged_into_id": into}),
    }


def departed_before(_: World, index: int, stub: Stub) -> Json:
    """Build what remains of a contact who left before the start."""
    person = {
        "id": stub.id,
        "external_id": f"former-{index}" if index % 3 else None,
        "email": f"r&d-{index}@example.com",
    }
    return departed(person, STATUSES[index % len(STATUSES)])
