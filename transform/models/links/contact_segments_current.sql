{{ current_links("contact", "segment", "contact_segments") }}
