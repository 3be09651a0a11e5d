-- Intercom calls the same count `conversations` or `conversions`.
{{ staged(source("tap_intercom", "article_statistics"), {
    "article_id": "text",
    "type": "text",
    "views": "integer",
    "reactions": "integer",
    "conversations|conversions|_rescued_data.conversations": "integer",
    "happy_reaction_percentage": "number",
    "neutral_reaction_percentage": "number",
    "sad_reaction_percentage": "number",
    "fin_involvements": "integer",
    "fin_resolutions": "integer",
}) }}
