"""The report of one comparison: a baseline against candidates."""
