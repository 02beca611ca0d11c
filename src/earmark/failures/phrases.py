"""The phrases that models write when nobody said them; the lists are data (phrases.yaml)."""

from collections.abc import Iterable, Iterator, Sequence
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
        self._group_of: dict[Phrase, int] = {
            tuple(tokenize(text)): n for n, group in enumerate(self.texts) for text in group
        }
        self._starting: dict[str, list[Phrase]] = {}
        # The longest first, so that what is found is the whole phrase.
        for phrase in sorted(self._group_of, key=len, reverse=True):
            self._starting.setdefault(phrase[0], []).append(phrase)
        self._first = frozenset(self._starting)

    def find(self, tokens: Sequence[str], unless: Sequence[str] = ()) -> Phrase | None:
        """Find the first phrase in `tokens`; none whose meaning `unless` expresses too."""
        said: set[int] | None = None
        for phrase in self._all(tokens):
            said = self.groups_in(unless) if said is None else said
            if self._group_of[phrase] not in said:
                return phrase
        return None

    def groups_in(self, tokens: Sequence[str]) -> set[int]:
        """Return the groups, by number, of which some phrase occurs in `tokens`."""
        return {self._group_of[phrase] for phrase in self._all(tokens)}

    def _all(self, tokens: Sequence[str]) -> Iterator[Phrase]:
        """Yield every phrase that occurs in `tokens`, the longest first at each place."""
        starting = self._starting
        if self._first.isdisjoint(tokens):
            return
        for start, token in enumerate(tokens):
            if token in starting:
                for phrase in starting[token]:
                    if tuple(tokens[start : start + len(phrase)]) == phrase:
                        yield phrase

    def opens(self, tokens: Sequence[str]) -> Phrase | None:
        """Return the phrase that `tokens` begin with."""
        for phrase in self._starting.get(tokens[0], ()) if tokens else ():
            if tuple(tokens[: len(phrase)]) == phrase:
                return phrase
        return None


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


@cache
def tokenized(name: str) -> tuple[tuple[str, Phrase], ...]:
    """Return the texts of a plain list, each with its tokens."""
    return tuple((text, tuple(tokenize(text))) for text in listed(name))
