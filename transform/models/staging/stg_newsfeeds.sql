-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "newsfeeds"), {
    "created_at": "time",
    "id": "text",
    "name": "text",
    "type": "text",
    "updated_at": "time",
    "_rescued_data": "json",
}) }}
