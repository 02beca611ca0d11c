"""Log-probabilities of frozen policies."""
