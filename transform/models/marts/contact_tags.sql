select
    links.contact_id,
    links.tag_id,
    tags.name as tag_name,
    links.applied_at,
    links.applied_by_id,
    links.contact_updated_at
from {{ ref("contact_tags_current") }} as links
inner join {{ ref("stg_contacts") }} as contacts on contacts.id = links.contact_id
left join {{ ref("stg_tags") }} as tags on tags.id = links.tag_id
