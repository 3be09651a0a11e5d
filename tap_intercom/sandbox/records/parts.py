"""What is said and done in a conversation, part by part, and when?

It is told as a story: a team gets it, Fin or an admin answers, it goes to and fro, it is closed,
and now and then opened again. Long after that, somebody may note something.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from ..tables import Stub
from .dice import DAY, HOUR, MINUTE, Dice, paragraph
from .people import author, tag
from .statistics import STATES, by, understood
from .world import ADMIN_IDS, ADMIN_NAMES, TAGS, TEAM_IDS, members

if TYPE_CHECKING:
    from collections.abc import Callable

    from .world import World

Json = dict[str, Any]

LONGEST = 620
FEW, SOME, SEVERAL = 3, 5, 9
LATELY = 3 * DAY
REDACTED, PICTURED, TAGGED = 0.03, 0.08, 0.95
AGAIN, REOPENED, BESIDE = 0.15, 0.12, 0.22
# Of the longest, Intercom gives all parts of each type: they are not all comments.
MUCH, BESIDE_MUCH = 100, 0.6
BOT = {"type": "bot", "id": "991260000", "name": "Fin", "email": "operator@example.com"}
NOBODY: Json = {"type": "nobody_admin", "id": None}
# Which teams get conversations: some of them more often. One is empty and gets none.
TEAMS_AT_WORK = (0, 0, 0, 1, 1, 3)

EVENTS: tuple[tuple[str, Json], ...] = (
    ("custom_action_started", {"action": {"name": "Look up order"}}),
    (
        "conversation_attribute_updated_by_admin",
        {"attribute": {"name": "Priorität"}, "value": {"name": "hoch"}},
    ),
    ("a_part_type_of_next_year", {}),
)


ADMINS = tuple(
    {"type": "admin", "id": str(identity), "name": name, "email": f"admin{number}@example.com"}
    for number, (identity, name) in enumerate(zip(ADMIN_IDS, ADMIN_NAMES, strict=True))
)


def admin(number: int) -> Json:
    """Name an admin as the author of something."""
    return ADMINS[number]


class Beginning(NamedTuple):
    """How a conversation began, and how it will end."""

    length: int
    people: tuple[int, ...]
    delivered_as: str
    author: Json
    answered: bool
    ai: bool
    resolved: bool
    left: str
    late: bool


@lru_cache(maxsize=512)
def beginning(world: World, index: int, stub: Stub) -> Beginning:
    """Say how a conversation began. The first has more parts than Intercom hands out."""
    dice = world.dice(4, index)
    count = LONGEST if index == 0 else 1 + dice.below(30)
    new = stub.created_at >= world.start
    count = max(count, SEVERAL) if new else count
    contact, several = dice.below(world.size), dice.chance(0.1)
    throw, silent = dice.random(), dice.chance(0.5)
    delivered_as = "customer_initiated" if throw < 0.85 else "admin_initiated"  # noqa: PLR2004
    answered = count > 1 and not (silent and count <= SOME and delivered_as == "admin_initiated")
    if count == 1 or throw > 0.95:  # noqa: PLR2004
        delivered_as = "automated"
    ai, resolved = dice.chance(0.3), dice.chance(0.3)
    left = dice.random() * (2 if stub.updated_at > world.start - LATELY else 20)
    return Beginning(
        count,
        (contact, (contact + 1) % max(world.size, 1)) if several else (contact,),
        delivered_as,
        author(world, contact)
        if delivered_as == "customer_initiated"
        else BOT
        if delivered_as == "automated"
        else admin(dice.below(len(ADMIN_IDS))),
        answered,
        ai,
        ai and resolved and index > 0 and answered,
        "open" if left < 0.8 else "snoozed" if left < 1 else "closed",  # noqa: PLR2004
        not new and count > 1 and stub.updated_at - stub.created_at > LATELY,
    )


class Step(NamedTuple):
    """What happens so many seconds after what happened before; most of it assigns nothing."""

    wait: int
    kind: str
    author: Json
    state: str
    says: bool = False
    to: tuple[Json | None, int | None, int | None] = (None, None, None)
    details: Json | None = None


class Story:
    """A conversation as it goes on: who has it, who writes, and how it stands."""

    def __init__(self, dice: Dice, contacts: list[Json], record: Json | None = None) -> None:
        known = record or {}
        self.dice = dice
        self.contacts = contacts
        self.bot_alone = False
        self.steps: list[Step] = []
        self.state = known.get("state", "open")
        self.teammate = known.get("admin_assignee_id") or 0
        self.team = known.get("team_assignee_id") or 0
        number = dice.below(len(ADMIN_IDS))
        self.actor = ADMIN_IDS.index(self.teammate) if self.teammate in ADMIN_IDS else number

    def _step(self, typical: int, kind: str, who: Json, **more: Any) -> None:
        wait = int(typical * 8 ** (self.dice.random() - self.dice.random()))
        self.state = STATES.get(kind, self.state)
        self.steps.append(Step(wait, kind, who, self.state, **more))

    def _assign(self, typical: int, who: Json, to: Json, kind: str = "assignment") -> None:
        self._step(typical, kind, who, to=(to, self.teammate, self.team))

    def _us(self) -> Json:
        return BOT if self.bot_alone else admin(self.actor)

    def give(self, typical: int = 10) -> None:
        """Give it to a team."""
        number = self.dice.pick(TEAMS_AT_WORK)
        self.teammate, self.team = 0, TEAM_IDS[number]
        self.actor = self.dice.pick(members(number))
        self._assign(typical, BOT, {"type": "team", "id": str(self.team)})

    def take(self, typical: int = 6 * MINUTE, kind: str = "assignment") -> None:
        """Let an admin take it."""
        self.teammate = ADMIN_IDS[self.actor]
        self._assign(typical, admin(self.actor), {"type": "admin", "id": str(self.teammate)}, kind)

    def give_to_another_team(self) -> None:
        """Give it to another team, or to the same."""
        self.give(8 * MINUTE)

    def give_to_another_admin(self) -> None:
        """Give it to another admin, who may be of another team."""
        self.actor = self.dice.below(len(ADMIN_IDS))
        self.take(8 * MINUTE)

    def give_away(self) -> None:
        """Give it to Fin or to nobody; the team stays."""
        to = self.dice.pick((NOBODY, {"type": "bot", "id": BOT["id"]}))
        self.teammate = int(to["id"] or 0)
        self._assign(8 * MINUTE, admin(self.actor), to)

    def ask(self) -> None:
        """Let a contact write."""
        self._step(20 * MINUTE, "comment", self.dice.pick(self.contacts), says=True)

    def answer(self) -> None:
        """Let an admin write, or Fin, where it is alone with the contact."""
        self._step(8 if self.bot_alone else 14 * MINUTE, "comment", self._us(), says=True)

    def greet(self) -> None:
        """Let Fin write before anybody."""
        self._step(6, "comment", BOT, says=True)

    def note(self) -> None:
        """Let an admin write what the contact does not see."""
        self._step(5 * MINUTE, "note", admin(self.actor), says=True)

    def act(self) -> None:
        """Let something be done that nobody has to read."""
        kind, details = self.dice.pick(EVENTS)
        self._step(2 * MINUTE, kind, self._us(), details=details)

    def close(self) -> None:
        """Close it, now and then with a word."""
        says = not self.bot_alone and self.dice.chance(0.15)
        self._step(30 * MINUTE, "close", self._us(), says=says)

    def end(self) -> None:
        """Answer and close it at once."""
        self._step(14 * MINUTE, "close", self._us(), says=True)

    def snooze(self) -> None:
        """Let it sleep."""
        self._step(30 * MINUTE, "snoozed", admin(self.actor))

    def wake(self) -> None:
        """Let it sleep no longer."""
        self._step(HOUR, "timer_unsnooze", BOT)

    def reopen(self) -> None:
        """Open it again: mostly, because the contact writes."""
        if self.dice.chance(0.7):
            self._step(5 * HOUR, "open", self.dice.pick(self.contacts), says=True)
        elif self.dice.chance(0.5):
            self._step(5 * HOUR, "note_and_reopen", admin(self.actor), says=True)
        else:
            self.take(5 * HOUR, "assign_and_reopen")

    def talk(self, count: int) -> None:
        """Let it go to and fro, with what happens beside."""
        asking, beside = True, BESIDE if count < MUCH else BESIDE_MUCH
        for _ in range(count):
            if not self.bot_alone and self.dice.chance(beside):
                self.dice.pick(ASIDES)(self)
            else:
                (self.ask if asking else self.answer)()
                asking = not asking

    def later(self) -> None:
        """Let something happen long after; where it is still open, the contact may write again."""
        if self.state == "open" and self.contacts and self.dice.chance(0.5):
            self.ask()
        else:
            self.dice.pick((self.note, self.act))()

    def tell(self, begun: Beginning) -> None:
        """Tell it from its beginning to its end, in so many parts."""
        self.bot_alone = begun.resolved
        if begun.answered:
            before, after = self._opening(begun), self._ending(begun)
            room = begun.length - len(after) - begun.late
            for do in before[-room:]:
                do()
            self.talk(room - len(before))
        else:
            after = [{"closed": self.close, "snoozed": self.snooze, "open": self.act}[begun.left]]
            for _ in range(begun.length - 1 - begun.late):
                self.note()
        for do in after:
            do()
        if begun.late:
            self.later()

    def _opening(self, begun: Beginning) -> list[Callable[[], None]]:
        there = (
            (self.ask, begun.delivered_as != "customer_initiated"),
            (self.give, self.dice.chance(0.88)),
            (self.greet, begun.ai),
            (self.act, self.dice.chance(0.2)),
            (self.take, self.dice.chance(0.55) and not begun.resolved),
            (self.answer, begun.length > FEW or begun.left == "open"),
            (self.end, begun.length <= FEW and begun.left != "open"),
        )
        return [do for do, is_there in there if is_there]

    def _ending(self, begun: Beginning) -> list[Callable[[], None]]:
        if begun.left == "open" or begun.length <= FEW:
            return []
        if begun.left == "snoozed":
            return [self.snooze]
        if begun.length >= SEVERAL and self.dice.chance(AGAIN):
            return [self.close, self.reopen, self.answer, self.close]
        return [self.close]

    def go_on(self, *, waiting: bool) -> None:
        """Tell what comes next, in few parts."""
        if self.state == "snoozed":
            moves = [self.wake, self.answer]
        elif self.state == "closed":
            again = [self.reopen, self.answer, self.close][: 2 + self.dice.chance(0.7)]
            moves = again if self.contacts and self.dice.chance(REOPENED) else [self.later]
        elif waiting:
            moves = [self.answer, self.close][: 1 + self.dice.chance(0.5)]
        elif self.contacts and self.dice.chance(0.5):
            moves = [self.ask, self.answer, self.close][: 1 + self.dice.below(3)]
        else:
            moves = [self.close]
        for do in moves:
            do()


# What happens beside the talk, some of it more often.
ASIDES = (
    *[Story.note] * 6,
    *[Story.act] * 3,
    *[Story.give_to_another_team] * 2,
    Story.give_to_another_admin,
    Story.give_away,
)


def _story(world: World, index: int, begun: Beginning) -> Story:
    story = Story(world.dice(5, index), [author(world, number) for number in begun.people])
    story.tell(begun)
    return story


def _times(steps: list[Step], stub: Stub, *, late: bool) -> list[int]:
    """Say when each step of what is long past was: the last as late as the last update."""
    seconds = stub.updated_at - stub.created_at
    waits = [step.wait for step in steps[: len(steps) - late]]
    share = min(1.0, seconds / max(sum(waits), 1))
    times = [stub.created_at + int(share * passed) for passed in accumulate(waits)]
    return [*times[: len(steps) - 1], stub.updated_at]


def _so_far(steps: list[Step], began: int, until: int) -> list[int]:
    """Say when each step was that has happened by now; one has."""
    times = accumulate([step.wait for step in steps], initial=began)
    return [at for at in list(times)[1:] if at <= until] or [began]


def settled(world: World, index: int, began: int, until: int) -> int:
    """Say when the last thing so far happened in a conversation that begins now."""
    begun = beginning(world, index, Stub("", began, began))
    return _so_far(_story(world, index, begun).steps, began, until)[-1]


@lru_cache(maxsize=512)
def parts(world: World, index: int, stub: Stub) -> tuple[Json, ...]:
    """Build all parts of a conversation, oldest first; the last is as old as its last update."""
    begun = beginning(world, index, stub)
    story = _story(world, index, begun)
    if stub.created_at < world.start:
        times = _times(story.steps, stub, late=begun.late)
    else:
        times = _so_far(story.steps, stub.created_at, stub.updated_at)
    first = 30_000_000_000 + index * 10_000
    return tuple(
        _part(story.dice, step, str(first + number), at)
        for number, (step, at) in enumerate(zip(story.steps, times, strict=False))
    )


def more_parts(dice: Dice, record: Json, before: list[Json], first: int, at: int) -> list[Json]:
    """Let a conversation go on, until now: its next parts."""
    if not understood(record, before):
        record, before = {"created_at": at}, []
    contacts = [
        one["author"] for one in (record.get("source") or {}, *before) if by(one) == "contact"
    ]
    story = Story(dice, contacts[-1:], record)
    story.go_on(waiting=record.get("waiting_since") is not None)
    earliest = before[-1]["created_at"] if before else record["created_at"]
    left = [sum(step.wait for step in story.steps[number + 1 :]) for number in range(FEW)]
    return [
        _part(dice, step, str(first + number), max(at - left[number], min(earliest, at)))
        for number, step in enumerate(story.steps)
    ]


def remark(dice: Dice, identity: str, at: int) -> Json:
    """Build what an admin, or Fin, says beside a conversation."""
    who = dice.pick((admin(dice.below(len(ADMIN_IDS))), BOT))
    kind = dice.pick(("comment", "note"))
    return _part(dice, Step(0, kind, who, "open", says=True), identity, at)


def _part(dice: Dice, step: Step, identity: str, at: int) -> Json:
    comment = step.kind in ("comment", "note")
    throw = dice.random()
    redacted = comment and throw < REDACTED
    to, teammate, team = step.to
    return {
        "type": "conversation_part",
        "id": identity,
        "part_type": step.kind,
        "body": paragraph(dice) if step.says and not redacted else None,
        "created_at": at,
        "updated_at": at,
        "notified_at": at,
        "assigned_to": to,
        "admin_assignee_id": teammate,
        "team_assignee_id": team,
        "author": step.author,
        "attachments": [picture(identity)] if comment and REDACTED < throw < PICTURED else [],
        "external_id": None,
        "redacted": redacted,
        "email_message_metadata": None,
        "metadata": {},
        "state": step.state,
        "tags": [tag(dice.below(TAGS))] if throw > TAGGED else [],
        "event_details": step.details or {},
        "app_package_code": None,
    }


def picture(identity: str) -> Json:
    """Build what is attached to a part."""
    return {
        "type": "upload",
        "name": "Bild schirm.png",
        "url": f"https://files.example.com/{identity}?expires=1",
        "content_type": "image/png",
        "filesize": None,
        "width": 800,
        "height": 600,
    }
