{{ config(alias="collection_history") }}
select
    id,
    help_center_id,
    parent_id,
    name,
    description,
    url,
    icon,
    'collection' as type,
    default_locale,
    workspace_id,
    "order",
    created_at,
    updated_at,
    true as _fivetran_active,
    updated_at as _fivetran_start,
    cast(null as timestamp) as _fivetran_end,
    _loaded_at as _fivetran_synced
from {{ ref("stg_collections") }}
