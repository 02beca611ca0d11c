"""What a sentence must be to be spoken and scored: its characters, its length, its languages."""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from earmark.text import tokenize
from earmark.text.codeswitching import Mixture, code_mixing_index, language_codes, mixture
from earmark.text.normalize.simplify import simplify

SentenceLanguage = Literal["mixed", "zh", "en"]

MIN_TOKENS, MAX_TOKENS = 4, 25
# A voice reads digits and capitals as it likes, so numbers are words and capitals begin words.
STRANGE = re.compile(r"[^㐀-䶿一-鿿〇A-Za-z' ,?!，？！。-]")
CAPITALS = re.compile(r"[A-Z]{2,}|(?<![A-Za-z])[B-HJ-Z](?![A-Za-z])")
_LETTERS = re.compile(r"[^a-z㐀-䶿一-鿿〇]")


class Measures(NamedTuple):
    """What is counted of a sentence: tokens, switches, and the code-mixing index, a fraction."""

    tokens: int
    switches: int
    code_mixing_index: float


def key_of(text: str) -> str:
    """Return what two texts have in common if they are one sentence: letters and Han alone.

    >>> key_of("So, 你 weekend 要不要去？")
    'so你weekend要不要去'
    """
    return _LETTERS.sub("", text.lower())


def mixture_of(tokens: Sequence[str]) -> Mixture:
    """Count the languages of tokens, and the switches."""
    return mixture(language_codes(tokens))


def measure(text: str) -> Measures:
    """Count the tokens and the switches of a sentence, and compute its code-mixing index.

    The index is that of Das and Gambäck (2014), as a fraction: the share of tokens that are not in
    the language with more of them. A token is a Han character or a word.

    >>> measure("那份 report 你 submit 了没有？")
    Measures(tokens=8, switches=4, code_mixing_index=0.25)
    """
    tokens = tokenize(text)
    mix = mixture_of(tokens)
    return Measures(len(tokens), mix.switches, round(code_mixing_index(mix), 4))


def fault(text: str, language: SentenceLanguage) -> str | None:
    """Say why a text is no sentence in a language, or return None where it is one.

    >>> fault("那个 PPT 你 send 了没有", "mixed")
    'capitals that a voice may spell out: PPT'
    >>> fault("我们下午三点开会", "mixed")
    'not mixed: no English word'
    """
    if strange := STRANGE.search(text):
        return f"a character that is not allowed: {strange[0]!r}"
    if capitals := CAPITALS.search(text):
        return f"capitals that a voice may spell out: {capitals[0]}"
    if (simplified := simplify(text)) != text:
        changed = "".join(a for a, b in zip(text, simplified, strict=True) if a != b)
        return f"Traditional characters: {changed}"
    tokens = tokenize(text)
    if not MIN_TOKENS <= len(tokens) <= MAX_TOKENS:
        size = "short" if len(tokens) < MIN_TOKENS else "long"
        return f"too {size}: {len(tokens)} tokens, expected {MIN_TOKENS} to {MAX_TOKENS}"
    mix = mixture_of(tokens)
    if language == "mixed" and not mix.is_mixed:
        return f"not mixed: no {'Mandarin character' if mix.en else 'English word'}"
    if (language == "zh" and mix.en) or (language == "en" and mix.zh):
        return f"not in {'Mandarin' if language == 'zh' else 'English'} alone"
    return None
