"""Translators: what turns a transcript, or a part of one, into the other language."""

from earmark.translators.dictionaries import Dictionary
from earmark.translators.translator import Target, Translation, Translator

__all__ = ["Dictionary", "Target", "Translation", "Translator"]
