"""Records as the JSON of the answers."""
