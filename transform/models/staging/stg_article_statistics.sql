-- Written by scripts/staging.py from the tap's schema: `make docs`.
{{ staged(source("tap_intercom", "article_statistics"), {
    "article_id": "text",
    "article_updated_at": "time",
    "conversions": "integer",
    "fin_involvements": "integer",
    "fin_resolution_rate": "number",
    "fin_resolutions": "integer",
    "happy_reaction_percentage": "number",
    "neutral_reaction_percentage": "number",
    "reactions": "integer",
    "sad_reaction_percentage": "number",
    "type": "text",
    "views": "integer",
    "conversations": "integer",
    "_rescued_data": "json",
}) }}
