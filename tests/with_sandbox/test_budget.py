"""Every stream makes as many calls as it has to, and not one more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from runs import CUSTOM_OBJECT_TYPES, NAMES, Run, sync

if TYPE_CHECKING:
    from tap_intercom.sandbox import Sandbox

# The moment at which the workspace begins: both runs read up to it, however much later they are.
END = "2026-06-01T12:00:00Z"

# Calls of a first run, and of one with nothing new after it, beside the one to `/me`, in a
# workspace with 300 contacts, 253 companies, 150 conversations, 60 tickets and 60 articles. Of
# `contact_companies`, `newsfeed_items` and `side_conversations` one parent has two pages, which are
# read twice, as their rows do not say since when they are there.
BUDGET = {
    "activity_log_event_types": (1, 1),
    "activity_logs": (25, 0),
    "admins": (1, 1),
    "article_drafts": (22, 22),
    "article_statistics": (61, 61),
    "article_versions": (63, 63),
    "articles": (1, 1),
    "audiences": (2, 2),
    "away_status_reasons": (1, 1),
    "brands": (1, 1),
    "call_transcripts": (5, 5),
    "calls": (2, 2),
    "collections": (1, 1),
    "companies": (4, 4),
    "company_attributes": (1, 1),
    "company_contacts": (259, 259),
    "company_notes": (25, 25),
    "company_segments": (257, 257),
    "company_tags": (4, 4),
    "contact_activities": (4, 4),
    "contact_attributes": (1, 1),
    "contact_companies": (21, 2),
    "contact_event_summaries": (302, 302),
    "contact_events": (309, 302),
    "contact_granted_companies": (302, 2),
    "contact_merge_history": (2, 1),
    "contact_notes": (171, 1),
    "contact_segments": (302, 2),
    "contact_subscriptions": (234, 1),
    "contact_tags": (13, 1),
    "contacts": (2, 1),
    # One export: begun, looked at three times, downloaded.
    **{stream: (5, 5) for stream in NAMES if stream.startswith("content_export_")},
    # Likewise, once it is known which columns there are.
    **{stream: (6, 6) for stream in NAMES if stream.startswith("report_")},
    "content_import_sources": (1, 1),
    "content_snippets": (2, 2),
    "conversation_attributes": (2, 2),
    "conversation_contacts": (1, 1),
    # The longest takes three more: for half of its types, for the others, and for what is left.
    "conversation_parts": (154, 2),
    "conversation_tags": (1, 1),
    "conversation_teammates": (1, 1),
    "conversations": (1, 1),
    "custom_object_instances": (2, 2),
    "data_connector_executions": (30, 28),
    "data_connectors": (1, 1),
    "deleted_contacts": (1, 1),
    "deleted_conversations": (1, 1),
    "dynamic_contents": (3, 1),
    "emails": (1, 1),
    "external_pages": (3, 3),
    "folders": (1, 1),
    "handling_events": (151, 2),
    "help_center_redirects": (3, 3),
    "help_centers": (1, 1),
    "hitl_events": (151, 2),
    "internal_articles": (2, 2),
    "ip_allowlist": (1, 1),
    "macros": (2, 1),
    "news_items": (5, 5),
    "newsfeed_items": (17, 17),
    "newsfeeds": (2, 2),
    "office_hours_exceptions": (4, 4),
    "office_hours_schedules": (1, 1),
    "segments": (2, 2),
    "side_conversations": (154, 2),
    "subscription_types": (1, 1),
    "tags": (1, 1),
    "team_metrics": (5, 5),
    "teams": (1, 1),
    "ticket_parts": (1, 1),
    "ticket_states": (1, 1),
    "ticket_type_attributes": (1, 1),
    "ticket_types": (1, 1),
    "tickets": (1, 1),
    "workspace": (1, 1),
}


def counted(sandbox: Sandbox, *streams: str, state: Any = None) -> tuple[int, Run]:
    sandbox.reset()
    run = sync(
        sandbox,
        *streams,
        state=state,
        custom_object_types=CUSTOM_OBJECT_TYPES,
        lookback_seconds=0,  # what changed in the last minutes is fewer by the minute
        end_date=END,
    )
    assert run.error is None
    return sandbox.stats()["requests"] - 1, run


def test_every_stream_has_a_budget() -> None:
    assert sorted(BUDGET) == NAMES


@pytest.mark.parametrize("stream", NAMES)
def test_a_stream_keeps_to_its_budget(quiet: Sandbox, stream: str) -> None:
    first, run = counted(quiet, stream)
    again, _ = counted(quiet, stream, state=run.state)
    assert (first, again) == BUDGET[stream]


def test_streams_that_need_the_same_share_it(quiet: Sandbox) -> None:
    """Each of these would search for conversations, or scroll through the companies, by itself."""
    together, _ = counted(quiet, "conversations", "conversation_tags", "conversation_contacts")
    assert together == 1
    exported = [stream for stream in NAMES if stream.startswith("content_export_")]
    together, _ = counted(quiet, *exported)
    assert together == 2 * 5  # one for those that go on from a bookmark, one for what is whole
    together, _ = counted(quiet, "companies", "company_tags")
    assert together == BUDGET["companies"][0]
