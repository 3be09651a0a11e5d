"""Who asks? From the settings, or from a person, to the token that a request carries."""
