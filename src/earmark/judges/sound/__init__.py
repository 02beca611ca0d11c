"""Judges of answers that are sound, by the optional package speechmos."""
