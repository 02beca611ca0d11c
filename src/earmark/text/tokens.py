"""Tokens that can be compared: one per Han character, one per word."""

import re
import unicodedata
from itertools import groupby

from earmark.text.fold import Folding
from earmark.text.script import is_han
from earmark.text.simplify import simplify, traditional_characters

# After folding, a word is a run of letters, digits and marks. It may hold inner apostrophes,
# a dot between digits, a comma that groups thousands, and the glued signs % $ & + #.
SIGNS = r"'.,%$&+#\-"
MARKS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a\ufe20-\ufe2f"
LETTER = rf"[^\s{SIGNS}]"
GLUED = "[%$&+#]"
JOINT = rf"(?:{GLUED}+|['-]|(?<=\d)\.(?=\d)|(?<=\d)(?<!\d{{4}}),(?=\d{{3}}(?!\d)))"
WORD = re.compile(rf"{GLUED}*(?![{MARKS}]){LETTER}+(?:{JOINT}{LETTER}+)*{GLUED}*")
NEEDS_CARE = re.compile(rf"[{SIGNS}{MARKS}]")

FOLDING = Folding()


def tokenize(text: str, profile: str = "default") -> list[str]:
    """Split a text into the tokens that are scored: Han characters and words.

    >>> tokenize("我的 iPhone15，don’t 掉了 1,000%！")
    ['我', '的', 'iphone15', "don't", '掉', '了', '1000%']
    """
    folded = fold(text)
    # Most texts hold nothing but letters and blanks, and a plain split is five times as fast.
    tokens = WORD.findall(folded) if NEEDS_CARE.search(folded) else folded.split()
    if "," in folded:
        tokens = [token.replace(",", "") for token in tokens]
    if not traditional_characters().isdisjoint(folded):
        tokens = simplify_runs(tokens)
    return tokens


def fold(text: str) -> str:
    """Fold every character; canonically equal texts fold to the same one."""
    if text.isascii():
        return text.translate(FOLDING)
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).translate(FOLDING))


def simplify_runs(tokens: list[str]) -> list[str]:
    """Simplify each run of Han tokens as one piece, so that spacing cannot change the result."""
    simple: list[str] = []
    for han, group in groupby(tokens, key=lambda token: is_han(token[0])):
        run = list(group)
        simple += simplify("".join(run)) if han else run
    return simple
