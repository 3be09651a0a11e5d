{{ config(alias="company_history") }}
select
    id,
    company_id,
    name,
    website,
    industry,
    created_at,
    updated_at,
    user_count,
    session_count,
    monthly_spend,
    plan_id,
    plan_name,
    true as _fivetran_active,
    updated_at as _fivetran_start,
    cast(null as timestamp) as _fivetran_end,
    _loaded_at as _fivetran_synced
from {{ ref("stg_companies") }}
