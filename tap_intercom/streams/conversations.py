"""What is there to fetch of conversations and calls."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_intercom.paginators import Request
from tap_intercom.shapes import Explode, FanOut, List, Page, Search, at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_intercom.paginators import Body

READ_CONVERSATIONS = "read_conversations"


class ConversationAttributes(List):
    """The definitions of conversations' attributes, custom and built-in, archived ones too."""

    name = "conversation_attributes"
    permission = READ_CONVERSATIONS
    path = "/conversations/attributes"
    params = {"include_archived": "true"}
    component = "conversation_attribute"

    @override
    def requests(self) -> Iterator[Request]:
        if self.connection.has("2.16"):
            yield Request(self.path, self.query)
        else:
            yield Request("/data_attributes", {**self.query, "model": "conversation"})

    @override
    def dig(self, body: Body) -> list[dict[str, Any]]:
        # Before 2.16, those that are built in have no id.
        return [{"id": row.get("full_name"), **row} for row in super().dig(body)]


class Conversations(Search):
    """The conversations: who, about what, their state, ratings and statistics."""

    name = "conversations"
    noun = "conversation"
    permission = READ_CONVERSATIONS
    path = "/conversations/search"
    params_since = {"2.16": {"include_monitors": "true", "include_scorecards": "true"}}
    records = "conversations"
    component = "conversation_list_item"
    defined_by = ConversationAttributes


class ConversationParts(FanOut):
    """All parts of the conversations that changed: replies, notes, assignments, closings."""

    name = "conversation_parts"
    of = Conversations
    permission = READ_CONVERSATIONS
    path = "/conversations/{id}"
    records = "conversation_parts.conversation_parts"
    component = "conversation_part"
    primary_keys = ("conversation_id", "id")
    replication_key = "conversation_updated_at"
    cap = 500
    total = "statistics.count_conversation_parts"

    @property
    @override
    def query(self) -> dict[str, Any]:
        plain = {"display_as": "plaintext"} if self.config["display_as"] == "plaintext" else {}
        return {**super().query, **plain}  # HTML is what comes unasked


class ConversationTags(Explode):
    """Which conversation carries which tag, since when, and who put it there."""

    name = "conversation_tags"
    of = Conversations
    permission = READ_CONVERSATIONS
    path = Conversations.path
    records = "tags.tags"
    component = "tag"
    primary_keys = ("conversation_id", "id")
    replication_key = "conversation_updated_at"
    selected_by_default = False


class ConversationContacts(Explode):
    """Which contacts take part in which conversation."""

    name = "conversation_contacts"
    of = Conversations
    permission = READ_CONVERSATIONS
    path = Conversations.path
    records = "contacts.contacts"
    component = "contact_reference"
    primary_keys = ("conversation_id", "id")
    replication_key = "conversation_updated_at"
    selected_by_default = False


class ConversationTeammates(Explode):
    """Which teammates take part in which conversation."""

    name = "conversation_teammates"
    of = Conversations
    permission = READ_CONVERSATIONS
    path = Conversations.path
    records = "teammates.admins|teammates.teammates"
    component = "reference"
    primary_keys = ("conversation_id", "id")
    replication_key = "conversation_updated_at"
    selected_by_default = False


class HandlingEvents(FanOut):
    """Who handled a conversation, from when to when."""

    name = "handling_events"
    of = Conversations
    permission = READ_CONVERSATIONS
    path = "/conversations/{id}/handling_events"
    records = "handling_events"
    component = "handling_event"
    primary_keys = ("conversation_id", "timestamp", "type", "teammate_id")
    replication_key = "conversation_updated_at"
    min_version = "2.15"
    selected_by_default = False

    @override
    def dig(self, body: Body) -> list[dict[str, Any]]:
        rows = super().dig(body)
        return [{**row, "teammate_id": at("teammate.id", row) or ""} for row in rows]


class SideConversations(FanOut):
    """The conversations with others that teammates held beside a conversation, with their parts."""

    name = "side_conversations"
    of = Conversations
    permission = READ_CONVERSATIONS
    path = "/conversations/{id}/side_conversations"
    params = {"per_page": 50}
    records = "side_conversations"
    component = "side_conversation_summary"
    primary_keys = ("conversation_id", "side_conversation_id")
    replication_key = "conversation_updated_at"
    min_version = "2.16"
    selected_by_default = False


class DeletedConversations(List):
    """The ids of the conversations that were deleted, and when."""

    name = "deleted_conversations"
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

    name = "calls"
    noun = "call"
    permission = READ_CONVERSATIONS
    path = "/calls"
    params = {"per_page": 25}
    component = "call"
    replication_key = "updated_at"
    min_version = "2.14"
    selected_by_default = False


class CallTranscripts(FanOut):
    """What was said in the phone calls that were transcribed."""

    name = "call_transcripts"
    of = Calls
    permission = READ_CONVERSATIONS
    path = "/calls/search"
    fields = ("conversation_id", "transcript", "transcript_status")
    component = "call_transcript"
    primary_keys = ("call_id",)
    min_version = "2.14"
    selected_by_default = False

    @override
    def batches(self, since: datetime | None) -> Iterator[Page]:
        """Put calls of twenty conversations together, which is what one request may ask for."""
        calls = (call for page in self.parents(since) for call in page.records)
        with_conversation = (call for call in calls if call.get("conversation_id"))
        while batch := list(islice(with_conversation, 20)):
            yield Page(batch)

    @override
    def expand(self, page: Page) -> Page:
        calls = {str(call.get("id")): call for call in page.records}
        ids = sorted({str(call["conversation_id"]) for call in page.records})
        found = self.dig(self.fetch(Request(self.path, {}, {"conversation_ids": ids})))
        return Page(
            [
                {**{name: one.get(name) for name in self.fields}, **self.links(calls[call_id])}
                for one in found
                if (call_id := str(one.get("id"))) in calls
            ]
        )
