{{ config(alias="company_tag_history") }}
select
    company_id,
    tag_id,
    company_updated_at,
    true as _fivetran_active,
    company_updated_at as _fivetran_start,
    cast(null as timestamp) as _fivetran_end,
    company_updated_at as _fivetran_synced
from {{ ref("company_tags_current") }}
