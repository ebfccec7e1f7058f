"""The data of the emulated account, by subject."""
