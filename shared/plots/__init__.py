"""Figures that two or more tools draw."""
