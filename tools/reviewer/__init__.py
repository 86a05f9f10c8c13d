"""Shows every sequence for a decision on its label, measures how far reviewers agree, and applies their decisions."""
