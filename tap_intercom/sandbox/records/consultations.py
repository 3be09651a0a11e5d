"""What was said when Fin asked a teammate before it answered?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .dice import SENTENCES
from .world import ADMIN_IDS

if TYPE_CHECKING:
    from ..tables import Stub
    from .dice import Dice
    from .world import World

Json = dict[str, Any]

CONSULTATIONS = 19


def hitl_events(world: World, index: int, _: Stub) -> list[Json]:
    """Build the consultations of a conversation, oldest first, each with its events."""
    dice = world.dice(CONSULTATIONS, index)
    count = 1 + dice.below(2) if dice.chance(0.4) or index == 0 else 0
    return [event for _ in range(count) for event in _consultation(dice)]


def _consultation(dice: Dice) -> list[Json]:
    """Build one: what Fin asked, what the teammate wrote in how many rounds, and how it ended."""
    rounds, admin = dice.below(3), str(ADMIN_IDS[dice.below(len(ADMIN_IDS))])
    draft = f"<p>{SENTENCES[dice.below(len(SENTENCES))]}</p>"
    events: list[tuple[str, Json]] = [
        (
            "fin_consultation_started",
            {
                "channel": "messenger",
                "rule_threshold_percent": 80,
                "confidence_percent": dice.below(80),
                "sharp_ask": "May this be refunded?",
                "ask_rationale": None,
                "issue_summary": "Rückerstattung 💶",
                "customer_question": SENTENCES[0],
            },
        ),
        ("fin_draft_proposed", {"draft": draft}),
    ]
    for number in range(rounds):
        outcome = {"round_index": number, "regeneration_outcome": "revised"}
        said = {"teammate_input": "Kürzer, bitte.", "reviewer_admin_id": admin}
        events.append(("fin_teammate_input_received", {**outcome, **said}))
        events.append(("fin_draft_revised", {**outcome, "revised_draft": draft}))
    events.append(
        (
            "fin_consultation_finished",
            {
                "outcome": dice.pick(("approved", "taken_over")),
                "approved_draft_type": "revised" if rounds else "original",
                "final_draft": draft,
                "sent_text": draft,
                "reviewer_admin_id": admin,
                "duration_seconds": dice.below(600),
                "rounds_count": rounds,
                "payload_truncated": False,
            },
        )
    )
    return [{"event_type": kind, "data": data} for kind, data in events]
