{{ current_links(
    "conversation", "admin", "conversation_teammates", "teammates.admins|teammates.teammates"
) }}
