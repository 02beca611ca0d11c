"""Transcribe: answers from a model loaded here or served elsewhere, resumable."""
