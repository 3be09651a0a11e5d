{{ config(alias="contact_tag_history") }}
select
    contact_id,
    tag_id,
    contact_updated_at,
    true as _fivetran_active,
    contact_updated_at as _fivetran_start,
    cast(null as timestamp) as _fivetran_end,
    contact_updated_at as _fivetran_synced
from {{ ref("contact_tags_current") }}
