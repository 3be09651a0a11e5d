{{ current_links("company", "tag", "company_tags", "tags.tags", whole=true) }}
