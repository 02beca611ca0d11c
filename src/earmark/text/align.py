"""One alignment of two token lists at unit cost: the source of every count and rate."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, cast

from rapidfuzz.distance import Levenshtein

from earmark.text.most_hits import align_with_most_hits

# A run of like edits (equal, replace, delete or insert): from and to in truth, and in hypothesis.
Block = tuple[str, int, int, int, int]
EditKind = Literal["hit", "substitution", "deletion", "insertion"]


class Edit(NamedTuple):
    """One column of an alignment: positions in truth and hypothesis, None where there is none."""

    kind: EditKind
    truth: int | None
    hyp: int | None


def align_blocks(truth_tokens: Sequence[str], hyp_tokens: Sequence[str]) -> list[Block]:
    """Align two token lists with the fewest substitutions, deletions and insertions.

    Each costs 1. Of several best alignments one with the most hits is taken, so that the number
    of each edit is determined; of those RapidFuzz's if it is one of them, which tests pin down.

    >>> align_blocks(["我", "want", "tea"], ["want", "tea"])
    [('delete', 0, 1, 0, 0), ('equal', 1, 3, 0, 2)]
    >>> align_blocks("喝 汤 meeting 的".split(), "堂 meeting 得 得".split())[2]
    ('equal', 2, 3, 1, 2)
    """
    # As a list of plain tuples: the objects that the library would make take twice as long.
    blocks = cast(list[Block], Levenshtein.opcodes(truth_tokens, hyp_tokens).as_list())
    substitutions = edits = 0
    for tag, t0, t1, h0, h1 in blocks:
        if tag == "replace":
            substitutions += t1 - t0
        if tag != "equal":
            edits += max(t1 - t0, h1 - h0)
    # One hit more takes the place of two substitutions: n + m = 2 hits + substitutions + edits.
    if substitutions < 2:
        return blocks
    # With edits that cost `each` and substitutions one more, the least cost tells how few
    # substitutions do with as few edits; and fewer substitutions are more hits.
    each = len(truth_tokens) + len(hyp_tokens) + 1
    weights = (each, each, each + 1)
    least = Levenshtein.distance(truth_tokens, hyp_tokens, weights=weights)
    if least == each * edits + substitutions:
        return blocks
    return align_with_most_hits(truth_tokens, hyp_tokens)


def align(truth_tokens: Sequence[str], hyp_tokens: Sequence[str]) -> list[Edit]:
    """Return the alignment of `align_blocks` one edit after the other.

    >>> for edit in align(["我", "want", "tea"], ["want", "tea", "吗"]):
    ...     print(*edit)
    deletion 0 None
    hit 1 0
    hit 2 1
    insertion None 2
    """
    edits: list[Edit] = []
    for tag, t0, t1, h0, h1 in align_blocks(truth_tokens, hyp_tokens):
        if tag == "equal":
            edits += [Edit("hit", t0 + n, h0 + n) for n in range(t1 - t0)]
        elif tag == "replace":
            edits += [Edit("substitution", t0 + n, h0 + n) for n in range(t1 - t0)]
        elif tag == "delete":
            edits += [Edit("deletion", t, None) for t in range(t0, t1)]
        else:
            edits += [Edit("insertion", None, h) for h in range(h0, h1)]
    return edits
