"""Unanimity of several criteria: the pairs of GenSR-Pref."""

from earmark.errors import KnobError
from earmark.pairs.relations.relation import (
    Criteria,
    Preferred,
    Unpaired,
    Verdicts,
    each_two,
    of_prompt,
    too_few,
)
from earmark.records import Candidate, Candidates

DISAGREE = "the criteria disagree"
TIED = "equal on a criterion, or nearer than the margin"


def unanimous(row: Candidates, *, by: Criteria = (), margin: float = 0.0) -> Verdicts:
    """Prefer an answer to another one that it beats on every criterion: strict Pareto dominance.

    GenSR-Pref (arXiv 2508.17229): NISQA, DNSMOS, SpeechBERTScore and speaker similarity must all
    agree. Most pairs are lost to disagreement, and the tally says how many. The paper warns that
    the truth as a fixed winner collapses the model: here both sides are candidates.

    Inferred: no margin (the paper names none), and all pairs of a prompt are kept.

    >>> from earmark.records import Candidate
    >>> scores = [{"mos": 4, "sim": 0.9}, {"mos": 3, "sim": 0.8}, {"mos": 2, "sim": 0.95}]
    >>> row = Candidates("r", [], [Candidate(text, s) for text, s in zip("abc", scores)])
    >>> found = unanimous(row, by=("mos", "sim"))
    >>> [v.chosen.content + v.rejected.content if len(v) == 2 else v.why for v in found]
    ['ab', 'the criteria disagree', 'the criteria disagree']

    Args:
        row: a prompt with its candidates.
        by: the criteria; where none is named, all that the file has.
        margin: by how much an answer must beat the other on each criterion, more than.

    Raises:
        KnobError: `margin` is below 0.
    """
    if margin < 0:
        raise KnobError(f"unanimous: margin should be 0 or more, found {margin}")
    if why := too_few(row):
        yield of_prompt(why)
    for one, other in each_two(row):
        if beats(one, other, by, margin):
            yield Preferred(one, other)
        elif beats(other, one, by, margin):
            yield Preferred(other, one)
        else:
            yield Unpaired(DISAGREE if _disagree(one, other, by, margin) else TIED)


def beats(one: Candidate, other: Candidate, by: tuple[str, ...], margin: float) -> bool:
    """Say whether an answer is better than another on every criterion, by more than a margin."""
    return all(one.scores[name] - other.scores[name] > margin for name in by)


def _disagree(one: Candidate, other: Candidate, by: tuple[str, ...], margin: float) -> bool:
    """Say whether one criterion is for an answer and another one for the other."""
    gaps = [one.scores[name] - other.scores[name] for name in by]
    return max(gaps) > margin and min(gaps) < -margin
