"""What is a record? Its schema, and how what Intercom sends is made to fit it."""
