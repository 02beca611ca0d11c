"""Annotate pairs: task, difficulty, input quality, language and safety, by rules or by a model."""
