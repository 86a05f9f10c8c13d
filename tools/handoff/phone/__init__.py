"""For mobile developers: the LiteRT file and sources to paste, fitted to the model."""
