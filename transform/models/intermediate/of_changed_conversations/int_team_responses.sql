-- How soon each team answered each conversation that it was given.
with changed as (
    {{ changed_conversations() }}
),

events as (
    select *
    from {{ ref("int_conversation_events") }}
    where conversation_id in (select id from changed)
),

conversations as (
    select
        conversations.id as conversation_id,
        conversations.created_at,
        conversations.team_assignee_id,
        metrics.asked_at,
        greatest(conversations._loaded_at, metrics._loaded_at) as _loaded_at
    from {{ ref("stg_conversations") }} as conversations
    inner join {{ ref("int_conversation_metrics") }} as metrics
        on metrics.conversation_id = conversations.id
    where conversations.id in (select id from changed)
),

given as (
    select conversation_id, assigned_to_id as team_id, min(happened_at) as given_at
    from events
    where is_assignment and assigned_to_type = 'team'
    group by conversation_id, assigned_to_id
),

-- A team may be in charge without a part that says since when: then it was from the beginning.
all_given as (
    select * from given
    union all
    select conversations.conversation_id, conversations.team_assignee_id, conversations.created_at
    from conversations
    where conversations.team_assignee_id is not null
        and not exists (
            select 1
            from given
            where given.conversation_id = conversations.conversation_id
                and given.team_id = conversations.team_assignee_id
        )
),

charges as (
    select
        all_given.conversation_id,
        all_given.team_id,
        all_given.given_at,
        greatest(all_given.given_at, conversations.asked_at) as from_at,
        min(others.happened_at) as until_at,
        conversations.asked_at,
        conversations._loaded_at
    from all_given
    inner join conversations on conversations.conversation_id = all_given.conversation_id
    left join events as others
        on others.conversation_id = all_given.conversation_id
        and others.is_assignment
        and others.assigned_to_type = 'team'
        and others.assigned_to_id <> all_given.team_id
        and others.happened_at > all_given.given_at
    group by
        all_given.conversation_id, all_given.team_id, all_given.given_at,
        conversations.asked_at, conversations._loaded_at
),

answers as (
    select
        charges.conversation_id,
        charges.team_id,
        events.happened_at as response_at,
        events.author_id as response_by_id,
        row_number() over (
            partition by charges.conversation_id, charges.team_id order by events.number
        ) as turn
    from charges
    inner join events
        on events.conversation_id = charges.conversation_id
        and events.side = 'teammate'
        and events.is_reply
        and events.happened_at >= charges.from_at
        and (charges.until_at is null or events.happened_at < charges.until_at)
    where charges.asked_at is not null
),

waits as (
    select
        charges.conversation_id || '/' || charges.team_id as team_response_id,
        charges.from_at,
        answers.response_at as to_at
    from charges
    inner join answers
        on answers.conversation_id = charges.conversation_id
        and answers.team_id = charges.team_id
        and answers.turn = 1
),

waited_in_office as ({{ in_office_hours("waits", "team_response_id") }})

select
    charges.conversation_id || '/' || charges.team_id as team_response_id,
    charges.conversation_id,
    charges.team_id,
    charges.given_at,
    charges.until_at,
    answers.response_at,
    answers.response_by_id,
    {{ seconds("charges.from_at", "answers.response_at") }} as response_seconds,
    waited_in_office.office_seconds as response_office_seconds,
    charges._loaded_at
from charges
left join answers
    on answers.conversation_id = charges.conversation_id
    and answers.team_id = charges.team_id
    and answers.turn = 1
left join waited_in_office
    on waited_in_office.team_response_id = charges.conversation_id || '/' || charges.team_id
