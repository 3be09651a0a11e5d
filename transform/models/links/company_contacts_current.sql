{{ current_links("company", "contact", "company_contacts", whole=true) }}
