"""How a row of a report leaves the tap, or one that it numbers, given the row as Intercom has it.

Written without the tap's own code, from what docs/behavior.md says.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

Row = dict[str, Any]

# The reports that are about something with an id, and what the time of a row is called.
OWN_IDS = {"conversation": "conversation_id", "tickets": "ticket_id", "call": "call_id"}
TIMES = {
    "conversation": "conversation_started_at",
    "consolidated_conversation_part": "action_time",
    "conversation_rating_sent": "rating_requested_at",
    "conversation_sla_status_log": "sla_status_changed_at",
    "conversation_state": "state_started_at",
    "teammate_handling_conversation": "handling_started_at",
    "tickets": "ticket_created_at",
    "ticket_time_in_state": "state_entered_at",
    "admin_status_change": "status_changed_at",
    "copilot_prompt_response_pair": "prompted_at",
    "call": "call_started_at",
    "call_team_stats": "call_started_at",
    "call_teammate_stats": "call_started_at",
}


def reported(stream: str, values: Row) -> Row:
    """Name a row by the id of what it is about, or else by what is in it."""
    dataset = stream.removeprefix("report_")
    there = {name: value for name, value in values.items() if value is not None}
    written = json.dumps(there, sort_keys=True).encode()
    identity = "row-" + hashlib.sha256(written).hexdigest()[:32]
    if dataset in OWN_IDS:
        identity = values[f"{dataset}.{OWN_IDS[dataset]}"]
    return {"id": identity, "time": values[f"{dataset}.{TIMES[dataset]}"], "attributes": values}


def numbered(events: list[Row]) -> list[Row]:
    """Number what hangs on each conversation, oldest first."""
    before = Counter[str]()
    found = []
    for event in events:
        before[event["conversation_id"]] += 1
        found.append({**event, "position": before[event["conversation_id"]]})
    return found
