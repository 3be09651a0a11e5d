-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "news_items"), {
    "body": "text",
    "cover_image_url": "text",
    "created_at": "time",
    "deliver_silently": "boolean",
    "id": "text",
    "labels": "json",
    "newsfeed_assignments": "json",
    "reactions": "json",
    "sender_id": "text",
    "state": "text",
    "title": "text",
    "type": "text",
    "updated_at": "time",
    "workspace_id": "text",
    "_rescued_data": "json",
}) }}
