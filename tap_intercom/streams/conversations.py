"""What is there to fetch of conversations."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from tap_intercom.shapes import FanOut, List, Search


class Conversations(Search):
    """The conversations: who, about what, their state, ratings and statistics."""

    name = "conversations"
    noun = "conversation"
    path = "/conversations/search"
    params_since = {"2.16": {"include_monitors": "true", "include_scorecards": "true"}}
    records = "conversations"
    component = "conversation_list_item"


class ConversationParts(FanOut):
    """All parts of the conversations that changed: replies, notes, assignments, closings."""

    name = "conversation_parts"
    of = Conversations
    path = "/conversations/{id}"
    records = "conversation_parts.conversation_parts"
    component = "conversation_part"
    primary_keys = ("conversation_id", "id")
    replication_key = "conversation_updated_at"
    cap = 500

    @property
    @override
    def query(self) -> dict[str, Any]:
        plain = {"display_as": "plaintext"} if self.config["display_as"] == "plaintext" else {}
        return {**super().query, **plain}  # HTML is what comes unasked


class DeletedConversations(List):
    """The ids of the conversations that were deleted, and when."""

    name = "deleted_conversations"
    path = "/conversations/deleted"
    params = {"order": "desc", "per_page": 60}
    records = "conversations"
    component = "deleted_conversation_item"
    replication_key = "deleted_at"
    newest_first = True
    min_version = "2.16"
