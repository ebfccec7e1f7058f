"""Triggers: the same waits in the triggerer."""
