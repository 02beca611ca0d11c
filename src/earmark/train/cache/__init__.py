"""Caches on disk: reference log-probabilities and audio features."""
