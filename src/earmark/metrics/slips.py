"""The edits of an answer that are not hits: gathered from an alignment, and counted by kind."""

from collections.abc import Sequence
from typing import NamedTuple

from earmark.records import Counts
from earmark.text.align import Block


class Slips(NamedTuple):
    """The edits of an utterance that are not hits, in order; three columns of equal length.

    `kinds` has S, D or I. `languages` has the letter (see `language_codes`) of the truth's
    token, for an insertion of the hypothesis's. `owners` has the position of the truth's token,
    for an insertion of the token that follows, at the end of the last one, and 0 in an empty truth.
    """

    kinds: str
    languages: str
    owners: list[int]


def find_slips(blocks: Sequence[Block], truth_codes: str, hyp_codes: str) -> Slips:
    """Gather the edits that are not hits, each with its language and the truth's token it is at.

    >>> blocks = [("equal", 0, 1, 0, 1), ("insert", 1, 1, 1, 2), ("replace", 1, 2, 2, 3)]
    >>> find_slips(blocks, "zz", "zee")
    Slips(kinds='IS', languages='ez', owners=[1, 1])
    """
    kinds = languages = ""
    owners: list[int] = []
    for tag, t0, t1, h0, h1 in blocks:
        if tag == "insert":
            kinds += "I" * (h1 - h0)
            languages += hyp_codes[h0:h1]
            owners += [max(0, min(t0, len(truth_codes) - 1))] * (h1 - h0)
        elif tag != "equal":
            kinds += ("S" if tag == "replace" else "D") * (t1 - t0)
            languages += truth_codes[t0:t1]
            owners += range(t0, t1)
    return Slips(kinds, languages, owners)


def count(kinds: str, truth_tokens: int) -> Counts:
    """Count slips of each kind; what the truth has beyond them are hits.

    >>> count("SDI", 5)
    Counts(hits=3, substitutions=1, deletions=1, insertions=1)
    """
    substitutions, deletions = kinds.count("S"), kinds.count("D")
    hits = truth_tokens - substitutions - deletions
    return Counts(hits, substitutions, deletions, kinds.count("I"))
