"""What follows in practice: for which people, at what cost of mistakes, and whether more people would help."""
