"""Success at the least cost, with Copeland's winner: the pairs of learned conventions."""

from collections.abc import Callable, Sequence

from earmark.errors import KnobError, did_you_mean
from earmark.pairs.relations.relation import (
    Criterion,
    MaybeCriterion,
    Preferred,
    Unpaired,
    Verdicts,
    of_prompt,
    text_of,
    too_few,
)
from earmark.records import Candidate, Candidates
from earmark.text import tokenize

# Whether an answer beats another, from whether each succeeds and what each costs.
RULES: dict[str, Callable[[bool, float, bool, float], bool]] = {
    "both": lambda right, cost, other_right, other_cost: (
        right and (cost < other_cost or not other_right)
    ),
    "success": lambda right, cost, other_right, other_cost: right and not other_right,
    "cost": lambda right, cost, other_right, other_cost: cost < other_cost,
}
SELECTORS = ("copeland", "all")


def success_and_cost(
    row: Candidates,
    *,
    success: Criterion = "",
    cost: MaybeCriterion = "",
    rule: str = "both",
    selector: str = "copeland",
    right: float = 1.0,
) -> Verdicts:
    """Prefer an answer that succeeds to one that fails, and of two that succeed the cheaper one.

    Success and Cost (arXiv 2510.24023): u1 beats u2 if correct(u1) and (len(u1) < len(u2) or not
    correct(u2)). The pairs of a prompt are those of Copeland's winners: the answers that beat most
    others. Where none beats another there is no pair.

    Departure: without `cost`, an answer costs its tokens of `earmark.text`, and not spaCy's.

    >>> from earmark.records import Candidate
    >>> texts = {"the tall red one": 1, "red one": 1, "one": 0}
    >>> row = Candidates("r", [], [Candidate(text, {"right": n}) for text, n in texts.items()])
    >>> found = success_and_cost(row, success="right")
    >>> [(v.chosen.content, v.rejected.content) for v in found if len(v) == 2]
    [('red one', 'the tall red one'), ('red one', 'one')]

    Args:
        row: a prompt with its candidates.
        success: the criterion of success; where it is not named, the only one of the file.
        cost: a criterion whose negative is the cost, since higher scores are better; without, an
            answer costs its tokens.
        rule: both; success alone; or cost alone. The two last are the paper's controls.
        selector: copeland, or all: every answer that beats another.
        right: an answer succeeds where its score is at least this.

    Raises:
        KnobError: no such rule or selector.
    """
    for name, known, given in (("rule", list(RULES), rule), ("selector", SELECTORS, selector)):
        if given not in known:
            raise KnobError(f"success_and_cost: no {name} '{given}'; {did_you_mean(given, known)}")
    if why := too_few(row):
        yield of_prompt(why)
        return
    facts = [(each.scores[success] >= right, cost_of(each, cost)) for each in row.candidates]
    beats = [[RULES[rule](*one, *other) for other in facts] for one in facts]
    kept = winners(beats) if selector == "copeland" else range(len(beats))
    if not any(map(any, beats)):
        yield of_prompt("no answer beats another")
        return
    for i, one in enumerate(row.candidates):
        for j, other in enumerate(row.candidates):
            if beats[i][j]:
                won = Preferred(one, other)
                yield won if i in kept else Unpaired("not a pair of one that beats the most")


def winners(beats: Sequence[Sequence[bool]]) -> list[int]:
    """Return Copeland's winners: those that beat the most others; none where none beats another.

    >>> winners([[False, True, True], [False, False, True], [False, False, False]])
    [0]
    >>> winners([[False, True, False], [False, False, True], [True, False, False]])  # a cycle
    [0, 1, 2]

    Args:
        beats: whether the answer of a row beats that of a column.
    """
    wins = [sum(row) for row in beats]
    most = max(wins, default=0)
    return [at for at, count in enumerate(wins) if count == most > 0]


def cost_of(candidate: Candidate, criterion: str) -> float:
    """Return what an answer costs: minus its score, or its tokens where no criterion is named."""
    if criterion:
        return -candidate.scores[criterion]
    return len(tokenize(text_of(candidate)))
