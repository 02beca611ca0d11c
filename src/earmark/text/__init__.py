"""Text: tokens that can be compared, their language, one alignment, and what follows from it."""

from earmark.text.tokens import tokenize

__all__ = ["tokenize"]
