"""Evaluate: transcribe, score, compare, with intervals and signatures."""
