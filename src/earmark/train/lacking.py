"""Say before training which rows lack what the objective needs."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from earmark.errors import InputError, KnobError
from earmark.objectives.contract import Contract
from earmark.objectives.lexicographic import lexicographic_score
from earmark.records import Pair

SHOWN = 5


def check_rows(pairs: Sequence[Pair], needs: Contract, criterion: str) -> None:
    """Refuse pairs that lack what an objective needs.

    Raises:
        KnobError: the objective needs scores and no criterion is named.
        InputError: names the first rows that lack something, and what.
    """
    if needs.needs_scores and not criterion:
        known = sorted({name for pair in pairs for name in pair.scores})
        raise KnobError(
            "this objective needs scores: name the criterion with --criterion; the pairs have "
            f"{', '.join(known) or 'none'}"
        )
    lacking = [(pair.id, what) for pair in pairs for what in lacks(pair, needs, criterion)]
    if not lacking:
        return
    shown = "; ".join(f"'{id_}' {what}" for id_, what in lacking[:SHOWN])
    more = f"; and {len(lacking) - SHOWN} more" if len(lacking) > SHOWN else ""
    raise InputError(
        f"{len(lacking)} of {len(pairs)} pairs lack what the objective needs: {shown}{more}. "
        "Leave them out or choose another objective"
    )


def lacks(pair: Pair, needs: Contract, criterion: str) -> Iterator[str]:
    """Say what a pair lacks, if anything."""
    if needs.needs_rejected and not pair.losers:
        yield "has no rejected answer"
    if needs.needs_scores:
        for name in criterion.split(","):
            yield from lacks_scores(pair, name)


def lacks_scores(pair: Pair, name: str) -> Iterator[str]:
    """Say whether a criterion has not one number for each candidate."""
    candidates = 1 + len(pair.losers)
    if name not in pair.scores:
        yield f"has no scores for '{name}'"
    elif len(pair.scores[name]) != candidates:
        yield f"has {len(pair.scores[name])} scores for '{name}', of {candidates} candidates"


class Criterion(NamedTuple):
    """What candidates are scored by: a name, and perhaps a second one that decides ties.

    `least` and `most` bound the second one's values over the training set.
    """

    first: str
    second: str | None = None
    least: float = 0.0
    most: float = 0.0


def criterion_of(pairs: Sequence[Pair], text: str) -> Criterion:
    """Read one name, or two with a comma between them of which the first counts first.

    Raises:
        KnobError: more than two names.
    """
    first, *others = text.split(",")
    if len(others) > 1:
        raise KnobError(f"--criterion takes one name or two, found {text!r}")
    if not others:
        return Criterion(first)
    values = [score for pair in pairs for score in pair.scores[others[0]]]
    return Criterion(first, others[0], min(values), max(values))


def one_score_each(pair: Pair, criterion: Criterion) -> list[float]:
    """Return one number for each candidate, chosen first; of two criteria the first decides."""
    scores = [float(score) for score in pair.scores[criterion.first]]
    if criterion.second is None:
        return scores
    others = [float(score) for score in pair.scores[criterion.second]]
    bounds = {"second_least": criterion.least, "second_most": criterion.most}
    return [lexicographic_score(a, b, **bounds) for a, b in zip(scores, others, strict=True)]
