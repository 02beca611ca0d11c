"""Export: merge an adapter into a model folder that other programs load."""
