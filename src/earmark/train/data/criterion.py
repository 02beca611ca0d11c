"""What candidates are scored by: one criterion, or two of which the first decides."""

from collections.abc import Sequence
from typing import NamedTuple

from earmark.errors import KnobError
from earmark.objectives.lexicographic import lexicographic_score
from earmark.pairs.pair_file import Pairs
from earmark.progress import note
from earmark.records import Pair

# Of the first criterion's range; about the half point of ten that judges' scores are good for.
USUAL_TIE = 0.05


class Criterion(NamedTuple):
    """What candidates are scored by: a name, and perhaps a second one that decides ties.

    `least` and `most` bound the second one's values over the training set; `tie` is the width of
    a step of the first.
    """

    first: str
    second: str | None = None
    least: float = 0.0
    most: float = 0.0
    tie: float = 0.0


class Range(NamedTuple):
    """The lowest and the highest value seen."""

    least: float = float("inf")
    most: float = float("-inf")

    def add(self, values: Sequence[float]) -> "Range":
        """Return the range with more values in it."""
        return Range(min(self.least, *values), max(self.most, *values))


def criterion_of(pairs: Pairs, text: str, tie: float | None = None) -> Criterion:
    """Read one name, or two with a comma between them of which the first counts first.

    Values of the first that fall on the same step of width `tie` are equal; without a width it
    is a twentieth of the range that they have.

    Raises:
        KnobError: more than two names.
    """
    first, *others = text.split(",")
    if len(others) > 1:
        raise KnobError(f"--criterion takes one name or two, found {text!r}")
    if not others:
        return Criterion(first)
    deciding, second = Range(), Range()
    for pair in pairs:
        deciding = deciding.add(pair.scores[first])
        second = second.add(pair.scores[others[0]])
    width = (deciding.most - deciding.least) * USUAL_TIE if tie is None else tie
    note(f"criterion: '{first}' in steps of {width:.3g}; on the same step '{others[0]}' decides")
    return Criterion(first, others[0], *second, tie=width or 1.0)


def one_score_each(pair: Pair, criterion: Criterion) -> list[float]:
    """Return one number for each candidate, chosen first; of two criteria the first decides."""
    scores = [float(score) for score in pair.scores[criterion.first]]
    if criterion.second is None:
        return scores
    others = [float(score) for score in pair.scores[criterion.second]]
    bounds = {"second_least": criterion.least, "second_most": criterion.most}
    bounds["tie_eps"] = criterion.tie
    return [lexicographic_score(a, b, **bounds) for a, b in zip(scores, others, strict=True)]


SHOWN = 5
