with tags as (
    select
        conversation_id,
        count(*) as tag_count,
        {{ dbt.listagg("tag_name", "', '", "order by tag_name") }} as tags
    from {{ ref("conversation_tags") }}
    group by conversation_id
),

contacts as (
    select conversation_id, count(*) as contact_count, min(contact_id) as contact_id
    from {{ ref("conversation_contacts_current") }}
    group by conversation_id
)

select
    conversations.id as conversation_id,
    conversations.title,
    conversations.source_subject as subject,
    conversations.state,
    conversations.open as is_open,
    conversations.priority,
    conversations.created_at,
    cast(date_trunc('week', conversations.created_at) as date) as created_week,
    conversations.updated_at,
    conversations.waiting_since,
    conversations.snoozed_until,

    conversations.source_type as channel,
    conversations.channel_initial,
    conversations.channel_current,
    conversations.source_delivered_as as delivered_as,
    conversations.source_author_type as began_by_type,
    conversations.source_author_id as began_by_id,

    conversations.team_assignee_id as team_id,
    teams.name as team_name,
    conversations.admin_assignee_id as admin_id,
    admins.name as admin_name,
    case
        when conversations.source_author_type in ('user', 'lead', 'contact', 'visitor')
            then coalesce(conversations.source_author_id, contacts.contact_id)
        else contacts.contact_id
    end as contact_id,
    coalesce(contacts.contact_count, 0) as contact_count,
    conversations.company_id,
    conversations.company_name,

    metrics.asked_at,
    metrics.first_response_at,
    metrics.first_response_by_id,
    metrics.first_response_seconds,
    metrics.first_response_office_seconds,
    metrics.first_assigned_at,
    metrics.first_closed_at,
    metrics.first_close_seconds,
    metrics.last_closed_at,
    metrics.last_closed_by_id,
    metrics.open_since,
    metrics.reopens,
    metrics.reopens > 0 as was_reopened,
    metrics.handling_seconds,
    metrics.handling_office_seconds,
    metrics.handling_off_hours_seconds,
    metrics.last_contact_reply_at,
    metrics.last_teammate_reply_at,

    metrics.parts,
    metrics.contact_parts,
    metrics.teammate_parts,
    metrics.bot_parts,
    metrics.contact_replies,
    metrics.teammate_replies,
    metrics.bot_replies,
    metrics.notes,
    metrics.assignments,

    conversations.conversation_rating_rating as rating,
    conversations.conversation_rating_remark as rating_remark,
    conversations.conversation_rating_created_at as rated_at,
    conversations.conversation_rating_teammate_id as rated_teammate_id,

    tags.tags,
    coalesce(tags.tag_count, 0) as tag_count,

    coalesce(conversations.ai_agent_participated, false) as ai_participated,
    metrics.first_bot_reply_at,
    conversations.ai_agent_resolution_state as ai_resolution_state,
    conversations.ai_agent_last_answer_type as ai_last_answer_type,
    conversations.ai_agent_rating as ai_rating,
    conversations.ai_agent_source_title as ai_source_title,

    conversations.sla_applied_sla_name as sla_name,
    conversations.sla_applied_sla_status as sla_status,

    conversations.statistics_time_to_assignment as intercom_time_to_assignment,
    conversations.statistics_time_to_admin_reply as intercom_time_to_admin_reply,
    conversations.statistics_time_to_first_close as intercom_time_to_first_close,
    conversations.statistics_time_to_last_close as intercom_time_to_last_close,
    conversations.statistics_median_time_to_reply as intercom_median_time_to_reply,
    conversations.statistics_handling_time as intercom_handling_time,
    conversations.statistics_adjusted_handling_time as intercom_adjusted_handling_time,
    conversations.statistics_first_contact_reply_at as intercom_first_contact_reply_at,
    conversations.statistics_first_admin_reply_at as intercom_first_admin_reply_at,
    conversations.statistics_first_close_at as intercom_first_close_at,
    conversations.statistics_last_close_at as intercom_last_close_at,
    conversations.statistics_count_reopens as intercom_count_reopens,
    conversations.statistics_count_assignments as intercom_count_assignments,
    conversations.statistics_count_conversation_parts as intercom_count_conversation_parts,

    conversations.custom_attributes
from {{ ref("stg_conversations") }} as conversations
left join {{ ref("int_conversation_metrics") }} as metrics
    on metrics.conversation_id = conversations.id
left join {{ ref("stg_teams") }} as teams on teams.id = conversations.team_assignee_id
left join {{ ref("stg_admins") }} as admins on admins.id = conversations.admin_assignee_id
left join tags on tags.conversation_id = conversations.id
left join contacts on contacts.conversation_id = conversations.id
where not exists (
    select 1 from {{ ref("stg_deleted_conversations") }} as gone where gone.id = conversations.id
)
