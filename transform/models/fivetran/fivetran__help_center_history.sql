{{ config(alias="help_center_history") }}
select
    id,
    display_name,
    identifier,
    website_turned_on,
    workspace_id,
    created_at,
    updated_at,
    true as _fivetran_active,
    updated_at as _fivetran_start,
    cast(null as timestamp) as _fivetran_end,
    _loaded_at as _fivetran_synced
from {{ ref("stg_help_centers") }}
