{{ current_links("contact", "subscription_type", "contact_subscriptions") }}
