"""One alignment of two token lists at unit cost: the source of every count and rate."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, cast

from rapidfuzz.distance import Levenshtein

Block = tuple[str, int, int, int, int]
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
    # As a list of plain tuples: the objects that the library would make take twice as long.
    blocks = cast(list[Block], Levenshtein.opcodes(truth_tokens, hyp_tokens).as_list())
    for tag, t0, t1, h0, h1 in blocks:
        if tag == "equal":
            edits += _hits(t0, h0, t1 - t0)
        elif tag == "replace":
            edits += [Edit("substitution", t0 + n, h0 + n) for n in range(t1 - t0)]
        elif tag == "delete":
            edits += [Edit("deletion", t, None) for t in range(t0, t1)]
        else:
            edits += [Edit("insertion", None, h) for h in range(h0, h1)]
    return edits


# Hits are most of all columns; kept, they need not be made again for every utterance.
@lru_cache(maxsize=2**14)
def _hits(truth: int, hyp: int, count: int) -> tuple[Edit, ...]:
    """Return `count` hits from these positions on."""
    return tuple(Edit("hit", truth + n, hyp + n) for n in range(count))
