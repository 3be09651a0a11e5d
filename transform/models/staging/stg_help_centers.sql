-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "help_centers"), {
    "created_at": "time",
    "custom_domain": "text",
    "default": "boolean",
    "display_name": "text",
    "id": "text",
    "identifier": "text",
    "locales": "json",
    "updated_at": "time",
    "url": "text",
    "website_turned_on": "boolean",
    "workspace_id": "text",
    "_rescued_data": "json",
}) }}
