-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "contact_segments"), {
    "contact_id": "text",
    "segment_id": "text",
    "contact_updated_at": "time",
    "count": "integer",
    "created_at": "time",
    "id": "text",
    "name": "text",
    "person_type": "text",
    "type": "text",
    "updated_at": "time",
    "_rescued_data": "json",
}) }}
