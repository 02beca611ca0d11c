"""The dictionaries that ship: our own list of frequent words, and the words of the grammar."""

from functools import cache
from importlib.resources import files

from earmark.storage.digests import of_bytes
from earmark.translators.dictionaries.dictionary import VERSION_LENGTH, Dictionary
from earmark.translators.dictionaries.tables import make_source


@cache
def load_earmark() -> Dictionary:
    """Load our own list: frequent words of conversation."""
    return _shipped("earmark", "dictionary.tsv")


@cache
def load_grammar() -> Dictionary:
    """Load the words of the grammar that the demo speaks; they translate its sentences whole.

    Kept apart from our own list, so that a longer list does not change what the demo trains on.
    """
    return _shipped("grammar", "grammar-dictionary.tsv")


def _shipped(name: str, asset: str) -> Dictionary:
    """Read a list whose form tests have checked, so that it loads in a moment."""
    raw = files("earmark").joinpath(f"assets/{asset}").read_bytes()
    entries = [(zh, en) for zh, _, en in (row.partition("\t") for row in raw.decode().split("\n"))]
    entries.pop()
    signature = f"{name}:{len(entries)}@{of_bytes(raw)[:VERSION_LENGTH]}"
    return Dictionary.of_sources([make_source(entries, signature)])
