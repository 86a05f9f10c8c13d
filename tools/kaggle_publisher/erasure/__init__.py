"""Erases a person from everything here, and proves by search that nothing is left."""
