"""Shows every sequence for a decision on its label, measures how far reviewers agree, applies what they agree on."""
