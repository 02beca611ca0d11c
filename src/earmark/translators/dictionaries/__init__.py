"""Dictionaries: translators that know words and phrases, and recognise a translation too."""

from collections.abc import Callable
from importlib import import_module

from earmark.translators.dictionaries.dictionary import Dictionary
from earmark.translators.dictionaries.shipped import load_earmark, load_grammar


def load_cedict() -> Dictionary:
    """Load CC-CEDICT; its reader is imported when it is first used, since few commands need it."""
    loaded: Dictionary = import_module("earmark.translators.dictionaries.cedict").load_cedict()
    return loaded


# Where a dictionary comes from: a function without arguments that returns it. One of the user's
# own is `module:name`; files need no entry here.
DICTIONARIES: dict[str, Callable[[], Dictionary]] = {
    "earmark": load_earmark,
    "cedict": load_cedict,
    "grammar": load_grammar,
}

__all__ = ["DICTIONARIES", "Dictionary"]
