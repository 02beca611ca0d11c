"""Faster forms of a model's own layers, equal to the plain ones."""
