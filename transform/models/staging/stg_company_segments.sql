-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "company_segments"), {
    "company_id": "text",
    "segment_id": "text",
    "company_updated_at": "time",
    "count": "integer",
    "created_at": "time",
    "id": "text",
    "name": "text",
    "person_type": "text",
    "type": "text",
    "updated_at": "time",
    "_rescued_data": "json",
}) }}
