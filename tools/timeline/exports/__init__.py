"""Moments in the formats of players, platforms and editors, and as films of their own."""
