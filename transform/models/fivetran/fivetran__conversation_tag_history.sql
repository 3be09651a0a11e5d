{{ config(alias="conversation_tag_history") }}
select
    conversation_id,
    tag_id,
    conversation_updated_at,
    true as _fivetran_active,
    conversation_updated_at as _fivetran_start,
    cast(null as timestamp) as _fivetran_end,
    conversation_updated_at as _fivetran_synced
from {{ ref("conversation_tags_current") }}
