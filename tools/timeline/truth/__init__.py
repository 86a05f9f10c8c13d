"""Truth and measure: what raters marked, and how well moments agree with it."""
