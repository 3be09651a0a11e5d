-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "conversation_contacts"), {
    "conversation_id": "text",
    "contact_id": "text",
    "conversation_updated_at": "time",
    "external_id": "text",
    "id": "text",
    "type": "text",
    "_rescued_data": "json",
}) }}
