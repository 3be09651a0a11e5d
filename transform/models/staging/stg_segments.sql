-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "segments"), {
    "count": "integer",
    "created_at": "time",
    "id": "text",
    "name": "text",
    "person_type": "text",
    "type": "text",
    "updated_at": "time",
    "_rescued_data": "json",
}) }}
