"""Draw an alignment as text: truth above, hypothesis below, a letter under each mistake."""

import unicodedata
from collections.abc import Sequence

from earmark.text.align import Edit, align

LETTERS = {"hit": " ", "substitution": "S", "deletion": "D", "insertion": "I"}
GAP = "*"
# Marks and invisible characters take no room on a terminal.
WIDTHLESS = ("Mn", "Me", "Cf")


def width(text: str) -> int:
    """Return how many columns a terminal needs for a text: a Han character takes two.

    >>> width("好ok"), width("e\u0301")
    (4, 1)
    """
    return sum(
        0 if unicodedata.category(c) in WIDTHLESS else 1 + (unicodedata.east_asian_width(c) in "FW")
        for c in text
    )


def draw(
    truth_tokens: Sequence[str], hyp_tokens: Sequence[str], edits: Sequence[Edit] | None = None
) -> str:
    """Draw an alignment in three lines; a token that has no partner stands over or under stars.

    >>> print(draw(["我", "want", "奶", "茶"], ["我", "奶", "茶", "吧"]))
    truth  我 want 奶 茶 **
    hyp    我 **** 奶 茶 吧
              D          I
    """
    lines: tuple[list[str], ...] = (["truth "], ["hyp   "], ["      "])
    for edit in align(truth_tokens, hyp_tokens) if edits is None else edits:
        truth = None if edit.truth is None else truth_tokens[edit.truth]
        hyp = None if edit.hyp is None else hyp_tokens[edit.hyp]
        columns = max(width(truth or ""), width(hyp or ""), 1)
        cells = (truth or GAP * columns, hyp or GAP * columns, LETTERS[edit.kind])
        for line, cell in zip(lines, cells, strict=True):
            line.append(cell + " " * (columns - width(cell)))
    return "\n".join(" ".join(line).rstrip() for line in lines)
