"""Picture files of strangers: what they are by their bytes, read upright within limits, cut to a dataset's picture."""
