"""The default profile: how a mixed text becomes tokens unless a paper's recipe is named.

In order: canonical composition and half width; invisible characters dropped and every space a
blank; curly apostrophes straight; case folded; each Han or kana character a token; a word is
letters, digits and marks with inner apostrophes, dots between digits and the glued signs
% $ & + #; a comma that groups thousands dropped; hyphens and all other punctuation separate;
Traditional characters made Simplified.
"""

import re
import unicodedata
from itertools import groupby
from typing import Literal

from earmark.text.normalize.fold import Folding
from earmark.text.normalize.simplify import simplify, traditional_characters
from earmark.text.script import is_han

SIGNS = r"'.,%$&+#\-"
MARKS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a\ufe20-\ufe2f"
LETTER = rf"[^\s{SIGNS}]"
GLUED = "[%$&+#]"
THOUSANDS = r"(?<=\d)(?<!\d{4}),(?=\d{3}(?!\d))"
JOINT = rf"(?:{GLUED}++|['-]|(?<=\d)\.(?=\d)|{THOUSANDS})"
PART = rf"(?![{MARKS}]){LETTER}+"  # a mark alone, left of a letter, starts no word
# A run of signs is tried from its first one alone, and as a whole: else a line of signs without a
# letter would take the square of its length.
WORD = re.compile(rf"(?<!{GLUED}){GLUED}*+{PART}(?:{JOINT}{PART})*{GLUED}*+")
# Text of letters, Han characters and common marks, as most is: finding its tokens takes a sixth
# of the time that folding every character does.
MARKS_APART = ",.!?;:，。！？；：、"
PLAIN_TEXT = re.compile(rf"[\u4e00-\u9fffA-Za-z' {MARKS_APART}]*")
PLAIN_TOKEN = re.compile(r"[\u4e00-\u9fff]|[A-Za-z]+(?:'[A-Za-z]+)*")
LONG_TEXT = 1000
MOST_MARKS = 30
NEEDS_CARE = re.compile(rf"[{SIGNS}{MARKS}]")

Hyphen = Literal["split", "keep"]
FOLDINGS: dict[Hyphen, Folding] = {"split": Folding(), "keep": Folding(hyphen="-")}


def default_tokens(text: str, hyphen: Hyphen = "split") -> list[str]:
    """Split a text into Han characters and words; `hyphen` splits a word or stays in it.

    >>> default_tokens("我的 iPhone15，don’t 掉了 1,000%！")
    ['我', '的', 'iphone15', "don't", '掉', '了', '1000%']
    >>> default_tokens("a well-known 问题", hyphen="keep")
    ['a', 'well-known', '问', '题']
    """
    if PLAIN_TEXT.fullmatch(text):
        tokens = PLAIN_TOKEN.findall(text.lower())
        return tokens if traditional_characters().isdisjoint(text) else simplify_runs(tokens)
    return _folded_tokens(text, hyphen)


def _folded_tokens(text: str, hyphen: Hyphen) -> list[str]:
    """Split any text into tokens, by folding its characters one by one."""
    folded = fold(text, FOLDINGS[hyphen])
    # Most texts hold nothing but letters and blanks, and a plain split is five times as fast.
    tokens = WORD.findall(folded) if NEEDS_CARE.search(folded) else folded.split()
    if "," in folded:
        tokens = [token.replace(",", "") for token in tokens]
    if not traditional_characters().isdisjoint(folded):
        tokens = simplify_runs(tokens)
    return tokens


def fold(text: str, folding: Folding) -> str:
    """Fold every character; canonically equal texts fold to the same one."""
    if text.isascii():
        return text.translate(folding)
    composed = unicodedata.normalize("NFC", bounded_marks(text))
    return unicodedata.normalize("NFC", composed.translate(folding))


def bounded_marks(text: str) -> str:
    r"""Put a joiner (U+034F) after every 30th of the marks on one letter, as UAX 15 advises.

    To bring marks into their canonical order takes the square of their number; no language
    has as many on a letter.

    >>> len(bounded_marks("a" + "\u0300\u0316" * 1000)) - 2001
    66
    """
    if len(text) < LONG_TEXT:
        return text
    parts, marks = [], 0
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks > MOST_MARKS:
            parts.append("\u034f")
            marks = 1
        parts.append(char)
    return "".join(parts)


def simplify_runs(tokens: list[str]) -> list[str]:
    """Simplify each run of Han tokens as one piece, so that spacing cannot change the result."""
    simple: list[str] = []
    for han, group in groupby(tokens, key=lambda token: is_han(token[0])):
        run = list(group)
        simple += simplify("".join(run)) if han else run
    return simple
