"""Where does Intercom answer otherwise than its description says?

In what is listed here, each with its evidence. `schemas.json` holds what the description says, and
nobody edits it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    Fact = Any

# What a receipt of a message has the first time of.
FIRST_EVENTS = (
    "reply", "completion", "series_completion", "series_disengagement", "series_exit",
    "series_goal_success", "series_reply", "goal_success", "tour_step_view", "tour_step_failure",
    "reaction", "open", "click", "dismissal", "dismisall", "collected_email", "unsubscribe",
    "hard_bounce", "soft_bounce", "spam_complaint", "permission_grant", "button_tap", "screen_view",
    "webhook_failure", "sms_failure", "whatsapp_failure", "push_failure", "answer", "keyword_reply",
)  # fmt: skip

# Facts of the description that the API is known not to keep to, or that it leaves out. A field that
# is named here replaces the described one or is added; a component may be replaced whole.
CORRECTIONS: Mapping[str, Fact] = {
    # The workspace of `/me`, its code as its id, with the teammate that is around it in the answer;
    # `secure` is returned, and not described.
    "app": {"id": "string", "secure": "boolean", "admin": "@admin_with_app"},
    # A string in the component; an object with the URL, says the parameter that asks for it.
    "admin": {"avatar": {"type": "string", "image_url": "string"}},
    # Returned since 2.11, and not described.
    "contact": {
        "referrer": "string",
        "utm_campaign": "string",
        "utm_content": "string",
        "utm_medium": "string",
        "utm_source": "string",
        "utm_term": "string",
        "sms_consent": "boolean",
        "unsubscribed_from_sms": "boolean",
        "enabled_push_messaging": "boolean",
        "opted_in_subscription_types": "@contact_tags",
        "opted_out_subscription_types": "@contact_tags",
    },
    "contact_location": {"country_code": "string", "continent_code": "string"},
    # Described as a whole number; money is not.
    "company": {"monthly_spend": "number"},
    # Returned since 2.11, and not described; `topics` is `{}` where there are none.
    "conversation_list_item": {"topics": "object", "ticket": "object"},
    "conversation_statistics": {"median_time_to_reply": "number"},
    # Any field of any type: the description's examples are not a list of them.
    "activity_log_metadata": "object",
    "custom_attributes": "object",
    "event_details": "object",
    "ticket_custom_attributes": "object",
    # Described as text, a list of numbers, or a list of texts.
    "ticket_part": {"updated_attribute_data": "object"},
    # Returned since 2.11, and not described.
    "ticket": {
        "ticket_state_internal_label": "string",
        "ticket_state_external_label": "string",
    },
    "ticket_type": {"is_internal": "boolean"},
    # Returned as `data`, described as `ticket_type_attributes`.
    "ticket_type_attribute_list": {"data": ["@ticket_type_attribute"]},
    # Bare strings in a list.
    "activity_log_event_type": {"event_type": "string"},
    # Conditions within conditions, of any depth.
    "audience": {"predicates": ["object"], "role_predicates": ["object"]},
    # A call as a search finds it, reduced to what the list of calls does not have.
    "call_transcript": {
        "call_id": "string",
        "conversation_id": "string",
        "transcript": ["object"],
        "transcript_status": "string",
    },
    # A company of a contact: what it is is told by the companies.
    "contact_company": {"type": "string", "id": "string"},
    # A tag of a contact, as it lies in the contact or in the list of its tags.
    "contact_tag": {
        "type": "string",
        "id": "string",
        "name": "string",
        "url": "string",
        "applied_at": "integer date-time",
        "applied_by": "@reference",
    },
    # The files of an export, of which only the receipts are described, and these in part. Their
    # columns have been seen: https://github.com/dext/tap-intercom
    "data_export_csv": {
        "company_external_id": "string",
        "created_via": "string",
        "device": "string",
        "conversation_id": "string",
        **{f"first_{event}": "integer date-time" for event in FIRST_EVENTS},
    },
    "content_export_open": {"receipt_id": "string", "opened_at": "integer date-time"},
    "content_export_click": {
        "receipt_id": "string",
        "clicked_at": "integer date-time",
        "link_type": "string",
        "url": "string",
        "url_sha256": "string",  # made of it, for the key
    },
    "content_export_reply": {"receipt_id": "string", "replied_at": "integer date-time"},
    "content_export_completion": {"receipt_id": "string", "completed_at": "integer date-time"},
    "content_export_dismissal": {"receipt_id": "string", "dismissed_at": "integer date-time"},
    "content_export_answer": {
        "receipt_id": "string",
        "answered_at": "integer date-time",
        "question_id": "string",
        "question": "string",
        "response_type": "string",
        "response": "string",
    },
    "content_export_checkpoint": {
        "user_id": "string",
        "company_id": "string",
        "series_entry_record_id": "string",
        "ruleset_id": "string",
        "status_code": "string",
        "status_name": "string",
        "created_at": "integer date-time",
        "last_processed_at": "integer date-time",
        "expires_at": "integer date-time",
        "times_processed": "integer",
    },
    "content_export_series_completion": {
        "receipt_id": "string",
        "completed_at": "integer date-time",
        "completion_node_ruleset_id": "string",
    },
    "content_export_series_disengagement": {
        "receipt_id": "string",
        "disengaged_at": "integer date-time",
        "ruleset_id": "string",
    },
    "content_export_tour_step_view": {
        "receipt_id": "string",
        "step_id": "string",
        "viewed_at": "integer date-time",
    },
    # What all reports have; the rest differs from one workspace to the next.
    "report_row": {"id": "string", "time": "string date-time", "attributes": "object"},
    # Text in the description; times in answers.
    "data_event_summary_item": {"first": "string date-time", "last": "string date-time"},
    # Not in the descriptions at hand, as it came with 2.17.
    "dynamic_content": {
        "type": "string",
        "id": "string",
        "name": "string",
        "created_at": "integer date-time",
        "updated_at": "integer date-time",
        "variations": ["object"],
    },
    # Lifted out of `teammate`, as it is part of the key.
    "handling_event": {"teammate_id": "string"},
    "ip_allowlist": {"workspace_id": "string"},
    # Keyed by locale, and a workspace may add one on any day.
    "article_translated_content": "object",
    "group_translated_content": "object",
    # Gone in 2.16, where `parent_ids` took their place.
    "article_list_item": {"parent_id": "string", "parent_type": "string"},
}
