select
    links.contact_id,
    links.company_id,
    companies.name as company_name,
    companies.company_id as company_external_id,
    companies.plan_name,
    companies.monthly_spend,
    links.contact_updated_at
from {{ ref("contact_companies_current") }} as links
inner join {{ ref("stg_contacts") }} as contacts on contacts.id = links.contact_id
left join {{ ref("stg_companies") }} as companies on companies.id = links.company_id
