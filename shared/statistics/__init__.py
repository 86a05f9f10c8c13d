"""Metrics, intervals, tests, thresholds and calibration over predictions, with people as the unit. Pure."""
