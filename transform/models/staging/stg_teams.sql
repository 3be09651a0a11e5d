-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "teams"), {
    "admin_ids": "json",
    "admin_priority_level.primary_admin_ids": "json",
    "admin_priority_level.secondary_admin_ids": "json",
    "assignment_limit": "integer",
    "distribution_method": "text",
    "id": "text",
    "name": "text",
    "type": "text",
    "_rescued_data": "json",
}) }}
