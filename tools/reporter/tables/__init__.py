"""Two published tables against each other, without any predictions."""
