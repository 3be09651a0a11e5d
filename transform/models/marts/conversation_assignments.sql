select
    assignments.conversation_id,
    assignments.part_id,
    assignments.number,
    assignments.assigned_at,
    assignments.until_at,
    {{ seconds("assignments.assigned_at", "assignments.until_at") }} as assigned_seconds,
    assignments.until_at is null as is_last,
    assignments.assigned_to_type,
    assignments.assigned_to_id,
    coalesce(teams.name, admins.name) as assigned_to_name,
    assignments.assigned_by_side,
    assignments.assigned_by_id,
    givers.name as assigned_by_name
from {{ ref("int_conversation_assignments") }} as assignments
inner join {{ ref("stg_conversations") }} as conversations
    on conversations.id = assignments.conversation_id
left join {{ ref("stg_teams") }} as teams
    on teams.id = assignments.assigned_to_id and assignments.assigned_to_type = 'team'
left join {{ ref("stg_admins") }} as admins
    on admins.id = assignments.assigned_to_id and assignments.assigned_to_type = 'admin'
left join {{ ref("stg_admins") }} as givers on givers.id = assignments.assigned_by_id
where not exists (
    select 1 from {{ ref("stg_deleted_conversations") }} as gone where gone.id = conversations.id
)
