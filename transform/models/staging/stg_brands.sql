-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "brands"), {
    "created_at": "time",
    "default_address_settings_id": "text",
    "help_center_id": "text",
    "id": "text",
    "is_default": "boolean",
    "name": "text",
    "type": "text",
    "updated_at": "time",
    "_rescued_data": "json",
}) }}
