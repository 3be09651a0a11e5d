with companies as (
    select contact_id, count(*) as company_count
    from {{ ref("contact_companies_current") }}
    group by contact_id
),

tags as (
    select
        contact_id,
        count(*) as tag_count,
        {{ dbt.listagg("tag_name", "', '", "order by tag_name") }} as tags
    from {{ ref("contact_tags") }}
    group by contact_id
),

conversations as (
    select
        links.contact_id,
        count(*) as conversation_count,
        min(conversations.created_at) as first_conversation_at,
        max(conversations.created_at) as last_conversation_at
    from {{ ref("conversation_contacts_current") }} as links
    inner join {{ ref("stg_conversations") }} as conversations
        on conversations.id = links.conversation_id
    group by links.contact_id
),

tickets as (
    select contact_id, count(*) as ticket_count
    from {{ ref("ticket_contacts_current") }}
    group by contact_id
)

select
    contacts.id as contact_id,
    contacts.external_id,
    contacts.role,
    contacts.name,
    contacts.email,
    contacts.email_domain,
    contacts.phone,
    contacts.owner_id,
    owners.name as owner_name,
    contacts.location_country as country,
    contacts.location_region as region,
    contacts.location_city as city,
    contacts.browser_language,
    contacts.created_at,
    contacts.updated_at,
    contacts.signed_up_at,
    contacts.last_seen_at,
    contacts.last_contacted_at,
    contacts.last_replied_at,
    contacts.last_email_opened_at,
    contacts.last_email_clicked_at,
    contacts.unsubscribed_from_emails,
    contacts.has_hard_bounced,
    contacts.marked_email_as_spam,
    coalesce(companies.company_count, 0) as company_count,
    coalesce(tags.tag_count, 0) as tag_count,
    tags.tags,
    coalesce(conversations.conversation_count, 0) as conversation_count,
    conversations.first_conversation_at,
    conversations.last_conversation_at,
    coalesce(tickets.ticket_count, 0) as ticket_count,
    contacts.custom_attributes
from {{ ref("stg_contacts") }} as contacts
left join {{ ref("stg_admins") }} as owners on owners.id = contacts.owner_id
left join companies on companies.contact_id = contacts.id
left join tags on tags.contact_id = contacts.id
left join conversations on conversations.contact_id = contacts.id
left join tickets on tickets.contact_id = contacts.id
where not exists (
    select 1 from {{ ref("int_gone_contacts") }} as gone where gone.id = contacts.id
)
