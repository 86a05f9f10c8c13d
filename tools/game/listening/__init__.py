"""Listening for laughter in the game's page: what the page needs for it, made here and served to it."""
