"""Baseline against candidates, from results files: one page that a person can read and one document for programs."""
