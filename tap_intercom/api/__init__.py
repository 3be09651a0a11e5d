"""How is Intercom asked? From a request, which is a value, to the body of its answer."""
