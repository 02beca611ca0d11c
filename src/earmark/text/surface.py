"""Cut a text into pieces that still show case, script and punctuation as written."""

import re
import unicodedata
from itertools import pairwise

from earmark.text.normalize.default_profile import FOLDINGS, WORD

OPENING = ("Ps", "Pi")
BLANKS = re.compile(r"\s")
# Text in which nothing but Han characters and runs of letters can be a token. Most texts are
# plain, and for them patterns do in a sixth of the time what folding each character does.
MARKS_APART = ",.!?;:，。！？；：、"
PLAIN_TOKEN = re.compile(r"[\u4e00-\u9fff]|[A-Za-z]+")
PLAIN = re.compile(rf"[\u4e00-\u9fffA-Za-z {MARKS_APART}]*")
PLAIN_PIECE = re.compile(
    rf"[ {MARKS_APART}]*(?:{PLAIN_TOKEN.pattern})"
    rf"(?:[ {MARKS_APART}]*\Z|[ {MARKS_APART}]* |[{MARKS_APART}]*)"
)


def surface_tokens(text: str) -> list[str]:
    """Cut a text into pieces of at most one scored token each; joined, they give the text back.

    A blank or a mark after a token goes with it; an opening bracket or quote goes with the
    token that follows. A text without tokens is one piece, an empty text none.

    >>> surface_tokens("他说：“OK, let's go！”")
    ['他', '说：', '“OK, ', "let's ", 'go！”']
    """
    # Without a token the pattern would try each place of a run of marks, and its length squared.
    if PLAIN.fullmatch(text) and PLAIN_TOKEN.search(text):
        return PLAIN_PIECE.findall(text)
    return _cut_between(text, token_spans(text))


def _cut_between(text: str, spans: list[tuple[int, int]]) -> list[str]:
    """Cut a text once between each two tokens."""
    cuts = [0]
    for (_, end), (start, _) in pairwise(spans):
        cuts.append(end + _cut(text[end:start]))
    cuts.append(len(text))
    return [text[a:b] for a, b in pairwise(cuts) if b > a]


def token_spans(text: str) -> list[tuple[int, int]]:
    """Return the place of each scored token of the default profile in the text: start, end.

    >>> token_spans("ＯＫ，好")
    [(0, 2), (3, 4)]
    """
    if PLAIN.fullmatch(text):
        return [match.span() for match in PLAIN_TOKEN.finditer(text)]
    return _folded_spans(text)


def _folded_spans(text: str) -> list[tuple[int, int]]:
    """Find the tokens in the folded text, and where each of its characters came from."""
    folding = FOLDINGS["split"]
    folded: list[str] = []
    origin: list[int] = []
    for position, char in enumerate(text):
        piece = folding[ord(char)]
        folded.append(piece)
        origin += [position] * len(piece)
    matches = WORD.finditer("".join(folded))
    return [(origin[match.start()], origin[match.end() - 1] + 1) for match in matches]


def _cut(gap: str) -> int:
    """Say how much of the text between two tokens goes with the first of them."""
    blanks = [match.end() for match in BLANKS.finditer(gap)]
    if blanks:
        return blanks[-1]
    end = len(gap)
    while end and unicodedata.category(gap[end - 1]) in OPENING:
        end -= 1
    return end
