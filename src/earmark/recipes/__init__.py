"""Recipes: one page per paper, each a composition of the parts. No tensor arithmetic here."""
