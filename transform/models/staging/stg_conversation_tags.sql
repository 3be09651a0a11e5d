-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "conversation_tags"), {
    "conversation_id": "text",
    "tag_id": "text",
    "conversation_updated_at": "time",
    "applied_at": "time",
    "applied_by.id": "pointer",
    "applied_by.type": "text",
    "id": "text",
    "name": "text",
    "type": "text",
    "_rescued_data": "json",
}) }}
