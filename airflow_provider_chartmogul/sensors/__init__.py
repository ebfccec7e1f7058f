"""Sensors: wait for what ChartMogul does in the background."""
