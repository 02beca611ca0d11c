"""Examples: chosen by rule, aligned with the truth, with their sound."""
