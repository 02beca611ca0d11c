"""The dictionaries that ship: our own list of frequent words, and the words of the grammar."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from earmark.translators.dictionary import Dictionary
from earmark.translators.dictionary_file import read_dictionary


@cache
def load_earmark() -> Dictionary:
    """Load our own list: frequent words of conversation."""
    return read_dictionary(_asset("dictionary.tsv"), "earmark")


@cache
def load_grammar() -> Dictionary:
    """Load the words of the grammar that the demo speaks; they translate its sentences whole.

    Kept apart from our own list, so that a longer list does not change what the demo trains on.
    """
    return read_dictionary(_asset("grammar-dictionary.tsv"), "grammar")


def _asset(name: str) -> Path:
    return Path(str(files("earmark").joinpath(f"assets/{name}")))
