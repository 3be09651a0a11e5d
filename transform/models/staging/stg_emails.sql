-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "emails"), {
    "brand_id": "text",
    "created_at": "time",
    "domain": "text",
    "email": "text",
    "forwarded_email_last_received_at": "time",
    "forwarding_enabled": "boolean",
    "id": "text",
    "type": "text",
    "updated_at": "time",
    "verified": "boolean",
    "_rescued_data": "json",
}) }}
