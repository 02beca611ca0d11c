"""Choose a dictionary: names of DICTIONARIES, files, `module:name`, or several with plus signs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from earmark.errors import KnobError, did_you_mean
from earmark.lookup import imported
from earmark.translators.dictionaries import DICTIONARIES
from earmark.translators.dictionaries.dictionary import Dictionary
from earmark.translators.dictionaries.dictionary_file import read_dictionary

DEFAULT = "earmark"
NONE = "none"


def load_dictionary(given: str | Path = DEFAULT) -> Dictionary:
    """Load a dictionary, or several as one: of several translations the first one's is written.

    Args:
        given: a name of DICTIONARIES, the path of a TSV or YAML file, `module:name` of a
            Dictionary or of a function that returns one, or several of these with plus signs
            between them, as in `words.tsv+earmark+cedict`.

    Raises:
        KnobError: no such dictionary (with the nearest name), or a package is not installed.
        InputError: a file that cannot be read as a dictionary.

    >>> load_dictionary("earmark").translate("我的 report", "zh").text
    '我的报告'
    """
    found = [_load(part) for part in parts_of(given)]
    if len(found) == 1:
        return found[0]
    return Dictionary.of_sources(source for each in found for source in each.sources)


def chosen_dictionary(given: str | Path | Dictionary | None) -> Dictionary | None:
    """Return a dictionary that is named or given as an object; None for `none`."""
    if given is None or given == NONE:
        return None
    return given if isinstance(given, Dictionary) else load_dictionary(given)


def parts_of(given: str | Path) -> list[str]:
    """Split what names several dictionaries; a file may have a plus sign in its name.

    >>> parts_of("earmark+cedict")
    ['earmark', 'cedict']
    """
    text = str(given)
    return [text] if isinstance(given, Path) or Path(text).exists() else text.split("+")


def files_of(given: str | Path | Dictionary | None) -> Iterator[Path]:
    """Yield the files that would be read, which no output may overwrite."""
    if given is None or isinstance(given, Dictionary):
        return
    for part in parts_of(given):
        if part != NONE and part not in DICTIONARIES and Path(part).exists():
            yield Path(part)


def _load(given: str) -> Dictionary:
    """Load one dictionary.

    Raises:
        KnobError: there is none of this name.
    """
    if given in DICTIONARIES:
        return DICTIONARIES[given]()
    path = Path(given)
    if ":" in given and not path.exists():
        return _own(given)
    if not path.exists() and not path.suffix and len(path.parts) == 1:
        hint = did_you_mean(given, [*DICTIONARIES, NONE])
        raise KnobError(
            f"no dictionary '{given}', and no file of this name; {hint} (one of your own is a "
            "TSV or YAML file, or module:name)"
        )
    return read_dictionary(path)


def _own(given: str) -> Dictionary:
    """Import a dictionary, or a function that returns one.

    Raises:
        KnobError: it cannot be imported, or is no dictionary.
    """
    found: Any = imported(given, "dictionary")
    made = found() if callable(found) and not isinstance(found, Dictionary) else found
    if not isinstance(made, Dictionary):
        raise KnobError(
            f"dictionary '{given}' should be an earmark.translators.Dictionary, or a function "
            f"without arguments that returns one; found {type(made).__name__}"
        )
    return made
