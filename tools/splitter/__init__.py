"""Decides once who is on which side: freezes a split of a dataset by person."""
