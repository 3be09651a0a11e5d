"""What do records look like? Each is a function of the seed and its index."""
