"""Answers, token by token: a prompt is read once, however many answers continue it.

Transcription, sampling and rollouts all write through `Policy.write`, which comes here.
"""
