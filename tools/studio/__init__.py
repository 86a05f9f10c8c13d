"""Shows the whole workspace: what there is, what came from what, what is next. Owns no data."""
