"""An answer beside its truth: split and aligned once, then kept as what every metric reads."""

from collections.abc import Sequence
from typing import NamedTuple

from earmark.metrics.slips import Slips, count, find_slips
from earmark.records import Counts
from earmark.text.align import Block, align_blocks
from earmark.text.codeswitching import language_codes
from earmark.text.loops import is_loop
from earmark.text.normalize.plain_texts import Split
from earmark.text.profiles import Splitter


class Aligned(NamedTuple):
    """Truth and answer as texts and as tokens, and how they differ; needed for a moment only.

    `truth_codes` and `hyp_codes` have a letter per token (see `language_codes`). `looping` says
    that the answer repeats itself as the truth does not.
    """

    truth: str
    hyp: str
    truth_tokens: list[str]
    hyp_tokens: list[str]
    blocks: list[Block]
    truth_codes: str
    hyp_codes: str
    looping: bool


class Answer(NamedTuple):
    """What metrics read: both texts, the languages of the tokens, the slips.

    `truth_codes`, `hyp_codes` and `looping` are those of `Aligned`. `label` is the name of the
    failure, empty where nobody named it.
    """

    truth: str
    hyp: str
    truth_codes: str
    hyp_codes: str
    slips: Slips
    looping: bool
    label: str = ""

    @property
    def counts(self) -> Counts:
        """Count the edits."""
        return count(self.slips.kinds, len(self.truth_codes))


NO_SLIPS = Slips("", "", [])


def align_texts(truth: str, hyp: str, split: Splitter) -> Aligned:
    """Split truth and answer into tokens and align them.

    >>> align_texts("我们 go", "我们", str.split).blocks
    [('equal', 0, 1, 0, 1), ('delete', 1, 2, 1, 1)]
    """
    said, written = split(truth), split(hyp)
    return align_tokens(truth, hyp, _with_codes(said), _with_codes(written))


def align_tokens(
    truth: str, hyp: str, said: Split, written: Split, known: Sequence[Block] | None = None
) -> Aligned:
    """Align truth and answer that have been split into tokens; `known` is an alignment made before.

    >>> align_tokens("我 go", "go", Split(["我", "go"], "ze"), Split(["go"], "e")).blocks
    [('delete', 0, 1, 0, 0), ('equal', 1, 2, 0, 1)]
    """
    (truth_tokens, truth_codes), (hyp_tokens, hyp_codes) = said, written
    if truth_tokens == hyp_tokens:
        tokens = len(truth_tokens)
        blocks: list[Block] = [("equal", 0, tokens, 0, tokens)] if tokens else []
        looping = False
    else:
        blocks = align_blocks(truth_tokens, hyp_tokens) if known is None else list(known)
        looping = is_loop(hyp, hyp_tokens, truth, truth_tokens)
    return Aligned(truth, hyp, truth_tokens, hyp_tokens, blocks, truth_codes, hyp_codes, looping)


def _with_codes(tokens: list[str]) -> Split:
    return Split(tokens, language_codes(tokens))


def answer_of(aligned: Aligned, label: str = "") -> Answer:
    """Keep what an alignment says.

    >>> answer_of(align_texts("我 go", "我 去", str.split)).counts
    Counts(hits=1, substitutions=1, deletions=0, insertions=0)
    """
    truth, hyp, truth_tokens, hyp_tokens, blocks, truth_codes, hyp_codes, looping = aligned
    is_right = truth_tokens == hyp_tokens
    slips = NO_SLIPS if is_right else find_slips(blocks, truth_codes, hyp_codes)
    return Answer(truth, hyp, truth_codes, hyp_codes, slips, looping, label)
