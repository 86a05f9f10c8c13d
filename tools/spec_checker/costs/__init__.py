"""What a decision costs by each way of a hand-off, beside how accurate it is."""
