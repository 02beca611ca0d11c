"""Draw an alignment as text: truth above, hypothesis below, a letter under each mistake."""

import unicodedata
from collections.abc import Sequence

from earmark.text.align import Edit, align

LETTERS = {"hit": " ", "substitution": "S", "deletion": "D", "insertion": "I"}
GAP = "*"
MARGINS = ("truth ", "hyp   ", "      ")
Block = tuple[list[str], list[str], list[str]]
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
    truth_tokens: Sequence[str],
    hyp_tokens: Sequence[str],
    edits: Sequence[Edit] | None = None,
    *,
    columns: int = 80,
) -> str:
    """Draw an alignment; a token that has no partner is above or below stars.

    What is wider than `columns` is continued in a block below.

    >>> print(draw(["我", "want", "奶", "茶"], ["我", "奶", "茶", "吧"]))
    truth  我 want 奶 茶 **
    hyp    我 **** 奶 茶 吧
              D          I
    """
    blocks: list[Block] = [([], [], [])]
    room = columns - len(MARGINS[0])
    for edit in align(truth_tokens, hyp_tokens) if edits is None else edits:
        truth = None if edit.truth is None else truth_tokens[edit.truth]
        hyp = None if edit.hyp is None else hyp_tokens[edit.hyp]
        wide = max(width(truth or ""), width(hyp or ""), 1)
        if room <= wide and blocks[-1][0]:
            blocks.append(([], [], []))
            room = columns - len(MARGINS[0])
        room -= wide + 1
        cells = (truth or GAP * wide, hyp or GAP * wide, LETTERS[edit.kind])
        for line, cell in zip(blocks[-1], cells, strict=True):
            line.append(cell + " " * (wide - width(cell)))
    return "\n\n".join(
        "\n".join(
            " ".join((margin, *line)).rstrip() for margin, line in zip(MARGINS, b, strict=True)
        )
        for b in blocks
    )
