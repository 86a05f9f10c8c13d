"""ZIP archives of strangers as a source of pictures."""
