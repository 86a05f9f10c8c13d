"""Finds the funny moments of a film: faces and sound over time, moments, tension, exports, truth and measure."""
