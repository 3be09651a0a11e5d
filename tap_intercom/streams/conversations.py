"""What is there to fetch of conversations and calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_intercom.api.bodies import at
from tap_intercom.api.paginators import Request
from tap_intercom.shapes.children import Batches, Explode, FanOut
from tap_intercom.shapes.lists import List
from tap_intercom.shapes.search import Search

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_intercom.api.bodies import Body, Record

READ_CONVERSATIONS = "read_conversations"


class ConversationAttributes(List):
    """The definitions of conversations' attributes, custom and built-in, archived ones too."""

    permission = READ_CONVERSATIONS
    path = "/conversations/attributes"
    params = {"include_archived": "true"}

    @override
    def requests(self) -> Iterator[Request]:
        if self.run.client.address.has("2.16"):
            yield Request(self.path, self.query)
        else:
            yield Request("/data_attributes", {**self.query, "model": "conversation"})

    @override
    def dig(self, body: Body) -> list[Record]:
        # Before 2.16, those that are built in have no id.
        return [{"id": row.get("full_name"), **row} for row in super().dig(body)]


class Conversations(Search):
    """The conversations: who, about what, their state, ratings and statistics."""

    permission = READ_CONVERSATIONS
    path = "/conversations/search"
    params_since = {"2.16": {"include_monitors": "true", "include_scorecards": "true"}}
    records = "conversations"
    component = "conversation_list_item"
    defined_by = ConversationAttributes


class ConversationParts(FanOut):
    """All parts of the conversations that changed: replies, notes, assignments, closings."""

    of = Conversations
    selected_by_default = True
    path = "/conversations/{id}"
    records = "conversation_parts.conversation_parts"
    cap = 500

    @property
    @override
    def query(self) -> dict[str, Any]:
        plain = {"display_as": "plaintext"} if self.config["display_as"] == "plaintext" else {}
        return {**super().query, **plain}  # HTML is what comes unasked

    @override
    def said(self, body: Body) -> int | None:
        # What a conversation began with is counted, and is no part: seen in docs/truth.md.
        count = at("statistics.count_conversation_parts", body)
        return count - 1 if type(count) is int else None


class ConversationTags(Explode):
    """Which conversation carries which tag, since when, and who put it there."""

    of = Conversations
    records = "tags.tags"
    component = "tag"


class ConversationContacts(Explode):
    """Which contacts take part in which conversation."""

    of = Conversations
    records = "contacts.contacts"
    component = "contact_reference"


class ConversationTeammates(Explode):
    """Which teammates take part in which conversation."""

    of = Conversations
    records = "teammates.admins|teammates.teammates"
    component = "reference"


class HandlingEvents(FanOut):
    """Who handled a conversation, from when to when."""

    of = Conversations
    path = "/conversations/{id}/handling_events"
    records = "handling_events"
    primary_keys = ("conversation_id", "timestamp", "type", "teammate_id")
    min_version = "2.15"

    @override
    def dig(self, body: Body) -> list[Record]:
        rows = super().dig(body)
        return [{**row, "teammate_id": at("teammate.id", row) or ""} for row in rows]


class SideConversations(FanOut):
    """The conversations with others that teammates held beside a conversation, with their parts."""

    of = Conversations
    path = "/conversations/{id}/side_conversations"
    params = {"per_page": 50}
    records = "side_conversations"
    component = "side_conversation_summary"
    primary_keys = ("conversation_id", "side_conversation_id")
    min_version = "2.16"


class DeletedConversations(List):
    """The ids of the conversations that were deleted, and when."""

    permission = READ_CONVERSATIONS
    path = "/conversations/deleted"
    params = {"order": "desc", "per_page": 60}
    records = "conversations"
    component = "deleted_conversation_item"
    replication_key = "deleted_at"
    newest_first = True
    min_version = "2.16"


class Calls(List):
    """The phone calls: who, how long, and how they ended."""

    permission = READ_CONVERSATIONS
    params = {"per_page": 25}
    replication_key = "updated_at"
    min_version = "2.14"
    selected_by_default = False


class CallTranscripts(Batches):
    """What was said in the phone calls that were transcribed."""

    of = Calls
    path = "/calls/search"
    most = 20
    named_by = "conversation_id"
    asked_in = "conversation_ids"
    fields = ("conversation_id", "transcript", "transcript_status")
    primary_keys = ("call_id",)
