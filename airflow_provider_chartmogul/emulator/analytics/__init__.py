"""What the emulator computes from imported billing data: MRR, movements, metrics. Pure functions, no HTTP, no clock."""
