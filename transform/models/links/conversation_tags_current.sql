{{ current_links("conversation", "tag", "conversation_tags", "tags.tags", applied=true) }}
