"""The report of several approaches, and which of them to ship."""
