with told as (
    select
        conversations.id as conversation_id,
        {{ text_at("times.item", ["team_id"]) }} as team_id,
        max(cast({{ text_at("times.item", ["response_time"]) }} as double precision))
            as response_seconds
    from {{ ref("stg_conversations") }} as conversations
    cross join lateral {{ items_of(
        "conversations.statistics_assigned_team_first_response_time", "times"
    ) }}
    group by conversations.id, {{ text_at("times.item", ["team_id"]) }}
)

select
    responses.team_response_id,
    responses.conversation_id,
    responses.team_id,
    teams.name as team_name,
    responses.given_at,
    cast(date_trunc('week', responses.given_at) as date) as given_week,
    responses.until_at,
    responses.response_at,
    responses.response_by_id,
    admins.name as response_by_name,
    responses.response_seconds,
    responses.response_office_seconds,
    told.response_seconds as intercom_response_seconds
from {{ ref("int_team_responses") }} as responses
inner join {{ ref("conversations") }} as conversations
    on conversations.conversation_id = responses.conversation_id
left join {{ ref("stg_teams") }} as teams on teams.id = responses.team_id
left join {{ ref("stg_admins") }} as admins on admins.id = responses.response_by_id
left join told
    on told.conversation_id = responses.conversation_id and told.team_id = responses.team_id
