-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "macros"), {
    "available_on": "json",
    "body": "text",
    "body_text": "text",
    "created_at": "time",
    "id": "text",
    "name": "text",
    "type": "text",
    "updated_at": "time",
    "visible_to": "text",
    "visible_to_team_ids": "json",
    "_rescued_data": "json",
}) }}
