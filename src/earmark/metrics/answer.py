"""An answer beside its truth: split and aligned once, then kept as what every metric reads."""

from typing import NamedTuple

from earmark.metrics.slips import Slips, count, find_slips
from earmark.records import Counts
from earmark.text.align import Block, align_blocks
from earmark.text.codeswitching import language_codes
from earmark.text.loops import is_loop
from earmark.text.profiles import Splitter


class Aligned(NamedTuple):
    """Truth and answer as texts and as tokens, with their alignment; needed for a moment only."""

    truth: str
    hyp: str
    truth_tokens: list[str]
    hyp_tokens: list[str]
    blocks: list[Block]


class Answer(NamedTuple):
    """What metrics read: both texts, edit counts, the languages of the tokens, the slips.

    `truth_codes` and `hyp_codes` have a letter per token (see `language_codes`). `looping` says
    that the answer repeats itself as the truth does not. `label` is the name of the failure,
    empty where nobody named it.
    """

    truth: str
    hyp: str
    counts: Counts
    truth_codes: str
    hyp_codes: str
    slips: Slips
    looping: bool
    label: str = ""


def align_texts(truth: str, hyp: str, split: Splitter) -> Aligned:
    """Split truth and answer into tokens and align them.

    >>> align_texts("我们 go", "我们", str.split).blocks
    [('equal', 0, 1, 0, 1), ('delete', 1, 2, 1, 1)]
    """
    truth_tokens, hyp_tokens = split(truth), split(hyp)
    return Aligned(truth, hyp, truth_tokens, hyp_tokens, align_blocks(truth_tokens, hyp_tokens))


def answer_of(aligned: Aligned, label: str = "") -> Answer:
    """Count what an alignment says.

    >>> answer_of(align_texts("我 go", "我 去", str.split)).counts
    Counts(hits=1, substitutions=1, deletions=0, insertions=0)
    """
    truth, hyp, truth_tokens, hyp_tokens, blocks = aligned
    truth_codes, hyp_codes = language_codes(truth_tokens), language_codes(hyp_tokens)
    slips = find_slips(blocks, truth_codes, hyp_codes)
    looping = bool(slips.kinds) and is_loop(hyp, hyp_tokens, truth, truth_tokens)
    counts = count(slips.kinds, len(truth_tokens))
    return Answer(truth, hyp, counts, truth_codes, hyp_codes, slips, looping, label)
