"""How does a new row come to hang on a record, once the workspace is running?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .records import content, conversations, history, knowledge, people, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from .holdings import Holdings
    from .records.dice import Dice

Json = dict[str, Any]


@dataclass(frozen=True)
class Birth:
    """What a new row is made of."""

    holdings: Holdings
    parent: str
    record: Json
    rows: list[Json]
    identity: str
    dice: Dice
    at: int


def new_note(noun: str) -> Callable[[Birth], Json]:
    """Write a note about a contact or a company."""

    def born(birth: Birth) -> Json:
        about = {noun: {"type": noun, "id": birth.parent}}
        return people.note(birth.identity, birth.at, about)

    return born


def new_tag(birth: Birth) -> Json | None:
    """Apply one of the tags, unless it is there."""
    tags = [*birth.holdings.table("tags")]
    tag = birth.dice.pick(tags) if tags else None
    if tag is None or tag in {str(row["id"]) for row in birth.rows}:
        return None
    return people.applied_tag(birth.holdings.referred("tags", tag), birth.at)


def new_company(birth: Birth) -> Json | None:
    """Join one of the companies, unless it was joined before."""
    company = birth.dice.pick([*birth.holdings.table("companies")])
    if company in {str(row["id"]) for row in birth.rows}:
        return None
    return birth.holdings.company(company)


def new_grant(birth: Birth) -> Json | None:
    """Be granted one of the companies, unless it was granted before."""
    companies = birth.holdings.table("companies")
    company = companies.record(birth.dice.pick([*companies])).get("company_id")
    if company is None or company in {row["company_id"] for row in birth.rows}:
        return None
    return {"company_id": str(company)}


def new_pause(birth: Birth) -> Json:
    """Pause the handling of a conversation, or end the pause."""
    kind = ("paused", "resumed")[len(birth.rows) % 2]
    return conversations.handling_event(birth.at, kind, birth.dice.below(4))


def new_version(birth: Birth) -> Json:
    """Save an article once more."""
    before = str(birth.rows[0]["id"]) if birth.rows else None
    return knowledge.version(birth.identity, birth.parent, birth.at, before)


def new_event(birth: Birth) -> Json | None:
    """Let a contact do something, unless they did in this second."""
    return history.new_event(birth.record, birth.rows, birth.dice, birth.at)


def new_side_conversation(birth: Birth) -> Json:
    """Talk beside a conversation."""
    return conversations.side_conversation(birth.dice, birth.identity, birth.at)


def new_redirect(birth: Birth) -> Json:
    """Redirect one more address of a help center."""
    return content.redirect(birth.identity, birth.parent, birth.at)


def new_execution(birth: Birth) -> Json:
    """Let a connector do something."""
    world = birth.holdings.world
    return settings.execution(world, birth.dice, birth.parent, birth.identity, birth.at)


def new_object(birth: Birth) -> Json:
    """Make an object of a type."""
    return settings.new_object(birth.parent, birth.identity, birth.dice, birth.at)
