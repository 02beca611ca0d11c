"""All pairs: each two candidates whose scores differ, the higher one chosen."""

from earmark.pairs.relations.margin import margin
from earmark.pairs.relations.relation import Criterion, Verdicts
from earmark.records import Candidates


def all_pairs(row: Candidates, *, by: Criterion = "") -> Verdicts:
    """Prefer, of each two candidates, the one with the higher score.

    As DPO (arXiv 2305.18290) orders the answers of StackExchange: all i < j by score.

    >>> from earmark.records import Candidate
    >>> row = Candidates("r", [], [Candidate(text, {"s": n}) for text, n in zip("abc", [1, 3, 1])])
    >>> [v.chosen.content + v.rejected.content for v in all_pairs(row, by="s") if len(v) == 2]
    ['ba', 'bc']

    Args:
        row: a prompt with its candidates.
        by: the criterion; where it is not named, the only one that the file has.
    """
    return margin(row, by=by, least=0.0)
