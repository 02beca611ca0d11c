"""Hallucination: letters of a script that neither language is written in.

Ye and Vickers (Interspeech 2026) count an utterance as soon as one character is outside the
scripts of the language pair; so does `detect`.
"""

from functools import cache
from random import Random

from earmark.failures.evidence import Evidence
from earmark.failures.mode import Tools
from earmark.failures.surface import Surface
from earmark.text import tokenize
from earmark.text.language import language_of

CYRILLIC = dict(zip("abcdefghijklmnopqrstuvwxyz", "абцдефгхийклмнопкрстувшхыз", strict=True))
KANA = "カキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン"
HANGUL = "가나다라마바사아자차카타파하거너더러머버서어저처고노도로모보소오조초구누두루무부수우주"


def foreign(evidence: Evidence) -> int:
    """Count the hypothesis's tokens in a third script that the truth does not write."""
    return sum(
        is_foreign(token) and token not in evidence.truth_tokens
        for stretch in evidence.stretches
        for token in evidence.hyp_tokens[stretch.hyp]
    )


@cache
def is_foreign(token: str) -> bool:
    """Return whether a token has a letter that is neither Latin nor Han.

    >>> [is_foreign(token) for token in ["コ", "привет", "café", "3.14", "好"]]
    [True, True, False, False, False]
    """
    return not token.isascii() and any(
        char.isalpha() and language_of(char) == "other" for char in token
    )


def detect(evidence: Evidence) -> bool:
    """Return whether a third script appears."""
    return foreign(evidence) > 0


def imitate(truth: Surface, rng: Random, tools: Tools) -> str | None:
    """Write one span in Cyrillic, kana or Hangul; None without a word of either language."""
    if not truth.spans:
        return None
    span = rng.choice(truth.spans)
    scripts = [KANA, HANGUL] if span.language == "zh" else [KANA, HANGUL, None]
    script = rng.choice(scripts)
    pieces = [
        _respell(piece, token, script) if language_of(token) == span.language else piece
        for piece, token in zip(truth.pieces, truth.tokens, strict=True)
    ]
    parts = truth.words(0, span.start), "".join(pieces[span.start : span.end])
    return _apart(_apart(*parts), truth.words(span.end, len(truth.pieces)))


def _apart(left: str, right: str) -> str:
    """Put two stretches together, with a blank where two words would become one."""
    meet = left[-1:] + right[:1]
    would_glue = len(meet) == 2 and meet.isalnum() and len(tokenize(meet)) == 1
    return f"{left} {right}" if would_glue else left + right


def _respell(piece: str, token: str, script: str | None) -> str:
    """Respell the letters of a piece: letter by letter, or a syllable for each two letters."""
    if script is None:
        return "".join(CYRILLIC.get(char, char) for char in piece.lower())
    inside = [i for i, char in enumerate(piece) if char.isalnum()]
    sounds = token if language_of(token) == "zh" else token[::2]
    spelled = "".join(script[ord(char) % len(script)] for char in sounds)
    return piece[: inside[0]] + spelled + piece[inside[-1] + 1 :]
