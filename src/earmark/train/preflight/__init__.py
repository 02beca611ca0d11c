"""Checks before the first step: the pairs, the fast step, the costs."""
