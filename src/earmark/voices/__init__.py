"""Voices: speech synthesis and spoken corpora."""
