"""Which records are there, in which order? One table per resource, made when first asked for.

A table knows the id and the two times of every record from the start; the record itself is a pure
function of the seed and its index and is built on demand. Sorted keys make a page a slice, and
encoded records are kept, so that a page is a join of bytes.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from .versions import changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .versions import Version

Json = dict[str, Any]
Key = tuple[float, int, str]
"""The sort value, then the length of the id, then the id: digits sort as numbers do."""

MISSING = float("-inf")
ENCODED_AT_MOST = 400_000


class Stub(NamedTuple):
    """What is known of a record before it is built."""

    id: str
    created_at: int
    updated_at: int


def values(record: object, path: str) -> list[object]:
    """Everything at a dotted path; lists are looked through."""
    if isinstance(record, list):
        return [value for item in record for value in values(item, path)]
    if not isinstance(record, dict):
        return []
    if path in record:
        found = record[path]
        return found if isinstance(found, list) else [found]
    head, _, rest = path.partition(".")
    return values(record.get(head), rest) if rest else []


def number(found: list[object]) -> float:
    """Read a sort value: the number or the time that is there, or less than any."""
    value = found[0] if found else None
    if isinstance(value, str):
        return seconds(value)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else MISSING


def seconds(text: str) -> float:
    """Read a time that is written as text, or take it for less than any."""
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return MISSING


class History:
    """What the records were that were changed lately, for searches that lag behind."""

    def __init__(self, lag: float, now: Callable[[], float]) -> None:
        self.lag = lag
        self.now = now
        self._before: deque[tuple[float, str, Json | None]] = deque()

    def note(self, identity: str, before: Json | None) -> None:
        """Note what a record was until now; None if it was not there."""
        self._before.append((self.now(), identity, before))

    def unseen(self) -> dict[str, Json | None]:
        """What a search still takes the records for that have changed since it last looked."""
        while self._before and self._before[0][0] <= self.now() - self.lag:
            self._before.popleft()
        unseen: dict[str, Json | None] = {}
        for _, identity, before in self._before:
            unseen.setdefault(identity, before)
        return unseen


class Table:
    """The records of one resource."""

    history: History | None = None

    def __init__(
        self,
        name: str,
        stubs: Iterable[Stub],
        build: Callable[[int, Stub], Json],
        *,
        key: str = "id",
    ) -> None:
        self.name = name
        self.key = key
        self.version = 0
        self.born = 0
        self._build = build
        self._index: dict[str, int] = {}
        self._created = array("q")
        self._updated = array("q")
        self._changed: dict[str, Json] = {}
        self._encoded: dict[tuple[Callable[[Json], Json], ...], dict[str, bytes]] = {}
        self._sorted: dict[str, list[Key]] = {}
        for stub in stubs:
            self._admit(stub)

    @classmethod
    def of(cls, name: str, records: Iterable[Json], *, key: str = "id") -> Table:
        """Make a table of records that are all there already."""
        table = cls(name, (), lambda _, __: {}, key=key)
        for record in records:
            table.put(record)
        return table

    def __len__(self) -> int:
        """How many records there are."""
        return len(self._index)

    def __contains__(self, identity: object) -> bool:
        """Whether there is a record with this id."""
        return identity in self._index

    def __iter__(self) -> Iterator[str]:
        """Every id, oldest record first."""
        return iter(tuple(self._index))

    def _admit(self, stub: Stub) -> None:
        self._index[stub.id] = self.born
        self._created.append(stub.created_at)
        self._updated.append(stub.updated_at)
        self.born += 1

    def record(self, identity: str) -> Json:
        """One record, as the newest version has it."""
        changed = self._changed.get(identity)
        if changed is not None:
            return changed
        index = self._index[identity]
        return self._build(index, Stub(identity, self._created[index], self._updated[index]))

    def changed(self, identity: str) -> bool:
        """Whether a record is another than was computed for it."""
        return identity in self._changed

    def made(self, identity: str) -> tuple[int, Stub] | None:
        """Say from what a record was computed; None when it was put there."""
        index = self._index[identity]
        if not self._created[index]:
            return None
        return index, Stub(identity, self._created[index], self._updated[index])

    def records(self, version: Version) -> list[Json]:
        """Every record, as this version has it."""
        return [msgspec.json.decode(self.encoded(identity, version)) for identity in self]

    def encoded(self, identity: str, version: Version) -> bytes:
        """One record as the bytes that are sent."""
        return self.all_encoded((identity,), version)[0]

    def all_encoded(self, identities: Iterable[str], version: Version) -> list[bytes]:
        """Encode some records, or find them encoded."""
        rules = changes(self.name, version)
        kept = self._encoded.setdefault(rules, {})
        if len(kept) > ENCODED_AT_MOST:
            kept.clear()
        rows = []
        for identity in identities:
            row = kept.get(identity)
            if row is None:
                row = kept[identity] = self._encode(identity, rules)
            rows.append(row)
        return rows

    def _encode(self, identity: str, rules: tuple[Callable[[Json], Json], ...]) -> bytes:
        record = self.record(identity)
        for rule in rules:
            record = rule(record)
        return msgspec.json.encode(record)

    def sorted_by(self, field: str) -> list[Key]:
        """Keys of all records in ascending order of a field."""
        keys = self._sorted.get(field)
        if keys is None:
            keys = self._known_times(field)
            if keys is None:
                keys = [self.key_of(identity, field) for identity in self._index]
            keys.sort()
            self._sorted[field] = keys
        return keys

    def unseen(self) -> dict[str, Json | None]:
        """What a search does not see yet: records that changed, as they were before."""
        return {} if self.history is None else self.history.unseen()

    def found_by(self, field: str) -> list[Key]:
        """The keys as a search sees them: new records are missing, changed ones in their old place.

        What is deleted is gone at once.
        """
        keys = self.sorted_by(field)
        unseen = self.unseen()
        if not unseen:
            return keys
        found = [key for key in keys if key[2] not in unseen]
        for identity, before in unseen.items():
            if before is not None and identity in self._index:
                value = 0 if field == "id" else number(values(before, field))
                insort(found, (value, len(identity), identity))
        return found

    def _known_times(self, field: str) -> list[Key] | None:
        """Make the keys without building records, where nothing has been put or deleted yet."""
        times = {"updated_at": self._updated, "created_at": self._created}.get(field)
        if times is None or self._changed or len(times) != len(self._index):
            return None
        return [
            (time, len(identity), identity)
            for time, identity in zip(times, self._index, strict=True)
        ]

    def key_of(self, identity: str, field: str) -> Key:
        """Where one record stands when sorted by a field."""
        return (self._sort_value(identity, field), len(identity), identity)

    def _sort_value(self, identity: str, field: str) -> float:
        if field == "id":
            return 0
        if identity not in self._changed:
            if field == "updated_at":
                return self._updated[self._index[identity]]
            if field == "created_at":
                return self._created[self._index[identity]]
        return number(values(self.record(identity), field))

    def put(self, record: Json) -> None:
        """Add a record, or put it in the place of the one that has its id."""
        identity = str(record[self.key])
        self._leave_order(identity)
        if identity not in self._index:
            self._admit(Stub(identity, 0, 0))
        self._changed[identity] = record
        for field, keys in self._sorted.items():
            insort(keys, self.key_of(identity, field))

    def put_all(self, records: Iterable[Json]) -> None:
        """Put many records at once; the order is found again when it is next needed."""
        self._sorted.clear()
        for record in records:
            self.put(record)

    def add(self, stub: Stub) -> None:
        """Let a record be born, to be built like all others."""
        self.version += 1
        self._note(stub.id)
        self._admit(stub)
        for field, keys in self._sorted.items():
            insort(keys, self.key_of(stub.id, field))

    def delete(self, identity: str) -> bool:
        """Remove a record; tell whether it was there."""
        if identity not in self._index:
            return False
        self._leave_order(identity)
        self._changed.pop(identity, None)
        del self._index[identity]
        return True

    def _note(self, identity: str) -> None:
        if self.history is not None:
            before = self.record(identity) if identity in self._index else None
            self.history.note(identity, before)

    def _leave_order(self, identity: str) -> None:
        self.version += 1
        self._note(identity)
        if identity not in self._index:
            return
        for field, keys in self._sorted.items():
            del keys[bisect_left(keys, self.key_of(identity, field))]
        for kept in self._encoded.values():
            kept.pop(identity, None)
