"""What is an endpoint, and what do answers have in common? Parameters, parents, single records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from .exchange import Call, Refusal, Reply
from .hanging import CHILDREN, rows_in
from .paging import Numbered, envelope, unlinked
from .versions import V2_16

if TYPE_CHECKING:
    from collections.abc import Callable

    from .paging import Answer
    from .state import State
    from .versions import Version

Json = dict[str, Any]


@dataclass(frozen=True)
class Endpoint:
    """One method on one path; `resource` names everything that is read with it."""

    method: str
    path: str
    resource: str
    answer: Answer
    since: Version = (1, 0)
    query: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()

    def check(self, call: Call) -> None:
        """Refuse what this version does not have, and parameters that do not exist."""
        if call.version < self.since:
            message = "Requested resource is not available in current API version."
            raise Refusal(400, "intercom_version_invalid", message)
        for name in call.query:
            if name not in self.query and name not in self.ignored:
                message = f"{name} is not a parameter of this request"
                raise Refusal(400, "parameter_invalid", message, field=name)


def flag(call: Call, name: str) -> bool:
    """Read a parameter that is true or false."""
    value = call.query.get(name, "false")
    if value not in ("true", "false"):
        raise Refusal(400, "parameter_invalid", f"{name} must be true or false", field=name)
    return value == "true"


def unix(call: Call, name: str) -> int | None:
    """Read a parameter that is a time."""
    value = call.query.get(name)
    if value is not None and not value.isdigit():
        raise Refusal(400, "parameter_invalid", f"{name} must be a UNIX timestamp", field=name)
    return None if value is None else int(value)


def with_fields(row: bytes, **fields: object) -> bytes:
    """Add fields to an encoded record."""
    return row[:-1] + b"," + msgspec.json.encode(fields)[1:]


def without_field(rows: list[bytes], name: str) -> list[bytes]:
    """Take a field out of encoded records."""
    records: list[Json] = [msgspec.json.decode(row) for row in rows]
    return [
        msgspec.json.encode({key: value for key, value in record.items() if key != name})
        for record in records
    ]


MISSING = {
    "contacts": ("not_found", "User Not Found"),
    "companies": ("company_not_found", "Company Not Found"),
    "admins": ("admin_not_found", "Admin not found"),
    "teams": ("team_not_found", "Team not found"),
    "data_connectors": ("data_connector_not_found", "Data connector not found"),
}


def there(state: State, table: str, call: Call) -> str:
    """Find the record that a path names, or refuse; contacts may have been merged into others."""
    if table == "contacts":
        _unmerged(state, call)
    if call.argument not in state.holdings.table(table):
        code, message = MISSING.get(table, ("not_found", "Resource Not Found"))
        raise Refusal(404, code, message)
    return call.argument


def _unmerged(state: State, call: Call) -> None:
    """Refuse contacts that were merged: gone since 2.16, simply not found before."""
    merged = state.holdings.feed.merges.get(call.argument)
    if merged is None or call.version < V2_16:
        return
    raise gone(merged[0])


def gone(canonical: str) -> Refusal:
    """Build the refusal of a contact that was merged into another."""
    message = "This contact has been merged. See the 'Link' header for the canonical contact."
    link = f'</contacts/{canonical}>; rel="canonical"'.encode()
    return Refusal(410, "contact_merged", message, headers=((b"link", link),))


def found(state: State, table: str, call: Call) -> bytes:
    """Encode the record that a path names."""
    return state.holdings.table(table).encoded(there(state, table, call), call.version)


def attributes_of(table: str, state: State, call: Call) -> list[bytes]:
    """Encode the attributes in a table; archived ones for those who ask."""
    records = state.holdings.table(table)
    archived = flag(call, "include_archived")
    ids = [one for one in records if archived or not records.record(one).get("archived")]
    return records.all_encoded(ids, call.version)


def detail(table: str) -> Answer:
    """Answer with one record."""

    def answer(state: State, call: Call) -> Reply:
        return Reply(body=found(state, table, call), records=1)

    return answer


def rows_of(child: str) -> Callable[[State, Call], list[bytes]]:
    """Encode the rows of the parent that a path names."""

    def rows(state: State, call: Call) -> list[bytes]:
        parent = there(state, CHILDREN[child].parent, call)
        served = rows_in(call.version, state.holdings, child, parent)
        return [msgspec.json.encode(row) for row in served]

    return rows


def whole_of(child: str, key: str = "data", kind: str | None = "list") -> Answer:
    """Answer with every row of one parent."""
    rows = rows_of(child)

    def answer(state: State, call: Call) -> Reply:
        return envelope(kind, key, rows(state, call))

    return answer


def numbered_of(child: str, default: int, maximum: int, **chosen: Any) -> Numbered:
    """Answer with pages of the rows of one parent."""
    place = chosen.pop("place", unlinked)
    return Numbered(child, "", default, maximum, place=place, rows=rows_of(child), **chosen)


def names(text: str) -> frozenset[str]:
    """Read names from a line."""
    return frozenset(text.split())


PAGE = names("page per_page")
CURSOR = names("per_page starting_after")
# A cursor in the query of a search changes nothing: page one comes for ever.
IGNORED = names("page per_page starting_after")
