"""The page of a timeline: the film with its curves and moments, and the page on which raters mark moments."""
