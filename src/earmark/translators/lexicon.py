"""A bilingual word list: translates by longest match, and knows what it does not know."""

import re
from collections.abc import Iterable, Sequence
from random import Random
from typing import NamedTuple

from earmark.text import tokenize
from earmark.text.joining import join, spacing_of
from earmark.text.language import language_of
from earmark.text.surface import surface_tokens
from earmark.translators import Target, Translation

Words = tuple[str, ...]

WORD = re.compile(r"[^\W_](?:.*[^\W_])?", re.DOTALL)


class Unit(NamedTuple):
    """A stretch of a text that is translated as one: tokens `start` to `end`, exclusive."""

    start: int
    end: int
    translation: str


class Match(NamedTuple):
    """How many words of a text the lexicon knows, and how many of those were found translated."""

    known: int
    found: int


class Lexicon:
    """A bilingual word list, Mandarin beside English.

    Of several translations of a word the first is written; all of them are recognised. An
    entry with one side empty says that the word has no counterpart (了, the) and vanishes.

    >>> lexicon = Lexicon([("会议", "meeting"), ("信用卡", "credit card")])
    >>> lexicon.translate("你的 credit card 呢，meeting 前给我", to="zh")
    Translation(text='你的信用卡呢，会议前给我', unknown=())
    >>> lexicon.translate("Bring 信用卡!", to="zh").unknown
    ('bring',)
    """

    workers = 1

    def __init__(self, entries: Iterable[tuple[str, str]], name: str = "lexicon") -> None:
        self.name = name
        self._to: dict[Target, dict[Words, list[str]]] = {"zh": {}, "en": {}}
        for zh, en in entries:
            self._add("en", zh, en)
            self._add("zh", en, zh)
        # The longest entry that begins with a word: how far it is worth looking ahead.
        self._reach: dict[Target, dict[str, int]] = {"zh": {}, "en": {}}
        for to, table in self._to.items():
            for words in table:
                reach = self._reach[to]
                reach[words[0]] = max(reach.get(words[0], 0), len(words))

    def _add(self, to: Target, source: str, translation: str) -> None:
        """Enter one word in one direction."""
        if words := tuple(tokenize(source)):
            self._to[to].setdefault(words, []).append(translation.strip())

    def _walk(self, tokens: Sequence[str], to: Target) -> tuple[list[Unit], list[str]]:
        """Find the longest known stretches from left to right, and the words that are unknown.

        Words of `to`, numbers and the like are neither.
        """
        table, reach = self._to[to], self._reach[to]
        source = "en" if to == "zh" else "zh"
        units: list[Unit] = []
        unknown: list[str] = []
        start, total = 0, len(tokens)
        while start < total:
            token, end = tokens[start], start + 1
            if language_of(token) != to:
                for length in range(min(reach.get(token, 0), total - start), 0, -1):
                    known = table.get(tuple(tokens[start : start + length]))
                    if known is not None:
                        end = start + length
                        units.append(Unit(start, end, known[0]))
                        break
                else:
                    if language_of(token) == source:
                        unknown.append(token)
            start = end
        return units, unknown

    def translate(self, text: str, to: Target) -> Translation:
        """Put every known word into `to`; unknown ones stay and are named.

        Punctuation stays where it was. Words of `to`, digits and the like are left alone.
        """
        units, unknown = self._walk(tokenize(text), to)
        return Translation(_rewrite(text, units), tuple(unknown))

    def translate_part(self, text: str, to: Target, rng: Random) -> Translation | None:
        """Translate one known phrase, or up to a third of them, leaving others of its language."""
        tokens = tokenize(text)
        known = [unit for unit in self._walk(tokens, to)[0] if unit.translation]
        rng.shuffle(known)
        left = sum(language_of(token) not in (to, "other") for token in tokens)
        wanted = rng.randint(1, max(1, len(known) // 3))
        chosen: list[Unit] = []
        for unit in known:
            left -= unit.end - unit.start
            if left < 1 or len(chosen) == wanted:
                break
            chosen.append(unit)
        return Translation(_rewrite(text, sorted(chosen))) if chosen else None

    def match(self, tokens: Sequence[str], written: Iterable[str], to: Target) -> Match:
        """Count the known words among `tokens`, and those whose translation shows in `written`.

        A lexicon is never complete, so a hint is enough: one Han character shared with a
        translation, or one English word that begins like it.
        """
        found, known, seen = 0, 0, set(written)
        for unit in self._walk(tokens, to)[0]:
            translations = self._to[to][tuple(tokens[unit.start : unit.end])]
            hints = [token for text in translations for token in tokenize(text)]
            known += bool(hints)
            found += any(hint in seen or _begins_alike(hint, seen) for hint in hints)
        return Match(known, found)


def same_stem(one: str, other: str) -> bool:
    """Return whether two English words begin alike, so that hike is found in hiking.

    Words of three letters are mostly function words, so they count only when equal.

    >>> same_stem("hike", "hiking"), same_stem("complicated", "coming"), same_stem("the", "they")
    (True, False, False)
    """
    shared = min(len(one), len(other)) - 1
    return shared >= 3 and one[:shared] == other[:shared]


def _begins_alike(hint: str, seen: Iterable[str]) -> bool:
    """Return whether some word in `seen` begins like the English word `hint`."""
    return hint.isascii() and any(same_stem(hint, word) for word in seen if word.isascii())


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
