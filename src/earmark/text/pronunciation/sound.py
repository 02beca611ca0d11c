"""The sound of tokens, as a string of coarse phone classes.

A Han character has its most frequent reading. A Latin word is English where CMUdict has it, else
Mandarin where it splits into pinyin, else read by rule. A number is in the language of the
word beside it. Other ways to say all this are in `readings_of`. Tokens without letters, digits or
known characters have no sound.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import product
from typing import Literal

from earmark.text.numbers.digits import digits_to_words, en_ordinal
from earmark.text.pronunciation.classes import classes_of_phones, classes_of_pinyin
from earmark.text.pronunciation.spelling import phones_from_letters, plain_letters
from earmark.text.pronunciation.tables import phones_of, pinyin_of, syllables
from earmark.text.script import is_han

Spoken = Literal["zh", "en"]
# A token that makes the number beside it English or Mandarin.
WITNESS: dict[Spoken, str] = {"en": "a", "zh": "一"}
SIGNS = {"%": "percent", "&": "and", "+": "plus", "$": "dollar", "#": "number"}
PARTS = re.compile(
    r"(?P<ordinal>[0-9]+)(?:st|nd|rd|th)|(?P<number>[0-9]+(?:\.[0-9]+)?%?)|(?P<sign>[%&+$#])"
    r"|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*)"
)
# The most letters of a syllable of pinyin.
LONGEST = 6
UMLAUT = str.maketrans({"ü": "v", "'": " ", "’": " "})
LETTERS_ONLY = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


class _Sounds(dict[str, str | None]):
    """Map a token to its sound, worked out once; None where it depends on what is beside it."""

    def __init__(self, work_out: Callable[[str], str | None]) -> None:
        super().__init__()
        self.work_out = work_out

    def __missing__(self, token: str) -> str | None:
        self[token] = sound = self.work_out(token)
        return sound


def sound_of(tokens: Sequence[str]) -> str:
    """Return the sound of tokens, in the classes of `pronunciation.classes`.

    >>> sound_of(["plumber"]), sound_of(list("普兰柏"))
    ('PpLlaMne', 'PpLlaNnPpo')
    >>> sound_of(["15", "minutes"]) == sound_of(["fifteen", "minutes"])
    True
    """
    try:
        return "".join([_USUAL[token] for token in tokens])  # type: ignore[misc]
    except TypeError:  # a number
        return _join(digits_to_words(list(tokens)), _USUAL)


def readings_of(tokens: Sequence[str]) -> tuple[str, ...]:
    """Return all the ways to say tokens, the usual one first.

    Numbers in Mandarin and in English; Latin words that are pinyin as Mandarin too.

    >>> readings_of(["女", "人"])
    ('NnuLleNn',)
    >>> [sound == sound_of(list("我们")) for sound in readings_of(["women"])]
    [False, True]
    """
    usual = [_USUAL[token] for token in tokens]
    if None not in usual and usual == [_PINYIN[token] for token in tokens]:
        return ("".join(usual),)  # type: ignore[arg-type]
    ways = product(WITNESS, (_USUAL, _PINYIN))
    readings = (_reading(tokens, language, latin) for language, latin in ways)
    return tuple(dict.fromkeys((sound_of(tokens), *readings)))


def _reading(tokens: Sequence[str], numbers: Spoken, latin: "_Sounds") -> str:
    """Return the sound with numbers in one language and Latin words read in one way."""
    sounds = []
    for token in tokens:
        sound = latin[token]
        sounds.append(_join(_said(token, numbers), _USUAL) if sound is None else sound)
    return "".join(sounds)


def _said(token: str, language: Spoken) -> list[str]:
    """Return a number in the words of a language, and any other token as it is."""
    return digits_to_words([token, WITNESS[language]])[:-1]


def _join(tokens: Sequence[str], sounds: _Sounds) -> str:
    """Join the sounds of tokens; numbers that are no plain numbers are English."""
    return "".join([sounds[token] or "" for token in tokens])


def _usual(token: str) -> str | None:
    """Work out the sound of a token; None for a number."""
    if len(token) == 1 and is_han(token):
        syllable = pinyin_of(token)
        return classes_of_pinyin(syllable) if syllable else ""
    if token[:1].isdigit() and digits_to_words([token]) != [token]:
        return None
    if LETTERS_ONLY.fullmatch(token):
        return _word_sound(token)
    return _in_parts(token)


def _word_sound(word: str) -> str:
    """Return the sound of a word: known as English, else pinyin, else by rule."""
    phones = phones_of(word) or phones_of(plain_letters(word))
    if phones is None and (sound := _pinyin_sound(word)):
        return sound
    return classes_of_phones(phones or phones_from_letters(word))


def _in_parts(token: str) -> str:
    """Return the sound of a token of several kinds: its letters, numbers and signs in turn."""
    words: list[str] = []
    for part in PARTS.finditer(token):
        match part.lastgroup:
            case "ordinal":
                words += en_ordinal(part["ordinal"])
            case "number":
                words += _said(part[0], "en")
            case "sign":
                words += [SIGNS[part[0]]]
            case _:
                words += [part[0]]
    return "" if words == [token] else _join(words, _USUAL)


def _pinyin_first(token: str) -> str | None:
    """Work out the sound of a token that is pinyin if it can be."""
    return _pinyin_sound(token) or _USUAL[token]


def _pinyin_sound(token: str) -> str:
    """Return the sound of a word of pinyin; empty when it is none."""
    return "".join(map(classes_of_pinyin, split_pinyin(token)))


_USUAL = _Sounds(_usual)
_PINYIN = _Sounds(_pinyin_first)


@cache
def split_pinyin(word: str) -> tuple[str, ...]:
    """Cut a word into syllables of pinyin, as few as can be; empty when it is no pinyin.

    A syllable of one letter only starts a word (ayi), and an apostrophe separates.

    >>> split_pinyin("zaoshang"), split_pinyin("xi'an"), split_pinyin("xian"), split_pinyin("lü")
    (('zao', 'shang'), ('xi', 'an'), ('xian',), ('lv',))
    >>> split_pinyin("hello"), split_pinyin("a")
    ((), ())
    """
    parts = [_cut(part) for part in word.translate(UMLAUT).split()]
    return tuple(syllable for part in parts for syllable in part) if all(parts) else ()


def _cut(word: str) -> tuple[str, ...]:
    """Cut letters into the fewest syllables."""
    fewest: list[tuple[str, ...] | None] = [()] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - LONGEST), end):
            before, syllable = fewest[start], word[start:end]
            if before is None or syllable not in syllables():
                continue
            alone = len(syllable) == 1 and (start or syllable == "o" or len(word) == 1)
            if not alone and ((known := fewest[end]) is None or len(before) < len(known) - 1):
                fewest[end] = (*before, syllable)
    return fewest[-1] or ()
