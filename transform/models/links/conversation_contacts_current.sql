{{ current_links("conversation", "contact", "conversation_contacts", "contacts.contacts") }}
