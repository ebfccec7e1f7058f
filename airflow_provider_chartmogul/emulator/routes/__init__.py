"""The operations of the API, one module per subject; each has an ``OPERATIONS`` table."""
