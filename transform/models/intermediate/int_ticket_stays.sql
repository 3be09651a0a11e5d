-- The states that each ticket was in, from when to when; the last of them lasts.
with told as (
    select
        parts.ticket_id,
        parts.created_at as happened_at,
        row_number() over (
            partition by parts.ticket_id
            order by parts.created_at, length(parts.id), parts.id
        ) as number,
        parts.previous_ticket_state,
        parts.ticket_state
    from {{ ref("stg_ticket_parts") }} as parts
    where parts.ticket_state is not null
),

states as (
    select
        tickets.id as ticket_id,
        0 as number,
        tickets.created_at as happened_at,
        coalesce(told.previous_ticket_state, told.ticket_state, tickets.ticket_state_category)
            as state
    from {{ ref("stg_tickets") }} as tickets
    left join told on told.ticket_id = tickets.id and told.number = 1
    union all
    select ticket_id, number, happened_at, ticket_state from told
),

moves as (
    select
        *,
        lag(state) over (partition by ticket_id order by number) as state_before
    from states
),

stays as (
    select ticket_id, number, state, happened_at
    from moves
    where number = 0 or state_before is null or state <> state_before
)

select
    ticket_id,
    row_number() over ticket as number,
    state,
    happened_at as from_at,
    lead(happened_at) over ticket as to_at,
    {{ seconds("happened_at", "lead(happened_at) over ticket") }} as stay_seconds
from stays
window ticket as (partition by ticket_id order by number)
