-- Each time that a conversation was given to somebody.
with changed as (
    {{ changed_conversations() }}
),

loaded as (
    select id as conversation_id, _loaded_at
    from {{ ref("stg_conversations") }}
),

assignments as (
    select *
    from {{ ref("int_conversation_events") }}
    where is_assignment and conversation_id in (select id from changed)
)

select
    assignments.conversation_id,
    assignments.part_id,
    row_number() over conversation as number,
    assignments.happened_at as assigned_at,
    lead(assignments.happened_at) over conversation as until_at,
    assignments.assigned_to_type,
    assignments.assigned_to_id,
    assignments.side as assigned_by_side,
    assignments.author_id as assigned_by_id,
    greatest(assignments._loaded_at, loaded._loaded_at) as _loaded_at
from assignments
left join loaded on loaded.conversation_id = assignments.conversation_id
window conversation as (partition by assignments.conversation_id order by assignments.number)
