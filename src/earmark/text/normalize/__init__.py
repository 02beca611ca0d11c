"""Normalisation: what is equal before tokens are compared; recipes, and options for each."""
