-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "contact_activities"), {
    "contact_id": "text",
    "created_at": "time",
    "event_type": "text",
    "external_id": "text",
    "failure_reason": "text",
    "id": "text",
    "merge_source_id": "text",
    "merge_target_id": "text",
    "role": "text",
    "type": "text",
    "_rescued_data": "json",
}) }}
