"""Phones of the same network: the recording page alone, over HTTPS, for whoever has a code."""
