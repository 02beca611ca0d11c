"""One alignment of two token lists at unit cost: the source of every count and rate."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from rapidfuzz.distance import Levenshtein

EditKind = Literal["hit", "substitution", "deletion", "insertion"]


class Edit(NamedTuple):
    """One column of an alignment: positions in truth and hypothesis, None where there is none."""

    kind: EditKind
    truth: int | None
    hyp: int | None


def align(truth_tokens: Sequence[str], hyp_tokens: Sequence[str]) -> list[Edit]:
    """Align two token lists with the fewest substitutions, deletions and insertions.

    Each costs 1. Of several best alignments the same one is always taken: RapidFuzz's
    backtrace, which tests pin down.

    >>> for edit in align(["我", "want", "tea"], ["want", "tea", "吗"]):
    ...     print(*edit)
    deletion 0 None
    hit 1 0
    hit 2 1
    insertion None 2
    """
    edits: list[Edit] = []
    for block in Levenshtein.opcodes(truth_tokens, hyp_tokens):
        truth = range(block.src_start, block.src_end)
        hyp = range(block.dest_start, block.dest_end)
        if block.tag == "equal":
            edits += [Edit("hit", t, h) for t, h in zip(truth, hyp, strict=True)]
        elif block.tag == "replace":
            edits += [Edit("substitution", t, h) for t, h in zip(truth, hyp, strict=True)]
        elif block.tag == "delete":
            edits += [Edit("deletion", t, None) for t in truth]
        else:
            edits += [Edit("insertion", None, h) for h in hyp]
    return edits
