"""Text: tokens that can be compared, their language, one alignment, and what follows from it."""

from earmark.text.profiles import tokenize

__all__ = ["tokenize"]
