"""What is there to fetch of conversations and calls."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_intercom.api.bodies import at, number
from tap_intercom.api.paginators import Request
from tap_intercom.shapes.children import Explode
from tap_intercom.shapes.completed import Completed
from tap_intercom.shapes.fan_out import Batches, FanOut
from tap_intercom.shapes.kinds import ByKind
from tap_intercom.shapes.lists import List
from tap_intercom.shapes.search import Search

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_intercom.api.bodies import Body, Record
    from tap_intercom.shapes.reach import Reach

READ_CONVERSATIONS = "read_conversations"


class ConversationAttributes(Completed):
    """The definitions of conversations' attributes, custom and built-in, archived ones too."""

    permission = READ_CONVERSATIONS
    path = "/conversations/attributes"
    params = {"include_archived": "true"}
    # Seen: https://github.com/estuary/connectors/tree/main/source-intercom-native/bruno
    rest = "those that are built in"
    apart_since = "2.16"

    @property
    @override
    def completing(self) -> Request:
        # What older versions ask gives all, and is refused to newer ones.
        params = {**self.query, "model": "conversation"}
        return Request("/data_attributes", params, version="2.15")

    @override
    def requests(self) -> Iterator[Request]:
        if self.is_apart:
            yield Request(self.path, self.query)
        else:
            yield replace(self.completing, version=None)

    @override
    def dig(self, body: Body) -> list[Record]:
        # Those that are built in have no id.
        return [{"id": row.get("full_name"), **row} for row in super().dig(body)]


class Conversations(Search):
    """The conversations: who, about what, their state, ratings and statistics."""

    permission = READ_CONVERSATIONS
    path = "/conversations/search"
    params_since = {"2.16": {"include_monitors": "true", "include_scorecards": "true"}}
    records = "conversations"
    component = "conversation_list_item"
    defined_by = ConversationAttributes


class ConversationParts(ByKind):
    """All parts of the conversations that changed: replies, notes, assignments, closings."""

    of = Conversations
    selected_by_default = True
    path = "/conversations/{id}"
    records = "conversation_parts.conversation_parts"
    cap = 500
    # https://developers.intercom.com/docs/references/preview/rest-api/api.intercom.io/Conversations/retrieveConversation
    kind = "part_type"
    only = "include_part_types"
    all_but = "exclude_part_types"
    most_kinds = 50
    kinds_since = "Preview"

    @property
    @override
    def query(self) -> dict[str, Any]:
        plain = {"display_as": "plaintext"} if self.config["display_as"] == "plaintext" else {}
        return {**super().query, **plain}  # HTML is what comes unasked

    @override
    def in_all(self, body: Body) -> int | None:
        # Beside the parts, Intercom counts the message that the conversation began with.
        parts = number(at("statistics.count_conversation_parts", body))
        return None if parts is None else parts - 1


class ConversationTags(Explode):
    """Which conversation carries which tag, since when, and who put it there."""

    of = Conversations
    id_of = "tag"
    records = "tags.tags"
    component = "tag"


class ConversationContacts(Explode):
    """Which contacts take part in which conversation."""

    of = Conversations
    id_of = "contact"
    records = "contacts.contacts"
    component = "contact_reference"


class ConversationTeammates(Explode):
    """Which teammates take part in which conversation."""

    of = Conversations
    id_of = "admin"
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


class HitlEvents(FanOut):
    """What was said when Fin asked a teammate before it answered, from its question to the end."""

    of = Conversations
    path = "/conversations/{id}/hitl_events"
    # The documentation at hand names what an event has, and not the list that events are in.
    records = "hitl_events|data"
    primary_keys = ("conversation_id", "position")
    min_version = "Preview"

    @override
    def asked(self, parent: Record, reach: Reach) -> list[Record]:
        # Nothing in an event is known to tell it from others, and they come oldest first.
        rows = super().asked(parent, reach)
        return [{"position": place, **row} for place, row in enumerate(rows, 1)]


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
    made_at = "deleted_at"
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
