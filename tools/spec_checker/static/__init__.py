"""Checks of a spec on files alone."""
