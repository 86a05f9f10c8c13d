"""Compares what a shipped model meets in play with what it learned from: light, faces, frame rate, scores."""
