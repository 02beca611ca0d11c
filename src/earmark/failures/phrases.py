"""The phrases that models write when nobody said them; the lists are data (phrases.yaml)."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

from earmark.text import tokenize

Phrase = tuple[str, ...]
# Before a phrase that accuses nobody.
PROTECTS = "~"


class Starting(NamedTuple):
    """Phrases by their first token, then by their second, the longest first.

    The second of a phrase of one token is empty.
    """

    phrases: dict[str, dict[str, list[Phrase]]]
    first: frozenset[str]

    @classmethod
    def of(cls, phrases: Iterable[Phrase]) -> "Starting":
        """Sort phrases by their first tokens."""
        starting: dict[str, dict[str, list[Phrase]]] = {}
        for phrase in sorted(phrases, key=len, reverse=True):
            second = phrase[1] if len(phrase) > 1 else ""
            starting.setdefault(phrase[0], {}).setdefault(second, []).append(phrase)
        return cls(starting, frozenset(starting))

    def all_in(self, tokens: Sequence[str]) -> Iterator[Phrase]:
        """Yield every phrase that occurs in `tokens`, the longest first at each place."""
        if self.first.isdisjoint(tokens):
            return
        starting = self.phrases
        for start, token in enumerate(tokens):
            if token in starting:
                yield from self.at(tokens, start)

    def at(self, tokens: Sequence[str], start: int) -> Iterator[Phrase]:
        """Yield the phrases that begin at a token, the longest first."""
        by_second = self.phrases.get(tokens[start], {})
        second = tokens[start + 1] if start + 1 < len(tokens) else ""
        for phrase in by_second.get(second, ()) if second else ():
            if tuple(tokens[start : start + len(phrase)]) == phrase:
                yield phrase
        yield from by_second.get("", ())


class Phrases:
    """Phrases in groups of one meaning, found in a list of tokens by their first token.

    A phrase after `~` is never found; a truth that says it protects the whole group (`unless`).
    Phrases with the polite 您 are known with 你 too.

    >>> Phrases([["thank you", "谢谢"]]).find(["很", "谢", "谢", "你"])
    ('谢', '谢')
    >>> Phrases([["happy to help", "~帮"]]).find("happy to help".split(), unless=["帮", "你"])
    """

    def __init__(self, groups: Iterable[Iterable[str]]) -> None:
        listed = [list(group) for group in groups]
        self.texts = [[text for text in group if text[0] != PROTECTS] for group in listed]
        self._group_of: dict[Phrase, int] = {}
        # A phrase may protect several groups.
        self._groups_said: dict[Phrase, set[int]] = {}
        for n, group in enumerate(listed):
            for text in group:
                for phrase in {tuple(tokenize(text)), tuple(tokenize(text.replace("您", "你")))}:
                    self._groups_said.setdefault(phrase, set()).add(n)
                    if text[0] != PROTECTS:
                        self._group_of[phrase] = n
        self._starting = Starting.of(self._group_of)
        self._saying = Starting.of(self._groups_said)

    def find(self, tokens: Sequence[str], unless: Sequence[str] = ()) -> Phrase | None:
        """Find the first phrase in `tokens`; none whose meaning `unless` expresses too."""
        said: set[int] | None = None
        for phrase in self._starting.all_in(tokens):
            said = self.groups_in(unless) if said is None else said
            if self._group_of[phrase] not in said:
                return phrase
        return None

    def groups_in(self, tokens: Sequence[str]) -> set[int]:
        """Return the groups, by number, of which some phrase occurs in `tokens`."""
        return {n for phrase in self._saying.all_in(tokens) for n in self._groups_said[phrase]}

    def opens(self, tokens: Sequence[str], unless: Sequence[str] = ()) -> Phrase | None:
        """Return the phrase that `tokens` begin with; none whose meaning `unless` expresses."""
        phrase = next(self._starting.at(tokens, 0), None) if tokens else None
        if phrase is None or self._group_of[phrase] in self.groups_in(unless):
            return None
        return phrase


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
