"""The recording window: what it shows, and the loop behind it."""
