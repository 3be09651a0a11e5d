-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "contact_tags"), {
    "contact_id": "text",
    "tag_id": "text",
    "contact_updated_at": "time",
    "type": "text",
    "id": "text",
    "name": "text",
    "url": "text",
    "applied_at": "time",
    "applied_by.id": "pointer",
    "applied_by.type": "text",
    "_rescued_data": "json",
}) }}
