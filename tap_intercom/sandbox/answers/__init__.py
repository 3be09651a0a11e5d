"""What answers each path? One module, with one table, for each kind of thing."""
