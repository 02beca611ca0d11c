"""A dictionary: translates by longest match, and knows what it does not know."""

import re
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import NamedTuple

from earmark.storage.digests import of_values
from earmark.text import tokenize
from earmark.text.joining import join, spacing_of
from earmark.text.language import language_of
from earmark.text.normalize.traditional import is_traditional, to_traditional
from earmark.text.surface import surface_tokens
from earmark.translators.dictionaries.english_words import ARTICLES, FUNCTION_WORDS
from earmark.translators.dictionaries.inflection import base_forms
from earmark.translators.dictionaries.tables import BETWEEN, Source, key_of, make_source
from earmark.translators.translator import Target, Translation

Words = tuple[str, ...]

WORD = re.compile(r"[^\W_](?:.*[^\W_])?", re.DOTALL)
VERSION_LENGTH = 8


class Unit(NamedTuple):
    """A stretch of a text that is translated as one: tokens `start` to `end`, exclusive."""

    start: int
    end: int
    translation: str


class Meanings(NamedTuple):
    """The English of a Mandarin word, by the word that each translation begins with.

    Each translation is its words, and whether they are all function words.
    """

    heads: dict[str, list[tuple[Words, bool]]]


class Crossing(NamedTuple):
    """A Mandarin word, without blanks, and whether its English may be in another stretch."""

    word: str
    is_far: bool


class _Crossings(dict[str, dict[str, list[Crossing]]]):
    """Map a Han character to the words that begin with it, gathered when it is first met."""

    def __init__(self, dictionary: "Dictionary") -> None:
        super().__init__()
        self.dictionary = dictionary

    def __missing__(self, char: str) -> dict[str, list[Crossing]]:
        found: dict[str, list[Crossing]] = {}
        if len(char) > 1:  # a number, or some other token: no end of them
            return found
        self[char] = found
        for key in self.dictionary.words_from(char):
            word = key.replace(" ", "")
            meanings = self.dictionary.meanings(key)
            for head, wordings in meanings.heads.items() if meanings else ():
                is_far = len(word) > 1 and not all(is_function for _, is_function in wordings)
                found.setdefault(head, []).append(Crossing(word, is_far))
        return found


class Dictionary:
    """Mandarin words beside English ones, from one source or several.

    Of several translations of a word the first is written; all of them are recognised. An
    entry with one side empty says that the word has no counterpart (了, the) and vanishes.

    >>> words = Dictionary([("会议", "meeting"), ("信用卡", "credit card")], "words")
    >>> words.translate("你的 credit card 呢，meeting 前给我", to="zh")
    Translation(text='你的信用卡呢，会议前给我', unknown=())
    >>> words.translate("Bring 信用卡!", to="zh").unknown
    ('bring',)
    """

    workers = 1

    def __init__(self, entries: Iterable[tuple[str, str]], name: str = "dictionary") -> None:
        listed = list(entries)
        version = of_values(*listed)[:VERSION_LENGTH]
        called = re.sub(r"[|+:@\s]", "_", name)
        self._take([make_source(listed, f"{called}:{len(listed)}@{version}")])

    @classmethod
    def of_sources(cls, sources: Iterable[Source]) -> "Dictionary":
        """Make a dictionary of tables that are there already; what comes first counts first."""
        made = cls.__new__(cls)
        made._take(list(sources))
        return made

    def _take(self, sources: Sequence[Source]) -> None:
        self.sources = tuple(sources)
        self._meanings: dict[str, Meanings | None] = {}
        self._crossings = _Crossings(self)
        self._by_first: dict[str, list[str]] | None = None
        self._known: dict[Target, dict[str, tuple[str, ...]]] = {"zh": {}, "en": {}}

    @property
    def signature(self) -> str:
        """Name each source, with its number of entries and its version: `earmark:3012@5f2c91ab`."""
        return "+".join(source.signature for source in self.sources)

    @property
    def name(self) -> str:
        """Return what goes into `made_by` of what it has translated."""
        return f"dictionary:{self.signature}"

    def translations(self, word: str, to: Target) -> tuple[str, ...]:
        """Return all translations of a word, given as `key_of` writes it; none if it is unknown.

        >>> Dictionary([("会议", "meeting"), ("开会", "meeting")]).translations("meeting", "zh")
        ('会议', '开会')
        """
        known = self._known[to].get(word)
        if known is None:
            packed = [p for s in self.sources if (p := s.tables[to].words.get(word)) is not None]
            if not packed:
                return ()
            known = tuple(dict.fromkeys(BETWEEN.join(packed).split(BETWEEN)))
            self._known[to][word] = known
        return known

    def knows(self, word: str, to: Target) -> bool:
        """Return whether a word, given as `key_of` writes it, is in the dictionary.

        >>> Dictionary([("会议", "meeting")]).knows("会 议", "en")
        True
        """
        for source in self.sources:  # noqa: SIM110 - twice as fast as any(...)
            if word in source.tables[to].words:
                return True
        return False

    def meanings(self, word: str) -> Meanings | None:
        """Return the English of a Mandarin word, as `key_of` writes it, ready to be looked for.

        None where the word is not known, or has no counterpart.
        """
        if word in self._meanings:
            return self._meanings[word]
        if not self.knows(word, "en"):
            return None
        heads: dict[str, list[tuple[Words, bool]]] = {}
        for words in sorted(self._wordings(word)):
            heads.setdefault(words[0], []).append((words, FUNCTION_WORDS.issuperset(words)))
        made = self._meanings[word] = Meanings(heads) if heads else None
        return made

    def crossings(self, char: str) -> dict[str, list[Crossing]]:
        """Return the Mandarin words that begin with a character, by the heads of their English.

        >>> Dictionary([("会议", "meeting"), ("会", "can")]).crossings("会")["meeting"]
        [Crossing(word='会议', is_far=True)]
        """
        return self._crossings[char]

    def words_from(self, char: str) -> list[str]:
        """Return the words, as `key_of` writes them, that begin with a Han character."""
        if self._by_first is None:
            self._by_first = {}
            for word in {word for source in self.sources for word in source.tables["en"].words}:
                self._by_first.setdefault(word[0], []).append(word)
        return self._by_first.get(char, [])

    def _wordings(self, word: str) -> Iterator[Words]:
        """Yield the ways to write the English of a word, without a leading article."""
        for text in self.translations(word, "en"):
            words = _words_of(text)
            if len(words) > 1 and words[0] in ARTICLES:
                words = words[1:]
            if words and any(language_of(each) == "en" for each in words):
                yield words
                if len(words) == 2:
                    yield ("".join(words),)

    def reach(self, token: str, to: Target) -> int:
        """Return the number of tokens of the longest word that begins with a token."""
        farthest = 0
        for source in self.sources:
            far = source.tables[to].reach.get(token, 0)
            if far > farthest:
                farthest = far
        return farthest

    def longest(self, tokens: Sequence[str], start: int, to: Target) -> tuple[int, str]:
        """Return where the longest known word from `start` ends, and its translation to write.

        An English word that is not known as it is written is looked up by its base form. The end is
        `start` where there is none.
        """
        most = min(self.reach(tokens[start], to), len(tokens) - start)
        for end in range(start + most, start, -1):
            known = self.translations(key_of(tokens[start:end]), to)
            if known:
                return end, known[0]
        if to == "zh":
            for form in base_forms(tokens[start])[1:]:
                if known := self.translations(form, to):
                    return start + 1, known[0]
        return start, ""

    def walk(self, tokens: Sequence[str], to: Target) -> tuple[list[Unit], list[str]]:
        """Cut tokens into known words, and name the words that are unknown.

        English is read from left to right, the longest word first; Mandarin is cut so that the
        fewest characters are unknown and the fewest words come out (研究 生命, not 研究生 命).
        Words of `to`, numbers and the like are neither.
        """
        if to == "en":
            return self._cut(tokens)
        source = "en" if to == "zh" else "zh"
        units: list[Unit] = []
        unknown: list[str] = []
        start = 0
        while start < len(tokens):
            token, next_start = tokens[start], start + 1
            if language_of(token) != to:
                end, translation = self.longest(tokens, start, to)
                if end > start:
                    units.append(Unit(start, end, translation))
                    next_start = end
                elif language_of(token) == source:
                    unknown.append(token)
            start = next_start
        return units, unknown

    def _cut(self, tokens: Sequence[str]) -> tuple[list[Unit], list[str]]:
        """Cut Mandarin into the fewest words."""
        total = len(tokens)
        # From each place on: unknown characters, words, single characters, and the next end.
        best = [(0, 0, 0, total)] * (total + 1)
        for start in range(total - 1, -1, -1):
            unknown, words, singles, _ = best[start + 1]
            language = language_of(tokens[start])
            best[start] = (unknown + (language == "zh"), words, singles, start + 1)
            if language == "en":
                continue
            far = min(start + self.reach(tokens[start], "en"), total)
            for end in range(start + 1, far + 1):
                if self.knows(key_of(tokens[start:end]), "en"):
                    unknown, words, singles, _ = best[end]
                    cut = (unknown, words + 1, singles + (end == start + 1), end)
                    # Of equals the longer word.
                    best[start] = min(best[start], cut, key=lambda c: (*c[:3], -c[3]))
        return self._along([cut[3] for cut in best], tokens)

    def _along(self, ends: Sequence[int], tokens: Sequence[str]) -> tuple[list[Unit], list[str]]:
        """Follow the cuts, each place with the end of what begins there."""
        units: list[Unit] = []
        unknown: list[str] = []
        start = 0
        while start < len(tokens):
            end = ends[start]
            known = self.translations(key_of(tokens[start:end]), "en")
            if known and language_of(tokens[start]) != "en":
                units.append(Unit(start, end, known[0]))
            elif language_of(tokens[start]) == "zh":
                unknown.append(tokens[start])
            start = end
        return units, unknown

    def translate(self, text: str, to: Target) -> Translation:
        """Put every known word into `to`, one by one; unknown ones stay and are named.

        Punctuation stays where it was. Words of `to`, digits and the like are left alone. Into a
        text in Traditional characters, Traditional ones are written.
        """
        units, unknown = self.walk(tokenize(text), to)
        return Translation(_rewrite(text, _in_script_of(text, units)), tuple(unknown))

    def translate_part(self, text: str, to: Target, rng: Random) -> Translation | None:
        """Translate one known phrase, or up to a third of them, leaving others of its language."""
        tokens = tokenize(text)
        known = [unit for unit in self.walk(tokens, to)[0] if unit.translation]
        rng.shuffle(known)
        left = sum(language_of(token) not in (to, "other") for token in tokens)
        wanted = rng.randint(1, max(1, len(known) // 3))
        chosen: list[Unit] = []
        for unit in known:
            left -= unit.end - unit.start
            if left < 1 or len(chosen) == wanted:
                break
            chosen.append(unit)
        return Translation(_rewrite(text, _in_script_of(text, sorted(chosen)))) if chosen else None


def _words_of(text: str) -> Words:
    """Return the tokens of a translation in lower case, as `tokenize` does, which takes longer.

    >>> _words_of("Credit card"), _words_of("one's self")
    (('credit', 'card'), ("one's", 'self'))
    """
    if text.isascii() and text.replace(" ", "").isalpha():
        return tuple(text.lower().split())
    return tuple(token.lower() for token in tokenize(text))


def _in_script_of(text: str, units: Sequence[Unit]) -> Sequence[Unit]:
    """Return units in Traditional characters if the text is."""
    if not is_traditional(text):
        return units
    return [unit._replace(translation=to_traditional(unit.translation)) for unit in units]


def _rewrite(text: str, units: Sequence[Unit]) -> str:
    """Write a text again with the translations in place, and all punctuation where it was."""
    pieces, parts, copied = surface_tokens(text), [], 0
    for unit in units:
        parts.append("".join(pieces[copied : unit.start]))
        head, tail = _edges(pieces[unit.start])
        if unit.end > unit.start + 1:
            _, tail = _edges(pieces[unit.end - 1])
        parts.append(head + unit.translation + tail)
        copied = unit.end
    parts.append("".join(pieces[copied:]))
    return join(parts, spacing_of(text))


def _edges(piece: str) -> tuple[str, str]:
    """Return what comes before and after the word in a piece of surface text."""
    bare = piece.rstrip(" ")
    if bare.isalnum():
        return "", piece[len(bare) :]
    word = WORD.search(piece)
    return (piece[: word.start()], piece[word.end() :]) if word else (piece, "")
