{{ config(alias="contact_company_history") }}
select
    contact_id,
    company_id,
    contact_updated_at,
    true as _fivetran_active,
    contact_updated_at as _fivetran_start,
    cast(null as timestamp) as _fivetran_end,
    contact_updated_at as _fivetran_synced
from {{ ref("contact_companies_current") }}
