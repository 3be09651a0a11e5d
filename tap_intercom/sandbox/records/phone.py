"""What do calls look like, and what was said in them?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .dice import SENTENCES, Dice
from .history import iso
from .world import ADMIN_IDS

if TYPE_CHECKING:
    from ..tables import Stub
    from .world import World

Json = dict[str, Any]

IN_TEXT = 3


def call(world: World, index: int, stub: Stub) -> Json:
    """Build a call; the times of one in three are text, which Intercom allows itself."""
    dice = world.dice(30, index)
    answered = dice.chance(0.7)
    conversation = world.conversation_id(dice.below(world.conversations))
    texts = index % IN_TEXT == 0
    address = f"https://api.intercom.io/calls/{stub.id}"

    def time(at: int | None) -> str | int | None:
        return iso(at) if texts and at is not None else at

    return {
        "type": "call",
        "id": stub.id,
        "conversation_id": conversation if dice.chance(0.9) else None,
        "admin_id": str(dice.pick(ADMIN_IDS)) if answered else None,
        "contact_id": world.contact_id(dice.below(world.size)) if dice.chance(0.9) else None,
        "state": "completed" if answered else "missed",
        "initiated_at": time(stub.created_at),
        "answered_at": time(stub.created_at + 9 if answered else None),
        "ended_at": time(stub.created_at + 300),
        "created_at": time(stub.created_at),
        "updated_at": time(stub.updated_at),
        "recording_url": f"{address}/recording" if answered else None,
        "transcription_url": f"{address}/transcript" if answered else None,
        "call_type": dice.pick(("phone", "video")),
        "direction": dice.pick(("inbound", "outbound")),
        "ended_reason": "completed" if answered else dice.pick(("no_answer", None)),
        "phone": f"+1555{index:07d}" if dice.chance(0.8) else None,
        "fin_recording_url": None,
        "fin_transcription_url": None,
    }


def changed_call(record: Json, _: Dice, at: int) -> Json:
    """Let a call have been worked on."""
    texts = isinstance(record.get("updated_at"), str)
    return {**record, "updated_at": iso(at) if texts else at, "ended_reason": "completed"}


def transcript(record: Json) -> Json:
    """Build what was said in a call; nothing was in one that nobody answered."""
    said = [
        {"speaker": speaker, "text": text, "start": 1.5 * number}
        for number, (speaker, text) in enumerate(zip(("contact", "admin"), SENTENCES, strict=False))
    ]
    answered = record.get("transcription_url") is not None
    return {
        "transcript": said if answered else [],
        "transcript_status": "completed" if answered else None,
    }
