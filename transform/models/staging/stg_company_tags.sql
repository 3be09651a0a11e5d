-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "company_tags"), {
    "company_id": "text",
    "tag_id": "text",
    "company_updated_at": "time",
    "id": "text",
    "name": "text",
    "type": "text",
    "_rescued_data": "json",
}) }}
