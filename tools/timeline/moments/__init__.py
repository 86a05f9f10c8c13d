"""From a table to moments: a score per second, hysteresis, snapping, the tension curve."""
