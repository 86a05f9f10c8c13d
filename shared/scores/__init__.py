"""Tables of labels and scores of any origin: found columns, checked rows, two files paired."""
