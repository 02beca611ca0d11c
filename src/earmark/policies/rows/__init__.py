"""Rows: one prompt and all its candidates in one forward pass."""
