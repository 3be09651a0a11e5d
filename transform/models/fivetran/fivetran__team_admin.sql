{{ config(alias="team_admin") }}
select distinct
    teams.id as team_id,
    {{ text_at("admins.item", []) }} as admin_id,
    false as _fivetran_deleted,
    teams._loaded_at as _fivetran_synced
from {{ ref("stg_teams") }} as teams
cross join lateral {{ items_of("teams.admin_ids", "admins") }}
