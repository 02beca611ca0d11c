"""Earmark makes an Audio LLM write down what was said."""

__version__ = "0.1.0"
