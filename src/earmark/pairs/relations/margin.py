"""Margin: each two candidates whose scores differ by at least so much."""

from earmark.errors import KnobError
from earmark.pairs.relations.relation import (
    SAME_SCORE,
    Criterion,
    Preferred,
    Unpaired,
    Verdicts,
    each_two,
    of_prompt,
    too_few,
)
from earmark.records import Candidates


def margin(row: Candidates, *, by: Criterion = "", least: float) -> Verdicts:
    """Prefer, of each two candidates, the one whose score is higher by `least` or more.

    Departure: the pairs of SHP in DPO's code (arXiv 2305.18290) keep score ratios of at least 2;
    a difference is meaningful for scores of any sign.

    >>> from earmark.records import Candidate
    >>> row = Candidates("r", [], [Candidate(text, {"s": n}) for text, n in zip("abc", [1, 3, 4])])
    >>> [v.chosen.content + v.rejected.content for v in margin(row, by="s", least=2) if len(v) == 2]
    ['ba', 'ca']

    Args:
        row: a prompt with its candidates.
        by: the criterion; where it is not named, the only one that the file has.
        least: the smallest difference of scores, in the criterion's unit; at 0, any.

    Raises:
        KnobError: `least` is below 0.
    """
    if least < 0:
        raise KnobError(f"margin: least should be 0 or more, found {least}")
    if why := too_few(row):
        yield of_prompt(why)
    for one, other in each_two(row):
        gap = one.scores[by] - other.scores[by]
        if gap == 0:
            yield Unpaired(SAME_SCORE)
        elif abs(gap) < least:
            yield Unpaired(f"scores differ by less than {least:g}")
        else:
            yield Preferred(one, other) if gap > 0 else Preferred(other, one)
