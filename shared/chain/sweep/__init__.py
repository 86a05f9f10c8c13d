"""Sweeps: many trainings as a plan of cells, each an ordinary chain of tools, on one computer or on many."""
