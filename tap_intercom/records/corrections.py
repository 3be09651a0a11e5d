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
    "people_reached_receipt", "checklist_step_receipt", "checklist_step_open",
    "checklist_step_click", "checklist_step_completion", "fin_helpful_answer",
)  # fmt: skip

# What an overview of a message counts: how often, and by how many people, and of most in which
# share of those who were sent it.
COUNTED_EVENTS = (
    "reply", "completion", "goal_success", "tour_step_failure", "reaction", "open", "click",
    "dismissal", "collected_email", "unsubscribe", "hard_bounce", "spam_complaint",
    "permission_grant", "button_tap", "screen_view", "webhook_failure", "sms_failure",
    "whatsapp_failure", "push_failure", "answer", "people_reached_receipt",
    "checklist_step_receipt", "checklist_step_open", "checklist_step_click",
    "checklist_step_completion", "fin_helpful_answer", "email_failure",
)  # fmt: skip
COUNTED = ("receipt", "tour_step_view", "keyword_reply", *COUNTED_EVENTS)

# Facts of the description that the API is known not to keep to, or that it leaves out. A field that
# is named here replaces the described one or is added; a component may be replaced whole.
CORRECTIONS: Mapping[str, Fact] = {
    # The workspace of `/me`, its code as its id, with the teammate that is around it in the answer;
    # `secure` is returned, and not described.
    "app": {"id": "string", "secure": "boolean", "admin": "@admin_with_app"},
    # A string in the component; an object with the URL, says the parameter that asks for it; text,
    # it is in `TEXTS`.
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
    # Described as a whole number; money is not. Of the notes, `notes` is described, and the rest
    # returned, as it is in a contact.
    "company": {
        "monthly_spend": "number",
        "notes": {
            "type": "string",
            "notes": ["@company_note"],
            "data": ["@addressable_list"],
            "url": "string",
            "total_count": "integer",
            "has_more": "boolean",
        },
    },
    # Returned since 2.11, and not described; `topics` is `{}` where there are none.
    "conversation_list_item": {"topics": "object", "ticket": "object"},
    "conversation_statistics": {"median_time_to_reply": "number"},
    # Described as `teammates`, returned as `admins` in every version.
    "conversation_teammates": {"admins": ["@reference"]},
    # Came with 2.17, as numbers; as all ids they are delivered as text.
    # https://github.com/intercom/Intercom-OpenAPI/pull/635
    "conversation_part": {"admin_assignee_id": "integer", "team_assignee_id": "integer"},
    # What those that are built in have, and custom ones had before 2.16; `visible_when_unassigned`
    # is returned since, and not described.
    "conversation_attribute": {
        "full_name": "string",
        "label": "string",
        "model": "string",
        "custom": "boolean",
        "api_writable": "boolean",
        "ui_writable": "boolean",
        "messenger_writable": "boolean",
        "visible_when_unassigned": "boolean",
    },
    # Any field of any type: the description's examples are not a list of them.
    "activity_log_metadata": "object",
    "custom_attributes": "object",
    "event_details": "object",
    "ticket_custom_attributes": "object",
    # Described as text, a list of numbers, or a list of texts.
    "ticket_part": {"updated_attribute_data": "object"},
    # Returned, and not described: labels before 2.12, the others in newer versions.
    "ticket": {
        "ticket_state_internal_label": "string",
        "ticket_state_external_label": "string",
        "channel": "string",
        "company_id": "string",
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
    # Beside these, a column for each question of the survey, which are gathered in `answers`.
    "content_export_answer_combined": {
        "receipt_id": "string",
        "user_id": "string",
        "user_external_id": "string",
        "name": "string",
        "email": "string",
        "company_id": "string",
        "company_external_id": "string",
        "created_via": "string",
        "received_at": "integer date-time",
        "completed_at": "integer date-time",
        "answers": "object",
    },
    "content_export_overview": {
        "ruleset_id": "string",
        "created_at": "integer date-time",
        "audience_type": "string",
        "content_title": "string",
        "content_id": "string",
        "content_type": "string",
        "series_id": "string",
        "series_title": "string",
        "state": "string",
        "last_sent_at": "integer date-time",
        "last_state_change_by": "string",
        "last_state_change_at": "integer date-time",
        "last_edited_by": "string",
        "last_edited_at": "integer date-time",
        "url": "string",
        **{f"{one}_{count}": "integer" for one in COUNTED for count in ("total", "unique")},
        **{f"{event}_rate": "number" for event in COUNTED_EVENTS},
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
        "disengaged_node_ruleset_id": "string",
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
        "key": "string",
        "content_type": "string",
        "default_locale": "string",
        "variations": ["object"],
    },
    # Newer than the descriptions at hand, and taken from the documentation's pages.
    # https://developers.intercom.com/docs/references/2.17/rest-api/api.intercom.io/contacts/listdeletedcontacts
    "deleted_contact": {
        "type": "string",
        "id": "string",
        "external_id": "string",
        "email": "string",
        "status": "string",
        "merged_into_id": "string",
    },
    # https://developers.intercom.com/docs/references/preview/rest-api/api.intercom.io/contacts/listgrantedcompaniesforacontact
    "granted_company": {"company_id": "string"},
    # What `data` has differs from one type of event to the other.
    # https://developers.intercom.com/docs/references/preview/rest-api/api.intercom.io/conversations/listhitlevents
    "hitl_event": {"position": "string", "event_type": "string", "data": "object"},
    # Lifted out of `teammate`, as it is part of the key.
    "handling_event": {"teammate_id": "string"},
    "ip_allowlist": {"workspace_id": "string"},
    # Keyed by locale, and a workspace may add one on any day.
    "article_translated_content": "object",
    "group_translated_content": "object",
    # Parents are gone in 2.16, where `parent_ids` took their place; `content_id` is returned since
    # 2.11, and not described.
    "article_list_item": {"parent_id": "string", "parent_type": "string", "content_id": "string"},
    "article": {"content_id": "string"},
    # Described as `conversions`; in the description's examples, and in answers, it is this.
    "article_statistics": {"conversations": "integer"},
}

# Fields that are described as objects and may come as text, each with that field of the object
# which the text is: the address of a picture (a contact's always; an admin's in the component), and
# before 2.12 the state of a ticket, whose labels are beside it then.
TEXTS: Mapping[str, str] = {"avatar": "image_url", "ticket_state": "category"}
