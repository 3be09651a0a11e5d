{{ config(alias="conversation_history") }}
select
    id,
    created_at,
    updated_at,
    waiting_since,
    snoozed_until,
    state,
    "read",
    admin_assignee_id as assignee_id,
    case when admin_assignee_id is not null then 'admin' end as assignee_type,
    team_assignee_id,
    conversation_rating_rating as conversation_rating_value,
    conversation_rating_remark,
    first_contact_reply_created_at,
    first_contact_reply_type,
    source_author_id,
    source_author_type,
    source_body,
    source_delivered_as,
    source_subject,
    source_type,
    sla_applied_sla_name as sla_name,
    sla_applied_sla_status as sla_status,
    true as _fivetran_active,
    updated_at as _fivetran_start,
    cast(null as timestamp) as _fivetran_end,
    _loaded_at as _fivetran_synced
from {{ ref("stg_conversations") }} as conversations
where not exists (
    select 1 from {{ ref("stg_deleted_conversations") }} as gone where gone.id = conversations.id
)
