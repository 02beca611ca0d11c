"""Sentences of everyday talk in Mandarin, in English and in both, from templates or a model."""
