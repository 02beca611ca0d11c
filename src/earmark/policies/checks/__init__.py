"""Checks of a policy against the library's plain computation."""
