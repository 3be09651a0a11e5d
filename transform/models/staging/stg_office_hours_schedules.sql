-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "office_hours_schedules"), {
    "created_at": "time",
    "id": "text",
    "name": "text",
    "time_intervals": "json",
    "time_zone_name": "text",
    "twenty_four_seven": "boolean",
    "type": "text",
    "updated_at": "time",
    "_rescued_data": "json",
}) }}
