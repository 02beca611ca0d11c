"""Speech of which every utterance is in one language, to train a model that no mixed speech taught.

Read from manifests in any format; a row in both languages is refused by name, since a model that
has heard it would no longer fail by itself.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from earmark.errors import InputError
from earmark.formats.reading import read
from earmark.pairs.prompts import Prompter
from earmark.records import Utterance
from earmark.text.codeswitching import language_codes, mixture
from earmark.text.profiles import tokenize


class Spoken(NamedTuple):
    """Utterances of a manifest and the folder where their audio paths start."""

    folder: Path
    utterances: list[Utterance]


def speech(path: Path, *, alone: bool) -> Spoken:
    """Read a manifest; each row has a text, a clip that is there, and the right languages.

    Args:
        path: the manifest.
        alone: whether each row is to be in one language; mixed rows are then refused.

    Raises:
        InputError: names the first row that is otherwise.
    """
    folder = path if path.is_dir() else path.parent
    prompter = Prompter([], folder, path)

    def check(row: Utterance, where: str) -> None:
        prompter.check(row, where)
        found = languages_of(row.text or "")
        if alone and len(found) != 1:
            raise InputError(
                f"{where}: utterance '{row.id}': expected speech in one language alone, English or "
                f"Mandarin, found {' and '.join(found) or 'neither'}: {row.text!r}. The model is "
                "to fail on mixed speech by itself, so it is never trained on it"
            )

    rows = list(read(Utterance, path, check))
    if not rows:
        raise InputError(f"{path}: no utterances")
    return Spoken(folder, rows)


def languages_of(text: str) -> list[str]:
    """Return the languages that occur in a text.

    >>> languages_of("we share the 会议"), languages_of("今天 10 点"), languages_of("10")
    (['en', 'zh'], ['zh'], [])
    """
    found = mixture(language_codes(tokenize(text)))
    return [name for name in ("en", "zh") if getattr(found, name)]


def by_language(spoken: Sequence[Spoken]) -> dict[str, list[Spoken]]:
    """Sort speech in one language a row by that language."""
    found: dict[str, list[Spoken]] = {}
    for folder, rows in spoken:
        for language in ("en", "zh"):
            own = [row for row in rows if languages_of(row.text or "") == [language]]
            if own:
                found.setdefault(language, []).append(Spoken(folder, own))
    return found


def check_languages(training: Sequence[Spoken], development: Sequence[Spoken]) -> None:
    """Refuse a development set of other languages than the training set's.

    Raises:
        InputError: names both.
    """
    trained, held = sorted(by_language(training)), sorted(by_language(development))
    if trained != held:
        raise InputError(
            f"the development set is in {' and '.join(held)}, the training set in "
            f"{' and '.join(trained)}; give both manifests of the same languages"
        )


def check_apart(training: Sequence[Spoken], development: Sequence[Spoken]) -> None:
    """Refuse a development set that shares a sentence with the training set.

    Raises:
        InputError: names the first one.
    """
    known = {tuple(tokenize(row.text or "")) for _, rows in training for row in rows}
    for folder, rows in development:
        for row in rows:
            if tuple(tokenize(row.text or "")) in known:
                raise InputError(
                    f"{folder}: utterance '{row.id}' of the development set says what is trained "
                    f"on: {row.text!r}; `earmark sentences --split dev` writes other sentences"
                )
