"""Phonemes in Kokoro's alphabet: Mandarin by misaki, English by hibari.

Both are Apache-2.0, `pip install 'earmark[voices]'`. Of misaki only the Mandarin part is used,
as Kokoro 1.0 was trained with it: IPA with tone arrows, without tone sandhi. hibari reads English
as misaki does, without spaCy and espeak-ng.
"""

import logging
import re
import unicodedata
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from earmark.errors import InputError, shortened
from earmark.storage.cache_folder import cache_folder
from earmark.voices.language_spans import Language, check_characters, shown, text_spans

# What misaki itself calls Han; 〇 is written as the character of the same sound.
_READ_AS_HAN = re.compile(r"[一-鿿]")
_WORD = re.compile(r"[^\W\d_]+")


class PhonemeSpan(NamedTuple):
    """The phonemes of a stretch of a text in one language."""

    language: Language
    phonemes: str


def phoneme_spans(
    text: str, vocabulary: Mapping[str, int], *, british: bool = False
) -> list[PhonemeSpan]:
    """Return the phonemes of each language's spans.

    Args:
        text: in Mandarin, English or both.
        vocabulary: the phonemes that the model knows.
        british: read English as in Britain.

    Raises:
        InputError: characters of neither language, or a word that has no phonemes.
    """
    check_characters(text)
    spans = []
    for language, part in text_spans(text):
        read = _mandarin(part) if language == "zh" else _english(part, british)
        known = "".join(char if char in vocabulary else _silent(char, part) for char in read)
        plain = " ".join(known.split())
        if plain:
            spans.append(PhonemeSpan(language, plain))
    return spans


def _mandarin(text: str) -> str:
    """Return the phonemes of Mandarin."""
    text = text.replace("〇", "零")
    for char in text:
        if char.isalpha() and not _READ_AS_HAN.match(char):
            raise InputError(f"{shown(char)} in {shortened(text)!r} is not in misaki's dictionary")
    try:
        phonemes, _ = _misaki()(text)
    except Exception as error:  # whatever misaki's parts raise
        raise InputError(
            f"misaki cannot read {shortened(text)!r}: {type(error).__name__}: {error}"
        ) from error
    left = next(filter(_READ_AS_HAN.match, phonemes), None)
    if left:
        raise InputError(f"{shown(left)} in {shortened(text)!r} is not in misaki's dictionary")
    return str(phonemes)


def _english(text: str, british: bool) -> str:
    """Return the phonemes of English, each word and sign of which must have some."""
    read = _hibari(british)
    for word in _WORD.findall(text):
        if not _phonemes_of_word(word, british):
            raise InputError(f"hibari has no phonemes for the word '{word}'")
    phonemes = str(read(text))
    for sign in dict.fromkeys(filter(_is_sign, text)):
        if str(read(text.replace(sign, " "))) == phonemes:
            raise InputError(
                f"{shown(sign)} in {shortened(text)!r} is not read by hibari; write it out in words"
            )
    return phonemes


def _is_sign(char: str) -> bool:
    """Return whether a character is a sign that is read as a word, such as + or $."""
    return unicodedata.category(char) in ("Sm", "Sc")


@cache
def _phonemes_of_word(word: str, british: bool) -> str:
    return str(_hibari(british)(word))


def _silent(char: str, text: str) -> str:
    """Return a blank for punctuation that the model does not know.

    Raises:
        InputError: it is something that would be heard.
    """
    if char.isspace() or unicodedata.category(char)[0] in "PM":
        return " "
    raise InputError(
        f"{shown(char)}, read in {shortened(text)!r}, is not in the model's vocabulary; write it "
        "out in words"
    )


@cache
def _misaki() -> Callable[[str], tuple[str, Any]]:
    """Load misaki's reader of Mandarin."""
    with warnings.catch_warnings():  # of jieba's own imports
        warnings.simplefilter("ignore")
        reader: Callable[[str], tuple[str, Any]] = import_module("misaki.zh").ZHG2P()
        jieba = import_module("jieba")
    jieba.setLogLevel(logging.WARNING)
    # Not the folder for temporary files: jieba unpickles what it finds there.
    jieba.dt.tmp_dir = str(cache_folder("jieba"))
    with suppress(OSError):  # without it jieba compiles its dictionary each time
        cache_folder("jieba").mkdir(parents=True, exist_ok=True)
    return reader


@cache
def _hibari(british: bool) -> Callable[[str], str]:
    """Load hibari's reader of English."""
    reader: Callable[[str], str] = import_module("hibari.g2p").G2P(british=british)
    return reader
