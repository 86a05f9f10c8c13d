"""predictor: what a model says of photos and films: label, confidence, and where it is not sure."""
