"""Golden vectors: inputs with the outputs that Python computes for them."""
