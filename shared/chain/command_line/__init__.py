"""What the words behind ./inv mean: one tool at once, or tasks by invoke; all tasks as data."""
