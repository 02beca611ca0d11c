"""Keep the pairs whose gap between chosen and rejected is usual; and the control of that.

The filter of β-DPO (Wu et al. 2024, arXiv 2407.08639) over a whole file: gaps come from the
pairs' own scores, such as a model's log-ratios or a reward.
Departure: mean and standard deviation of the file, where the paper keeps running ones.
"""

import math
from collections.abc import Sequence
from random import Random

from earmark.curate.verdict import Drop, Keep, Verdict
from earmark.errors import InputError, KnobError, check_seed
from earmark.pairs.rules import are_finite
from earmark.records import Pair

SHOWN = 5
# Of the largest score: gaps that differ by less are equal except for the rounding of subtraction.
ROUNDING = 1e-9


def gap_filter(
    pairs: Sequence[Pair], criterion: str = "", *, keep_share: float = 0.8, seed: int = 0
) -> list[Verdict]:
    """Keep a share of the pairs, drawn without replacement, those near the mean gap more often.

    p(keep i) ∝ exp(−(Mᵢ − M₀)² / 2σ²)

    A wide gap is as far from the mean as a reversed one: wide correct pairs are dropped with
    the mislabelled ones. With all gaps equal every pair weighs the same.

    Args:
        pairs: each needs scores for the criterion.
        criterion: the name of the scores; the gap is chosen minus the first rejected.
        keep_share: share of the pairs to keep, from 0 to 1; at least one is kept.
        seed: of the draw.

    Raises:
        InputError: pairs without such scores.
        KnobError: a share that is not above 0 and at most 1, or a seed below 0.
    """
    check_share(keep_share)
    check_seed(seed)
    gaps = [gap_of(pair, criterion) for pair in checked(pairs, criterion)]
    mean = math.fsum(gaps) / len(gaps)
    std = math.sqrt(math.fsum((gap - mean) ** 2 for gap in gaps) / len(gaps))
    largest = max(abs(score) for pair in pairs for score in scores_of(pair, criterion))
    equal = std <= ROUNDING * largest
    far = [0.0 if equal else abs(gap - mean) / std for gap in gaps]
    kept = draw([-(distance**2) / 2 for distance in far], keep_share, Random(seed))
    return [
        Keep(pair) if i in kept else Drop(pair, f"gap {gap:.3g}, mean {mean:.3g}, std {std:.3g}")
        for i, (pair, gap) in enumerate(zip(pairs, gaps, strict=True))
    ]


def random_drop(
    pairs: Sequence[Pair], criterion: str = "", *, keep_share: float = 0.8, seed: int = 0
) -> list[Verdict]:
    """Keep the same share of the pairs whatever their gaps: the control of `gap_filter`.

    Raises:
        KnobError: a share that is not above 0 and at most 1, or a seed below 0.
    """
    check_share(keep_share)
    check_seed(seed)
    kept = draw([0.0] * len(pairs), keep_share, Random(seed))
    return [Keep(p) if i in kept else Drop(p, "drawn at random") for i, p in enumerate(pairs)]


def check_share(keep_share: float) -> None:
    """Refuse a share that is none.

    Raises:
        KnobError: it is not above 0 and at most 1.
    """
    if not 0 < keep_share <= 1:
        raise KnobError(f"keep_share should be above 0 and at most 1, found {keep_share}")


def draw(log_weights: Sequence[float], keep_share: float, rng: Random) -> set[int]:
    """Draw places without replacement, with probabilities in proportion to their weights.

    In logarithms, so that places too far out for a weight above 0 can still fill the share.

    >>> draw([0.0, -1e6, 0.0], 2 / 3, Random(0))
    {0, 2}
    """
    keys = [weight - math.log(rng.expovariate(1.0)) for weight in log_weights]
    count = max(1, round(keep_share * len(keys)))
    return set(sorted(range(len(keys)), key=keys.__getitem__, reverse=True)[:count])


def gap_of(pair: Pair, criterion: str) -> float:
    """Return the score of the chosen answer minus that of the first rejected one."""
    chosen, rejected = scores_of(pair, criterion)
    return chosen - rejected


def scores_of(pair: Pair, criterion: str) -> list[float]:
    """Return the scores of the chosen answer and of the first rejected one."""
    return pair.scores[criterion][:2]


def checked(pairs: Sequence[Pair], criterion: str) -> Sequence[Pair]:
    """Return the pairs if all have scores, which are finite numbers.

    Raises:
        InputError: names those that have not.
    """
    scores = {pair.id: pair.scores.get(criterion, []) for pair in pairs}
    odd = [name for name, found in scores.items() if not are_finite(found)]
    if odd:
        raise InputError(
            f"{len(odd)} of {len(pairs)} pairs have scores for '{criterion}' that are not all "
            f"finite numbers ({', '.join(odd[:SHOWN])}); correct or remove them"
        )
    bare = [name for name, found in scores.items() if len(found) < 2]
    if bare or not pairs:
        known = sorted({name for pair in pairs for name in pair.scores})
        raise InputError(
            f"{len(bare)} of {len(pairs)} pairs have no scores for '{criterion}' of chosen and "
            f"rejected ({', '.join(bare[:SHOWN])}); there are: {', '.join(known) or 'none'}"
        )
    return pairs
