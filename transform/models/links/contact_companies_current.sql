{{ current_links("contact", "company", "contact_companies", "companies.data") }}
