{{ current_links("contact", "tag", "contact_tags", "tags.data", applied=true) }}
