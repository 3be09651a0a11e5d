-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "ticket_states"), {
    "archived": "boolean",
    "category": "text",
    "external_label": "text",
    "id": "text",
    "internal_label": "text",
    "ticket_types.data": "json",
    "ticket_types.type": "text",
    "type": "text",
    "_rescued_data": "json",
}) }}
