with stays as (
    select
        ticket_id,
        sum(case when state = 'submitted' then stay_seconds end) as submitted_seconds,
        sum(case when state = 'in_progress' then stay_seconds end) as in_progress_seconds,
        sum(case when state = 'waiting_on_customer' then stay_seconds end)
            as waiting_on_customer_seconds,
        sum(case when state = 'resolved' then stay_seconds end) as resolved_seconds,
        max(case when to_at is null then from_at end) as state_since,
        min(case when state = 'resolved' then from_at end) as first_resolved_at,
        count(*) - 1 as state_changes
    from {{ ref("int_ticket_stays") }}
    group by ticket_id
),

parts as (
    select
        ticket_id,
        count(*) as parts,
        count(case when part_type = 'comment' and author_type = 'admin' then 1 end)
            as teammate_replies,
        count(case
            when part_type = 'comment' and author_type in ('user', 'lead', 'contact') then 1
        end) as contact_replies
    from {{ ref("stg_ticket_parts") }}
    group by ticket_id
),

contacts as (
    select ticket_id, count(*) as contact_count, min(contact_id) as contact_id
    from {{ ref("ticket_contacts_current") }}
    group by ticket_id
)

select
    tickets.id as ticket_id,
    tickets.ticket_id as ticket_number,
    nullif({{ text_at("tickets.ticket_attributes", ["_default_title_"]) }}, '') as title,
    tickets.category,
    tickets.ticket_type_id,
    tickets.ticket_type_name,
    tickets.ticket_state_category as state,
    tickets.ticket_state_internal_label as state_label,
    tickets.open as is_open,
    tickets.team_assignee_id as team_id,
    teams.name as team_name,
    tickets.admin_assignee_id as admin_id,
    admins.name as admin_name,
    contacts.contact_id,
    coalesce(contacts.contact_count, 0) as contact_count,
    tickets.created_at,
    cast(date_trunc('week', tickets.created_at) as date) as created_week,
    tickets.updated_at,
    tickets.snoozed_until,
    stays.state_since,
    stays.state_changes,
    cast(coalesce(stays.submitted_seconds, 0) as bigint) as submitted_seconds,
    cast(coalesce(stays.in_progress_seconds, 0) as bigint) as in_progress_seconds,
    cast(coalesce(stays.waiting_on_customer_seconds, 0) as bigint) as waiting_on_customer_seconds,
    cast(coalesce(stays.resolved_seconds, 0) as bigint) as resolved_seconds,
    stays.first_resolved_at,
    {{ seconds("tickets.created_at", "stays.first_resolved_at") }} as first_resolved_seconds,
    coalesce(parts.parts, 0) as parts,
    coalesce(parts.teammate_replies, 0) as teammate_replies,
    coalesce(parts.contact_replies, 0) as contact_replies,
    tickets.ticket_attributes
from {{ ref("stg_tickets") }} as tickets
left join stays on stays.ticket_id = tickets.id
left join parts on parts.ticket_id = tickets.id
left join contacts on contacts.ticket_id = tickets.id
left join {{ ref("stg_teams") }} as teams on teams.id = tickets.team_assignee_id
left join {{ ref("stg_admins") }} as admins on admins.id = tickets.admin_assignee_id
