"""Spoken answers in one form: as they are compared in spoken question answering.

UltraEval-Audio normalises (NFD, lower case) and takes an answer for right if any gold alias occurs
in it as consecutive tokens; SQuAD also drops punctuation and English articles.
Departure: accents are dropped after NFD, and a Han character is a token.
"""

import unicodedata
from collections.abc import Sequence

from earmark.text import tokenize

ARTICLES = frozenset(["a", "an", "the"])


def answer_tokens(text: str) -> list[str]:
    """Return the tokens of an answer without case, accents, punctuation and English articles.

    >>> answer_tokens("The Café Noir, in 1,969!"), answer_tokens("是李白。")
    (['cafe', 'noir', 'in', '1969'], ['是', '李', '白'])
    """
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return [token for token in tokenize(bare) if token not in ARTICLES]


def occurs(part: Sequence[str], whole: Sequence[str]) -> bool:
    """Say whether tokens occur one after the other in others; no tokens occur nowhere.

    >>> occurs(["b", "c"], ["a", "b", "c"]), occurs(["a", "c"], ["a", "b", "c"]), occurs([], ["a"])
    (True, False, False)
    """
    size = len(part)
    return size > 0 and any(
        list(whole[at : at + size]) == list(part) for at in range(len(whole) - size + 1)
    )
