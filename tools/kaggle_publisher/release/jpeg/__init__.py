"""Writes JPEG files anew from their coefficients, so that nothing hides in them."""
