"""What have contacts done, and what was done to them? Events, and the feed of activities."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from ..tables import Stub
from ..tables import number as sortable
from .dice import DAY, Dice, mixed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .world import World

Json = dict[str, Any]

BUSY_EVERY, BUSY = 25, 3
DEPTH = 120 * DAY
LISTED = 90 * DAY
SIGNED_UP_EVERY, FAILED_EVERY = 9, 40
FAILED = "The contact to be merged must be a lead"

EVENTS: tuple[tuple[str, Json], ...] = (
    ("logged-in", {}),
    ("placed-order", {"price": {"amount": 34_999, "currency": "eur"}, "order": "№ 7"}),
    ("invited-friend", {"invite_code": "ADDAFRIEND", "count": 2}),
    ("read-article", {"article": {"url": "https://help.example.com/1", "value": "Größe"}}),
    ("événement 🎉", {"nested": [1, None, "two"]}),
)


def iso(seconds: float, *, milliseconds: bool = True) -> str:
    """Write a time as text."""
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    digits = f".{moment.microsecond // 1_000:03d}" if milliseconds else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{digits}Z"


def happened(world: World, index: int) -> list[tuple[int, int]]:
    """When events happened to a contact, and which; newest first, never two in a second."""
    dice = world.dice(16, index)
    count = 60 + dice.below(60) if index % BUSY_EVERY == BUSY else dice.below(7)
    first = world.start - DEPTH
    times = {first + dice.below(DEPTH) for _ in range(count)}
    return [(time, dice.below(len(EVENTS))) for time in sorted(times, reverse=True)]


def listed(today: int) -> int:
    """Since when events are listed one by one."""
    return today - LISTED


def event(person: Json, time: int, kind: int) -> Json:
    """Build an event of a contact."""
    name, metadata = EVENTS[kind]
    salt = crc32(str(person["id"]).encode())
    digits = f"{mixed(time, salt):016x}{mixed(salt, kind):016x}"
    return {
        "type": "event",
        "id": "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])),
        "event_name": name,
        "created_at": time,
        "user_id": person.get("external_id"),
        "intercom_user_id": person["id"],
        "email": person.get("email"),
        "metadata": metadata,
    }


def stamp(row: Json) -> float:
    """When something happened, if that can be read."""
    return sortable([row.get("created_at")])


def summaries(events: list[Json]) -> list[Json]:
    """Count events by name, over all time."""
    times: dict[str, list[int]] = {}
    for one in events:
        name, at = one.get("event_name"), one.get("created_at")
        if isinstance(name, str) and isinstance(at, int):
            times.setdefault(name, []).append(at)
    return [
        {
            "name": name,
            "first": iso(min(found)),
            "last": iso(max(found)),
            "count": len(found),
            "description": None if name == EVENTS[0][0] else f"Somebody did “{name}”",
        }
        for name, found in sorted(times.items())
    ]


def activity(number: int, at: int, kind: str, person: str, **more: object) -> Json:
    """Build an entry of the feed of what happens to contacts."""
    about: Json = {
        "external_id": None,
        "role": None,
        "merge_source_id": None,
        "merge_target_id": None,
        "failure_reason": None,
        **more,
    }
    return {
        "type": "contact_activity",
        "id": activity_id(number, at),
        "event_type": f"contact.{kind}",
        "contact_id": person,
        **about,
        "created_at": at,
    }


def activity_id(number: int, at: int) -> str:
    """Name an activity: its time in milliseconds, and its number."""
    return f"{at * 1_000}.{number:06x}"


class Told(NamedTuple):
    """Something that happened to a contact before the start."""

    at: int
    kind: str
    contact: str
    number: int | None = None
    source: str | None = None


class Past:
    """The activities before the start: how each contact came, and where some have gone."""

    def __init__(
        self, world: World, contacts: Iterable[Stub], merges: dict[str, tuple[str, int]]
    ) -> None:
        self.world = world
        self.told = [*self._lives(contacts), *self._ends(merges)]

    def _lives(self, contacts: Iterable[Stub]) -> Iterator[Told]:
        for index, stub in enumerate(contacts):
            yield Told(stub.created_at, "created", stub.id, index)
            if self._signed_up_later(index):
                yield Told((stub.created_at + stub.updated_at) // 2, "role_updated", stub.id, index)
            if index % FAILED_EVERY == 0:
                yield Told(stub.updated_at, "merge_failed", stub.id, index, stub.id)

    def _ends(self, merges: dict[str, tuple[str, int]]) -> Iterator[Told]:
        for source, (target, at) in merges.items():
            yield Told(at - DAY, "created", source)
            yield Told(at, "merged", target, None, source)
        for number in range(self.world.deleted_contacts):
            gone = self.world.contact_id(2_000_000_000 + number)
            at = self.world.start - (number + 1) * DAY
            yield Told(at - 30 * DAY, "created", gone)
            yield Told(at, "deleted", gone)

    def _signed_up_later(self, index: int) -> bool:
        return index % SIGNED_UP_EVERY == 0 and self.world.is_user(index)

    def stubs(self) -> Iterator[Stub]:
        """Name everything that happened."""
        for number, told in enumerate(self.told):
            yield Stub(activity_id(number, told.at), told.at, told.at)

    def build(self, number: int, _: Stub) -> Json:
        """Tell of one thing that happened."""
        told = self.told[number]
        more: Json = {"role": "lead"}
        if told.number is not None:
            more = self._identity(told.kind, told.number)
        if told.kind == "merged":
            more = {"role": "user", "merge_target_id": told.contact}
        if told.kind == "merge_failed":
            more = {"merge_target_id": self.world.contact_id(0), "failure_reason": FAILED}
        more["merge_source_id"] = told.source
        return activity(number, told.at, told.kind, told.contact, **more)

    def _identity(self, kind: str, index: int) -> Json:
        later = kind == "created" and self._signed_up_later(index)
        user = self.world.is_user(index) and not later
        return {"role": "user", "external_id": f"user-{index}"} if user else {"role": "lead"}


def new_event(person: Json, events: list[Json], dice: Dice, at: int) -> Json | None:
    """Let a contact do something, unless they did in this second."""
    if events and stamp(events[0]) >= at:
        return None
    return event(person, at, dice.below(len(EVENTS)))
