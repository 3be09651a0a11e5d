-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "conversation_teammates"), {
    "conversation_id": "text",
    "admin_id": "pointer",
    "conversation_updated_at": "time",
    "id": "text",
    "type": "text",
    "_rescued_data": "json",
}) }}
