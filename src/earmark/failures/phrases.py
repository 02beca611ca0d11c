"""The phrases that models write when nobody said them; the lists are data (phrases.yaml)."""

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from earmark.text import tokenize

Phrase = tuple[str, ...]


class Phrases:
    """Phrases in groups of one meaning, found in a list of tokens by their first token.

    >>> Phrases([["thank you", "谢谢"]]).find(["很", "谢", "谢", "你"])
    ('谢', '谢')
    """

    def __init__(self, groups: Iterable[Iterable[str]]) -> None:
        self.texts = [list(group) for group in groups]
        self.groups = [[tuple(tokenize(text)) for text in group] for group in self.texts]
        self._group_of = {phrase: n for n, group in enumerate(self.groups) for phrase in group}
        self._starting: dict[str, list[Phrase]] = {}
        # The longest first, so that what is found is the whole phrase.
        for phrase in sorted(self._group_of, key=len, reverse=True):
            self._starting.setdefault(phrase[0], []).append(phrase)

    def find(self, tokens: Sequence[str], unless: Sequence[str] = ()) -> Phrase | None:
        """Find the first phrase in `tokens`; none whose meaning `unless` expresses too."""
        for start, token in enumerate(tokens):
            for phrase in self._starting.get(token, ()):
                if tuple(tokens[start : start + len(phrase)]) != phrase:
                    continue
                if not unless or not self.says(self._group_of[phrase], unless):
                    return phrase
        return None

    def opens(self, tokens: Sequence[str]) -> Phrase | None:
        """Return the phrase that `tokens` begin with."""
        for phrase in self._starting.get(tokens[0], ()) if tokens else ():
            if tuple(tokens[: len(phrase)]) == phrase:
                return phrase
        return None

    def says(self, group: int, tokens: Sequence[str]) -> bool:
        """Say whether some phrase of a group stands in `tokens`."""
        return any(_contains(tokens, phrase) for phrase in self.groups[group])


def _contains(tokens: Sequence[str], phrase: Phrase) -> bool:
    """Say whether a phrase stands in a list of tokens."""
    length = len(phrase)
    return any(
        tuple(tokens[start : start + length]) == phrase for start in range(len(tokens) - length + 1)
    )


@cache
def _phrase_file() -> dict[str, Any]:
    """Read the phrase file once."""
    text = files("earmark").joinpath("assets/phrases.yaml").read_text(encoding="utf-8")
    lists: dict[str, Any] = yaml.safe_load(text)
    return lists


def listed(name: str) -> Any:
    """Return a list of the phrase file, as it is written there."""
    return _phrase_file()[name]


@cache
def phrases(name: str) -> Phrases:
    """Return a list of the phrase file, ready for searching; a plain list is groups of one."""
    return Phrases([group] if isinstance(group, str) else group for group in listed(name))
