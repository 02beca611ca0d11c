"""Policies: one file per model family; the only place that knows transformers' model classes."""
