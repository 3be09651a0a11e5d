select
    links.conversation_id,
    links.tag_id,
    tags.name as tag_name,
    links.applied_at,
    links.applied_by_id,
    admins.name as applied_by_name,
    links.conversation_updated_at
from {{ ref("conversation_tags_current") }} as links
inner join {{ ref("stg_conversations") }} as conversations
    on conversations.id = links.conversation_id
left join {{ ref("stg_tags") }} as tags on tags.id = links.tag_id
left join {{ ref("stg_admins") }} as admins on admins.id = links.applied_by_id
