"""Drawn actors: faces that follow the protocol, made by arithmetic."""
