-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "contact_subscriptions"), {
    "contact_id": "text",
    "subscription_type_id": "text",
    "contact_updated_at": "time",
    "consent_type": "text",
    "content_types": "json",
    "default_translation.description": "text",
    "default_translation.locale": "text",
    "default_translation.name": "text",
    "id": "text",
    "state": "text",
    "translations": "json",
    "type": "text",
    "_rescued_data": "json",
}) }}
