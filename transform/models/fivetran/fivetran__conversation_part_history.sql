{{ config(alias="conversation_part_history") }}
-- A body without text is null: the package takes any other for a response.
select
    parts.id,
    parts.conversation_id,
    parts.conversation_updated_at,
    parts.part_type,
    nullif(parts.body, '') as body,
    parts.author_id,
    parts.author_type,
    events.assigned_to_id,
    events.assigned_to_type,
    parts.created_at,
    parts.updated_at,
    true as _fivetran_active,
    parts.updated_at as _fivetran_start,
    cast(null as timestamp) as _fivetran_end,
    parts._loaded_at as _fivetran_synced
from {{ ref("stg_conversation_parts") }} as parts
inner join {{ ref("int_conversation_events") }} as events
    on events.conversation_id = parts.conversation_id and events.part_id = parts.id
where not exists (
    select 1
    from {{ ref("stg_deleted_conversations") }} as gone
    where gone.id = parts.conversation_id
)
