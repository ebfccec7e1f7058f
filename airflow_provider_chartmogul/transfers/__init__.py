"""Operators that move data between ChartMogul and other places."""
