"""Best against worst: one pair a prompt, the usual way to make pairs from sampled answers."""

from earmark.pairs.relations.relation import (
    Criterion,
    Preferred,
    Verdicts,
    of_prompt,
    too_few,
)
from earmark.records import Candidates


def best_worst(row: Candidates, *, by: Criterion = "") -> Verdicts:
    """Prefer the candidate with the highest score to the one with the lowest.

    Of several with the same score the first is taken. Where all scores are equal there is no pair.
    As Magpie makes its preference set (arXiv 2406.08464): five answers, best against worst by a
    reward model.

    >>> from earmark.records import Candidate
    >>> row = Candidates("r", [], [Candidate(text, {"s": n}) for text, n in zip("abc", [1, 3, 2])])
    >>> [(pair.chosen.content, pair.rejected.content) for pair in best_worst(row, by="s")]
    [('b', 'a')]

    Args:
        row: a prompt with its candidates.
        by: the criterion; where it is not named, the only one that the file has.
    """
    if why := too_few(row):
        yield of_prompt(why)
        return
    best = max(row.candidates, key=lambda each: each.scores[by])
    worst = min(row.candidates, key=lambda each: each.scores[by])
    if best.scores[by] == worst.scores[by]:
        yield of_prompt("all candidates have equal scores")
    else:
        yield Preferred(best, worst)
