{{ config(alias="contact_history") }}
select
    id,
    external_id,
    owner_id as admin_id,
    name,
    role,
    email,
    created_at,
    updated_at,
    signed_up_at,
    last_replied_at,
    last_contacted_at,
    last_email_opened_at,
    last_email_clicked_at,
    unsubscribed_from_emails,
    true as _fivetran_active,
    updated_at as _fivetran_start,
    cast(null as timestamp) as _fivetran_end,
    _loaded_at as _fivetran_synced
from {{ ref("stg_contacts") }} as contacts
where not exists (
    select 1 from {{ ref("int_gone_contacts") }} as gone where gone.id = contacts.id
)
