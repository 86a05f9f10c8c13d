"""grid-viewer: every sequence of a dataset as picture sheets and one page, for checking all labels by eye."""
