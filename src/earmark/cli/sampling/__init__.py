"""The options of `earmark sample`, and what both of its ways need."""
