{{ current_links("company", "segment", "company_segments", "segments.segments", whole=true) }}
