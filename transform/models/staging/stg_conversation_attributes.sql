-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "conversation_attributes"), {
    "admin_id": "pointer",
    "archived": "boolean",
    "created_at": "time",
    "data_type": "text",
    "description": "text",
    "id": "text",
    "multiline": "boolean",
    "name": "text",
    "options": "json",
    "reference.object_type_id": "text",
    "reference.type": "text",
    "required": "boolean",
    "type": "text",
    "updated_at": "time",
    "visible_to_team_ids": "json",
    "_rescued_data": "json",
}) }}
