-- What every part of a conversation is, without what it says.
with parts as (
    select
        conversation_id,
        id as part_id,
        created_at as happened_at,
        part_type,
        case
            when author_type in ('user', 'lead', 'contact', 'visitor') then 'contact'
            when coalesce(author_from_ai_agent, false) then 'bot'
            when author_type = 'admin' then 'teammate'
            when author_type in ('bot', 'operator', 'workflow') then 'bot'
            else 'other'
        end as side,
        author_type,
        author_id,
        body is not null and body <> '' as has_body,
        assigned_to_type,
        -- Some connectors have seen an id alone where an object should be.
        coalesce(
            assigned_to_id, nullif({{ text_at("_rescued_data", ["assigned_to"]) }}, '0')
        ) as assigned_to_id,
        _loaded_at
    from {{ ref("stg_conversation_parts") }}
),

teams as (
    select id from {{ ref("stg_teams") }}
)

select
    parts.conversation_id,
    parts.part_id,
    parts.happened_at,
    -- Parts of one second are told apart by their ids, which are numbers that grow.
    row_number() over (
        partition by parts.conversation_id
        order by parts.happened_at, length(parts.part_id), parts.part_id
    ) as number,
    parts.part_type,
    parts.side,
    parts.author_type,
    parts.author_id,
    parts.part_type in ('note', 'note_and_reopen') as is_note,
    -- A comment is a reply even where its text was redacted; others are if they say something.
    parts.part_type in ('comment', 'quick_reply')
        or (
            parts.part_type in ('assignment', 'assign_and_reopen', 'close', 'open')
            and parts.has_body
        ) as is_reply,
    parts.part_type = 'close' as is_closing,
    parts.part_type in ('open', 'note_and_reopen', 'assign_and_reopen') as is_opening,
    parts.part_type like '%assign%' as is_assignment,
    case
        when parts.assigned_to_id is null then null
        when parts.assigned_to_type is not null then parts.assigned_to_type
        when teams.id is not null then 'team'
        else 'admin'
    end as assigned_to_type,
    parts.assigned_to_id,
    parts._loaded_at
from parts
left join teams on teams.id = parts.assigned_to_id
