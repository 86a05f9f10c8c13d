"""mistakes: one page of what a model gets wrong on pictures: confusion, scores, thumbnails, and where it looks."""
