"""One module per API resource, one short typed method per operation."""
