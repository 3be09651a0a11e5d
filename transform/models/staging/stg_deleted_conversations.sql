-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "deleted_conversations"), {
    "deleted_at": "time",
    "id": "text",
    "metrics_retained": "boolean",
    "type": "text",
    "_rescued_data": "json",
}) }}
