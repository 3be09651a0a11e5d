-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "away_status_reasons"), {
    "created_at": "time",
    "deleted": "boolean",
    "emoji": "text",
    "id": "text",
    "label": "text",
    "order": "integer",
    "type": "text",
    "updated_at": "time",
    "_rescued_data": "json",
}) }}
