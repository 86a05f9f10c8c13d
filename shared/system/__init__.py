"""What differs between Linux, macOS and Windows: calls to the system, and what a terminal can write."""
