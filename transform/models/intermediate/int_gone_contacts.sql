-- A contact that was merged is gone; the one it was merged into is who the activity is about.
with activities as (
    select
        case
            when event_type = 'contact.merged' then merge_source_id
            when event_type = 'contact.deleted' then contact_id
        end as id,
        case when event_type = 'contact.merged' then merge_target_id end as merged_into_id,
        created_at as gone_at
    from {{ ref("stg_contact_activities") }}
),

merges as (
    select
        {{ text_at("merges.item", ["source_contact_id"]) }} as id,
        contacts.id as merged_into_id,
        {{ at_utc(text_at("merges.item", ["merged_at"]), "text") }} as gone_at
    from {{ ref("stg_contacts") }} as contacts
    cross join lateral {{ items_of("contacts.merge_history", "merges") }}
)

select id, max(merged_into_id) as merged_into_id, max(gone_at) as gone_at
from (
    select * from activities
    union all
    select * from merges
) as told
where id is not null
group by id
