-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "activity_logs"), {
    "activity_description": "text",
    "activity_type": "text",
    "created_at": "time",
    "id": "text",
    "metadata": "json",
    "performed_by.email": "text",
    "performed_by.id": "text",
    "performed_by.ip": "text",
    "performed_by.type": "text",
    "_rescued_data": "json",
}) }}
