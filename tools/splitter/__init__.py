"""Splits a dataset once by person (one frozen split or repeated folds) and looks for leaks."""
