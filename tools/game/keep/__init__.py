"""The keep endpoint: moments of play that a player keeps become takes of a dataset."""
