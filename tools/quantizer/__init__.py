"""Makes a model smaller, and says whether a page may use it."""
