-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "office_hours_exceptions"), {
    "office_hours_schedule_id": "text",
    "created_at": "time",
    "exception_date": "date",
    "exception_type": "text",
    "id": "text",
    "name": "text",
    "recurring_annually": "boolean",
    "time_intervals": "json",
    "type": "text",
    "updated_at": "time",
    "_rescued_data": "json",
}) }}
