-- What happened in each conversation, counted and timed from its parts.
with changed as (
    {{ changed_conversations() }}
),

conversations as (
    select
        conversations.id as conversation_id,
        conversations.created_at,
        coalesce(conversations.source_author_type, 'user') in ('user', 'lead', 'contact', 'visitor')
            as began_by_contact,
        conversations._loaded_at
    from {{ ref("stg_conversations") }} as conversations
    where conversations.id in (select id from changed)
),

events as (
    select *
    from {{ ref("int_conversation_events") }}
    where conversation_id in (select id from changed)
),

-- A response can only be late from when the contact has said something.
asked as (
    select
        conversations.conversation_id,
        conversations.created_at,
        case
            when max(cast(conversations.began_by_contact as integer)) = 1
                then conversations.created_at
            else min(case
                when events.side = 'contact' and events.is_reply then events.happened_at
            end)
        end as asked_at,
        max(conversations._loaded_at) as _loaded_at
    from conversations
    left join events on events.conversation_id = conversations.conversation_id
    group by conversations.conversation_id, conversations.created_at
),

counted as (
    select
        asked.conversation_id,
        count(events.part_id) as parts,
        count(case when events.side = 'contact' then 1 end) as contact_parts,
        count(case when events.side = 'teammate' then 1 end) as teammate_parts,
        count(case when events.side = 'bot' then 1 end) as bot_parts,
        count(case when events.side = 'contact' and events.is_reply then 1 end) as contact_replies,
        count(case when events.side = 'teammate' and events.is_reply then 1 end)
            as teammate_replies,
        count(case when events.side = 'bot' and events.is_reply then 1 end) as bot_replies,
        count(case when events.is_note then 1 end) as notes,
        count(case when events.is_assignment then 1 end) as assignments,
        count(case when events.is_closing then 1 end) as closings,
        min(case when events.is_assignment then events.happened_at end) as first_assigned_at,
        min(case when events.is_closing then events.happened_at end) as first_closed_at,
        max(case when events.is_closing then events.happened_at end) as last_closed_at,
        min(case when events.side = 'bot' and events.is_reply then events.happened_at end)
            as first_bot_reply_at,
        max(case when events.side = 'contact' and events.is_reply then events.happened_at end)
            as last_contact_reply_at,
        max(case when events.side = 'teammate' and events.is_reply then events.happened_at end)
            as last_teammate_reply_at,
        max(events._loaded_at) as _loaded_at
    from asked
    left join events on events.conversation_id = asked.conversation_id
    group by asked.conversation_id
),

responses as (
    select
        events.conversation_id,
        events.happened_at as first_response_at,
        events.author_id as first_response_by_id,
        row_number() over (partition by events.conversation_id order by events.number) as turn
    from events
    inner join asked on asked.conversation_id = events.conversation_id
    where events.side = 'teammate'
        and events.is_reply
        and events.happened_at >= asked.asked_at
),

last_closings as (
    select
        conversation_id,
        author_id as last_closed_by_id,
        row_number() over (partition by conversation_id order by number desc) as turn
    from events
    where is_closing
),

-- A closing counts where the conversation was open, and an opening where it was closed.
turns as (
    select
        conversation_id,
        number,
        happened_at,
        is_closing,
        lag(is_closing, 1, false) over (partition by conversation_id order by number) as was_closed
    from events
    where is_closing or is_opening
),

boundaries as (
    select conversation_id, created_at as happened_at, 0 as number, false as is_closing
    from asked
    union all
    select conversation_id, happened_at, number, is_closing
    from turns
    where is_closing <> was_closed
),

spans as (
    select
        conversation_id,
        number,
        happened_at as opened_at,
        is_closing,
        lead(happened_at) over (partition by conversation_id order by number) as closed_at
    from boundaries
),

-- Handling begins with the assignment, where there is one before the closing.
handled as (
    select
        spans.conversation_id,
        spans.number,
        case
            when spans.number = 0 and counted.first_assigned_at <= spans.closed_at
                then greatest(counted.first_assigned_at, spans.opened_at)
            else spans.opened_at
        end as from_at,
        spans.closed_at as to_at
    from spans
    inner join counted on counted.conversation_id = spans.conversation_id
    where not spans.is_closing
),

waits as (
    select asked.conversation_id, asked.asked_at as from_at, responses.first_response_at as to_at
    from asked
    inner join responses on responses.conversation_id = asked.conversation_id
    where responses.turn = 1
),

handled_in_office as ({{ in_office_hours("handled", "conversation_id") }}),

waited_in_office as ({{ in_office_hours("waits", "conversation_id") }}),

handling as (
    select
        conversation_id,
        count(*) - 1 as reopens,
        cast(sum({{ seconds("from_at", "to_at") }}) as bigint) as handling_seconds,
        max(case when to_at is null then from_at end) as open_since
    from handled
    group by conversation_id
)

select
    asked.conversation_id,
    asked.asked_at,
    waits.to_at as first_response_at,
    responses.first_response_by_id,
    {{ seconds("waits.from_at", "waits.to_at") }} as first_response_seconds,
    waited_in_office.office_seconds as first_response_office_seconds,
    counted.first_assigned_at,
    counted.first_bot_reply_at,
    counted.last_contact_reply_at,
    counted.last_teammate_reply_at,
    counted.first_closed_at,
    {{ seconds("asked.created_at", "counted.first_closed_at") }} as first_close_seconds,
    counted.last_closed_at,
    last_closings.last_closed_by_id,
    handling.open_since,
    handling.reopens,
    handling.handling_seconds,
    handled_in_office.office_seconds as handling_office_seconds,
    handling.handling_seconds - handled_in_office.office_seconds as handling_off_hours_seconds,
    counted.parts,
    counted.contact_parts,
    counted.teammate_parts,
    counted.bot_parts,
    counted.contact_replies,
    counted.teammate_replies,
    counted.bot_replies,
    counted.notes,
    counted.assignments,
    counted.closings,
    greatest(asked._loaded_at, counted._loaded_at) as _loaded_at
from asked
inner join counted on counted.conversation_id = asked.conversation_id
inner join handling on handling.conversation_id = asked.conversation_id
left join waits on waits.conversation_id = asked.conversation_id
left join responses
    on responses.conversation_id = asked.conversation_id and responses.turn = 1
left join last_closings
    on last_closings.conversation_id = asked.conversation_id and last_closings.turn = 1
left join handled_in_office on handled_in_office.conversation_id = asked.conversation_id
left join waited_in_office on waited_in_office.conversation_id = asked.conversation_id
