"""The graphs of a hand-off, made from a model."""
