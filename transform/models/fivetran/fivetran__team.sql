{{ config(alias="team") }}
select
    id,
    name,
    false as _fivetran_deleted,
    _loaded_at as _fivetran_synced
from {{ ref("stg_teams") }}
