{{ current_links("ticket", "contact", inside="contacts.contacts") }}
