"""Find what was said in one language and written in the other: words explained by their meaning.

Given are the stretches of an utterance between hits, what was said in each and what was written.
Mandarin words are looked up, and their English is looked for among the English words:

- whole words only, the longest first. A word of several characters may be part of a longer one
  (电话 in 打电话), a single character may not (大 in 大学), unless all of that word is explained;
- each written word explains one said word, and each said word is explained once;
- single characters, function words and short numbers count in the same stretch only, everything
  else anywhere in the utterance, since languages differ in their order; the nearest comes first;
- English may be inflected, split or joined (weekend, week end), and phrases may hold an article
  or a possessive that the dictionary does not write (wash my hands);
- numbers count by value, in words or digits.

Departure: a word that only resembles a translation (烤炉 where the dictionary has 烤箱) explains
nothing. Sharing a character is as common by chance in what was written by sound.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from earmark.text.language import language_of
from earmark.text.normalize.simplify import simplify, traditional_characters
from earmark.translators.dictionaries.crossing import may_cross
from earmark.translators.dictionaries.dictionary import Dictionary
from earmark.translators.dictionaries.english_words import SKIPPED
from earmark.translators.dictionaries.inflection import base_forms
from earmark.translators.dictionaries.number_values import ZH_NUMERALS, Number, numbers_in
from earmark.translators.translator import Target

# What was said in a stretch without a hit, and what was written there.
Sides = tuple[Sequence[str], Sequence[str]]
Place = tuple[int, int]  # a stretch, and a token in it
SAID, WRITTEN = 0, 1


class Found(NamedTuple):
    """What was said, explained by what was written: the positions of tokens within stretches.

    `said` are positions in the stretch that it was found for, `written` in stretch `stretch`.
    """

    said: tuple[int, ...]
    stretch: int
    written: tuple[int, ...]


class _Pair(NamedTuple):
    """A possible finding. The least sorts first: longest, then nearest."""

    rank: tuple[int, int, float]
    han: tuple[Place, ...]
    english: tuple[Place, ...]


def explained(stretches: Sequence[Sides], to: Target, dictionary: Dictionary) -> list[list[Found]]:
    """Return, for each stretch, which of the words said in it were written in language `to`.

    Tokens are those of `earmark.text.tokenize`. Words said in `to` are not looked at.

    Args:
        stretches: (said, written) tokens of the stretches of one utterance, in its order.
        to: the language into which the words went.
        dictionary: says what means the same.

    >>> words = Dictionary([("会议", "meeting"), ("下雨", "rain")], "words")
    >>> explained([(["the", "meetings"], ["会", "议"])], "zh", words)
    [[Found(said=(1,), stretch=0, written=(0, 1))]]
    >>> explained([(list("下雨"), []), ([], ["it", "rained"])], "en", words)
    [[Found(said=(0, 1), stretch=1, written=(1,))], []]
    """
    found: list[list[Found]] = [[] for _ in stretches]
    han_side, english_side = (SAID, WRITTEN) if to == "en" else (WRITTEN, SAID)
    han = [sides[han_side] for sides in stretches]
    words = [sides[english_side] for sides in stretches]
    if not may_cross(han, words, dictionary):
        return found
    for pair in _Search(han, _English(words), dictionary).pairs():
        said, written = (pair.han, pair.english) if to == "en" else (pair.english, pair.han)
        stretch = said[0][0]
        found[stretch].append(
            Found(
                tuple(position for _, position in said),
                written[0][0],
                tuple(position for _, position in written),
            )
        )
    return [sorted(each) for each in found]


class _English:
    """The English words of all stretches, by all the forms that they may be looked up by."""

    def __init__(self, sides: Sequence[Sequence[str]]) -> None:
        self.sides = [[token.lower() for token in side] for side in sides]
        self.at: dict[str, list[tuple[Place, ...]]] = {}
        self.total = sum(map(len, sides))
        for number, side in enumerate(self.sides):
            before = ""
            for position, token in enumerate(side):
                if language_of(token) != "en":
                    before = ""
                    continue
                for form in base_forms(token):
                    self.at.setdefault(form, []).append(((number, position),))
                if before:
                    joined = ((number, position - 1), (number, position))
                    self.at.setdefault(before + token, []).append(joined)
                if "-" in token:
                    self.at.setdefault(token.replace("-", ""), []).append(((number, position),))
                before = token

    def phrase(self, words: Sequence[str], first: tuple[Place, ...]) -> tuple[Place, ...] | None:
        """Return where a phrase is whose first word is at a place; None if it is not there."""
        places = list(first)
        stretch, position = first[-1]
        side = self.sides[stretch]
        for word in words[1:]:
            position += 1
            while position < len(side) and side[position] != word and side[position] in SKIPPED:
                places.append((stretch, position))
                position += 1
            if position == len(side) or word not in base_forms(side[position]):
                return None
            places.append((stretch, position))
        return tuple(places)


class _Search:
    """Choose pairs of Mandarin and English words, each token once, the longest first."""

    def __init__(
        self, sides: Sequence[Sequence[str]], english: _English, dictionary: Dictionary
    ) -> None:
        self.runs = [_runs(side) for side in sides]
        self.sides = [_simplified(*each) for each in zip(sides, self.runs, strict=True)]
        self.english = english
        self.dictionary = dictionary
        self.taken_han: set[Place] = set()
        self.taken_english: set[Place] = set()

    def pairs(self) -> list[_Pair]:
        """Return what was chosen: words of several characters, then single ones."""
        numbers = list(self._numbers())
        chosen = self._choose([*self._long_words(), *(n for n in numbers if len(n.han) > 1)])
        if len(self.taken_english) == self.english.total:
            return chosen
        singles: list[_Pair] = []
        words: set[tuple[Place, ...]] = set()
        compounds: list[tuple[Place, ...]] = []
        for stretch, start, end in self._segments():
            places = tuple((stretch, position) for position in range(start, end))
            if len(places) == 1:
                words.add(places)
                singles += self._meant(stretch, start, end)
            else:
                compounds.append(places)
        digits = (n for n in numbers if n.han in words or not self._is_han(n.han[0]))
        chosen += self._choose([*singles, *digits])
        for places in compounds:
            chosen += self._choose_all(places)
        return chosen

    def _choose(self, pairs: list[_Pair]) -> list[_Pair]:
        """Take the best pairs whose tokens are all free."""
        chosen = []
        for pair in sorted(pairs):
            if self.taken_han.isdisjoint(pair.han) and self.taken_english.isdisjoint(pair.english):
                self.taken_han.update(pair.han)
                self.taken_english.update(pair.english)
                chosen.append(pair)
        return chosen

    def _choose_all(self, places: tuple[Place, ...]) -> list[_Pair]:
        """Take the characters of a longer word, if each of them is explained by itself."""
        before = set(self.taken_han), set(self.taken_english)
        found: list[_Pair] = []
        for stretch, position in places:
            found += self._choose(self._meant(stretch, position, position + 1))
        if len(found) == len(places):
            return found
        self.taken_han, self.taken_english = before
        return []

    def _long_words(self) -> Iterator[_Pair]:
        """Yield pairs for every known word of two or more characters, wherever it begins."""
        for stretch, side in enumerate(self.sides):
            for start, end in self.runs[stretch]:
                for first in range(start, end - 1):
                    reach = self.dictionary.reach(side[first], "en")
                    for last in range(first + 2, min(first + reach, end) + 1):
                        yield from self._meant(stretch, first, last)

    def _segments(self) -> Iterator[tuple[int, int, int]]:
        """Cut what is not explained yet into words: stretch, start, end."""
        for stretch, side in enumerate(self.sides):
            for start, end in self.runs[stretch]:
                free = [p for p in range(start, end) if (stretch, p) not in self.taken_han]
                yield from ((stretch, *word) for word in self._words(side, free))

    def _words(self, side: Sequence[str], free: list[int]) -> Iterator[tuple[int, int]]:
        """Cut free positions into the longest words that are known, from left to right."""
        at = 0
        while at < len(free):
            start, longest = free[at], 1
            reach = self.dictionary.reach(side[start], "en")
            for length in range(2, reach + 1):
                if at + length > len(free) or free[at + length - 1] != start + length - 1:
                    break
                if self.dictionary.knows(" ".join(side[start : start + length]), "en"):
                    longest = length
            yield start, start + longest
            at += longest

    def _meant(self, stretch: int, start: int, end: int) -> list[_Pair]:
        """Return a pair for each place where a translation of a Mandarin word is found."""
        meanings = self.dictionary.meanings(" ".join(self.sides[stretch][start:end]))
        if meanings is None:
            return []
        heads, at = meanings.heads, self.english.at
        few, many = (heads, at) if len(heads) < len(at) else (at, heads)
        found = [each for each in few if each in many]
        if not found:
            return []
        pairs = []
        han = tuple((stretch, position) for position in range(start, end))
        for head in found:
            for words, is_function in heads[head]:
                for first in at[head]:
                    is_here = first[0][0] == stretch
                    if not is_here and (is_function or end == start + 1):
                        continue
                    places = self.english.phrase(words, first)
                    if places is not None:
                        pairs.append(self._pair(han, places))
        return pairs

    def _numbers(self) -> Iterator[_Pair]:
        """Yield pairs of equal numbers in a stretch."""
        for stretch, side in enumerate(self.sides):
            all_han = sum(end - start for start, end in self.runs[stretch]) == len(side)
            if all_han and ZH_NUMERALS.isdisjoint(side):
                continue
            said = numbers_in(side, zh=True)
            written = numbers_in(self.english.sides[stretch], zh=False) if said else ()
            for one in said:
                for other in written:
                    if one.value == other.value and not (one.in_digits and other.in_digits):
                        yield self._pair(_places(stretch, one), _places(stretch, other))

    def _is_han(self, place: Place) -> bool:
        return language_of(self.sides[place[0]][place[1]]) == "zh"

    def _pair(self, han: tuple[Place, ...], english: tuple[Place, ...]) -> _Pair:
        """Rank a pair: longer, and then nearer, relative to the lengths of the sides."""
        (stretch, start), (other, position) = han[0], english[0]
        distance = float(abs(stretch - other))
        if not distance:
            here = (start + len(han) / 2) / len(self.sides[stretch])
            there = (position + len(english) / 2) / len(self.english.sides[stretch])
            distance = abs(here - there)
        return _Pair((-len(han), -len(english), distance), han, english)


def _places(stretch: int, number: Number) -> tuple[Place, ...]:
    return tuple((stretch, position) for position in range(number.start, number.end))


def _runs(side: Sequence[str]) -> list[tuple[int, int]]:
    """Return where runs of Han characters begin and end."""
    edges = [-1, *[p for p, token in enumerate(side) if language_of(token) != "zh"], len(side)]
    return [(before + 1, after) for before, after in pairwise(edges) if after > before + 1]


def _simplified(side: Sequence[str], runs: Sequence[tuple[int, int]]) -> Sequence[str]:
    """Make Traditional characters Simplified, as profiles of other projects leave them."""
    if traditional_characters().isdisjoint(side):
        return side
    simple = list(side)
    for start, end in runs:
        simple[start:end] = simplify("".join(side[start:end]))
    return simple
