-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "collections"), {
    "created_at": "time",
    "default_locale": "text",
    "description": "text",
    "help_center_id": "text",
    "icon": "text",
    "id": "text",
    "name": "text",
    "order": "integer",
    "parent_id": "pointer",
    "translated_content": "json",
    "updated_at": "time",
    "url": "text",
    "workspace_id": "text",
    "_rescued_data": "json",
}) }}
