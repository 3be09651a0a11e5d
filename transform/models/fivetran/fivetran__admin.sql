{{ config(alias="admin") }}
select
    id,
    name,
    job_title,
    false as _fivetran_deleted,
    _loaded_at as _fivetran_synced
from {{ ref("stg_admins") }}
