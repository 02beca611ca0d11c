"""Candidates: several answers to each prompt, from a model loaded here or behind a server."""
