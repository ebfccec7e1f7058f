"""What stands between a connection and an operation, outermost first: counting, limits, faults, latency, the key."""
