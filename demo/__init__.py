"""A year of billing of a made-up company, and what the package does with it."""
