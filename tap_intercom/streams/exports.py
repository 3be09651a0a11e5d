"""What is there to fetch of outbound messages and reports, which Intercom exports?

Rows come out of files that Intercom puts together on demand, so these streams are read when they
are selected. Of messages, Intercom selects those that were *sent* in a span of time.
"""

from __future__ import annotations

from tap_intercom.shapes.contents import ContentExport
from tap_intercom.shapes.reports import ReportExport


class ContentExportReceipt(ContentExport):
    """Who was sent which message, and when they first opened, clicked or answered it."""

    component = "data_export_csv"
    primary_keys = ("receipt_id",)
    replication_key = "received_at"


class ContentExportOpen(ContentExport):
    """Each time that a message was opened."""

    primary_keys = ("receipt_id", "opened_at")
    replication_key = "opened_at"


class ContentExportClick(ContentExport):
    """Each click on a link of a message."""

    primary_keys = ("receipt_id", "clicked_at", "url_sha256")
    replication_key = "clicked_at"


class ContentExportReply(ContentExport):
    """Each reply to a message."""

    primary_keys = ("receipt_id", "replied_at")
    replication_key = "replied_at"


class ContentExportCompletion(ContentExport):
    """Each time that a tour, a survey or the like was completed."""

    primary_keys = ("receipt_id", "completed_at")
    replication_key = "completed_at"


class ContentExportDismissal(ContentExport):
    """Each time that a message was dismissed."""

    primary_keys = ("receipt_id", "dismissed_at")
    replication_key = "dismissed_at"


class ContentExportAnswer(ContentExport):
    """Each answer to a question of a survey."""

    primary_keys = ("receipt_id", "answered_at", "question_id")
    replication_key = "answered_at"


class ContentExportAnswerCombined(ContentExport):
    """What somebody answered in a survey: a row for each receipt, with all questions."""

    primary_keys = ("receipt_id",)
    replication_key = "received_at"
    gathered = "answers"


class ContentExportOverview(ContentExport):
    """What came of each message in all, of what was sent since `start_date`: totals and rates."""

    primary_keys = ("ruleset_id", "content_id")


class ContentExportCheckpoint(ContentExport):
    """Where in a series people stand, and until when they wait there."""

    primary_keys = ("user_id", "series_entry_record_id", "ruleset_id", "created_at")
    replication_key = "created_at"


class ContentExportSeriesCompletion(ContentExport):
    """Each time that somebody came to the end of a series."""

    primary_keys = ("receipt_id", "completed_at")
    replication_key = "completed_at"


class ContentExportSeriesDisengagement(ContentExport):
    """Each time that somebody left a series for want of interest."""

    primary_keys = ("receipt_id", "disengaged_at")
    replication_key = "disengaged_at"


class ContentExportTourStepView(ContentExport):
    """Each step of a tour that somebody saw."""

    primary_keys = ("receipt_id", "step_id", "viewed_at")
    replication_key = "viewed_at"


class ReportConversation(ReportExport):
    """The report on conversations, a row for each."""

    named_by = "conversation_id"


class ReportConsolidatedConversationPart(ReportExport):
    """The report on what was done in conversations, a row for each action."""


class ReportConversationRatingSent(ReportExport):
    """The report on requests to rate a conversation."""


class ReportConversationSlaStatusLog(ReportExport):
    """The report on how conversations kept to their SLAs, a row for each change."""


class ReportConversationState(ReportExport):
    """The report on the states that conversations were in."""


class ReportTeammateHandlingConversation(ReportExport):
    """The report on who handled which conversation, and when."""


class ReportTickets(ReportExport):
    """The report on tickets, a row for each."""

    named_by = "ticket_id"


class ReportTicketTimeInState(ReportExport):
    """The report on how long tickets were in their states."""


class ReportAdminStatusChange(ReportExport):
    """The report on when teammates were active or away."""


class ReportCopilotPromptResponsePair(ReportExport):
    """The report on what teammates asked Copilot, and its answers."""


class ReportCall(ReportExport):
    """The report on calls, a row for each."""

    named_by = "call_id"


class ReportCallTeamStats(ReportExport):
    """The report on calls by team."""


class ReportCallTeammateStats(ReportExport):
    """The report on calls by teammate."""
