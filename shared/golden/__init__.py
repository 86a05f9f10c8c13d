"""Golden vectors of pictures: drawn inputs with the outputs that Python computes for them."""
