"""Keep the pairs whose gap between chosen and rejected is usual.

The filter of β-DPO (Wu et al. 2024, arXiv 2407.08639) over a whole file: gaps come from the
pairs' own scores, such as a model's log-ratios or a reward.
Departure: mean and standard deviation of the file, where the paper keeps running ones.
"""

import math
from array import array
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from earmark.curate.fields import Missing, scores_of, unscored
from earmark.curate.settled import settled
from earmark.curate.verdict import Drop, Keep, Stream, Verdict
from earmark.errors import KnobError, check_seed
from earmark.records import Pair

# Of the largest score: gaps that differ by less are equal except for the rounding of subtraction.
ROUNDING = 1e-9


def gap_filter(
    pairs: Stream,
    *,
    criterion: str = "",
    keep_share: float = 0.8,
    seed: int = 0,
    missing: Missing = "stop",
) -> Iterator[Verdict]:
    """Keep a share of the pairs, drawn without replacement, those near the mean gap more often.

    p(keep i) ∝ exp(−(Mᵢ − M₀)² / 2σ²)

    A wide gap is as far from the mean as a reversed one: wide correct pairs are dropped with
    the mislabelled ones. With all gaps equal every pair weighs the same. Pairs that were drawn have
    a record of it, and are kept when the same step meets them again.

    Args:
        pairs: each needs scores for the criterion.
        criterion: the name of the scores; the gap is chosen minus the first rejected.
        keep_share: share of the pairs to keep, from 0 to 1; at least one is kept.
        seed: of the draw.
        missing: whether a pair without scores stops the work or is dropped.

    Raises:
        InputError: pairs without such scores.
        KnobError: a share that is not above 0 and at most 1, or a seed below 0.
    """
    check_share(keep_share)
    check_seed(seed)
    step = {"by": "gap", "criterion": criterion, "keep_share": keep_share, "seed": seed}
    return _verdicts(pairs, step, missing)


def _verdicts(pairs: Stream, step: dict[str, Any], missing: Missing) -> Iterator[Verdict]:
    criterion, gaps, largest = step["criterion"], array("d"), 0.0
    for pair in pairs:
        if settled(pair, step) is None and unscored(pair, criterion, missing) is None:
            gaps.append(gap_of(pair, criterion))
            largest = max(largest, *(abs(score) for score in pair.scores[criterion][:2]))
    mean = math.fsum(gaps) / max(1, len(gaps))
    std = math.sqrt(math.fsum((gap - mean) ** 2 for gap in gaps) / max(1, len(gaps)))
    equal = std <= ROUNDING * largest
    far = array("d", (0.0 if equal else abs(gap - mean) / std for gap in gaps))
    weights = array("d", (-(distance**2) / 2 for distance in far))
    kept = draw(weights, step["keep_share"], Random(step["seed"])) if len(gaps) else set()
    place = 0
    for pair in pairs:
        if settled(pair, step) is not None:
            yield Keep(pair)
        elif drop := unscored(pair, criterion, missing):
            yield drop
        else:
            why = f"gap {gaps[place]:.3g}, mean {mean:.3g}, std {std:.3g}"
            yield Keep(pair, step) if place in kept else Drop(pair, why)
            place += 1


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
    return chosen - rejected[0]
