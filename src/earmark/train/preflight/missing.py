"""Say before training which rows lack what the objective needs."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from earmark.errors import InputError, KnobError
from earmark.objectives.contract.signature import Contract
from earmark.objectives.lexicographic import lexicographic_score
from earmark.pairs.scores import are_finite
from earmark.progress import note
from earmark.records import Pair
from earmark.train.data.pair_file import Pairs

SHOWN = 5
# Of the first criterion's range; about the half point of ten that judges' scores are good for.
USUAL_TIE = 0.05


class Lacking:
    """Collects which rows lack what; only the first few are kept, all are counted.

    Raises:
        KnobError: the objective needs scores and no criterion is named.
    """

    def __init__(self, pairs: Pairs, needs: Contract, criterion: str) -> None:
        if needs.needs_scores and not criterion:
            known = sorted(pairs[0].scores)
            raise KnobError(
                "this objective needs scores: name the criterion with --criterion; the pairs have "
                f"{', '.join(known) or 'none'}"
            )
        self.needs_rejected = needs.needs_rejected
        self.wants_several = "losers" in needs.tensors
        self.criteria = criterion.split(",") if needs.needs_scores else []
        self.count = 0
        self.shown: list[str] = []
        self.single = 0
        self.single_shown: list[str] = []

    def look(self, pair: Pair) -> list[str]:
        """Note what a pair lacks, and return it."""
        found = [f"'{pair.id}' {what}" for what in lacks(pair, self.needs_rejected, self.criteria)]
        self.count += len(found)
        self.shown += found[: SHOWN - len(self.shown)]
        if self.wants_several and len(pair.losers) == 1:
            self.single += 1
            self.single_shown += [f"'{pair.id}'"][: SHOWN - len(self.single_shown)]
        return found

    def check(self, pairs: int) -> None:
        """Refuse pairs that lack something.

        Raises:
            InputError: names the first rows that lack something, and what.
        """
        if self.count:
            more = self.count - len(self.shown)
            raise InputError(
                f"{self.count} of {pairs} pairs lack what the objective needs: "
                f"{'; '.join(self.shown)}{f'; and {more} more' if more else ''}. "
                "Leave them out, set them aside with --on-error skip, or choose another objective"
            )
        if self.single:
            more = self.single - len(self.single_shown)
            note(
                f"{self.single} of {pairs} pairs have one rejected answer, where this objective "
                f"compares several: {', '.join(self.single_shown)}"
                f"{f' and {more} more' if more else ''}. For them it is the loss of a pair"
            )


def lacks(pair: Pair, needs_rejected: bool, criteria: Sequence[str]) -> Iterator[str]:
    """Say what a pair lacks, if anything."""
    if needs_rejected and not pair.losers:
        yield "has no rejected answer"
    for name in criteria:
        yield from lacks_scores(pair, name)


def lacks_scores(pair: Pair, name: str) -> Iterator[str]:
    """Say whether a criterion has not one finite number for each candidate."""
    candidates, found = 1 + len(pair.losers), pair.scores.get(name)
    if found is None:
        yield f"has no scores for '{name}'"
    elif not are_finite(found):
        yield f"has scores for '{name}' that are not all finite numbers: {found!r}"
    elif len(found) != candidates:
        yield f"has {len(found)} scores for '{name}', of {candidates} candidates"


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
