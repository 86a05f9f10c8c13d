"""Teaches an encoder faces from photos and films, before people are recorded."""
