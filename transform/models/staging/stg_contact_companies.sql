-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "contact_companies"), {
    "contact_id": "text",
    "company_id": "text",
    "contact_updated_at": "time",
    "type": "text",
    "id": "text",
    "_rescued_data": "json",
}) }}
