"""The proof of a hand-off in a real Chromium."""
