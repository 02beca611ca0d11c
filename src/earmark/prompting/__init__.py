"""Prompting: messages, transcription prompts, facts of model families; imports no torch."""
