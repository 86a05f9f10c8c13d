"""Decides once who is on which side, by person: one frozen split or repeated folds, and looks for leaks in them."""
