"""Wrappers: an objective made of another objective."""
