"""Keep the pairs of prompts whose answers differ, and not too wildly (SPA)."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from earmark.curate.fields import Missing, unscored
from earmark.curate.prompt_groups import Criteria, best_place, by_prompt, key_of, two_criteria
from earmark.curate.settled import settled
from earmark.curate.verdict import Drop, Keep, Stream, Verdict
from earmark.errors import KnobError

# Two answers lie on a line, so that their covariance has no volume.
FEWEST = 3


def informativeness(
    pairs: Stream,
    *,
    criteria: str,
    percentile: float = 32.0,
    most: float | None = None,
    refined: bool = True,
    missing: Missing = "stop",
) -> Iterator[Verdict]:
    """Keep pairs of prompts with 0 < det Σ <= τ, Σ the covariance of their answers' two scores.

    SPA (arXiv 2511.06222): 0 is uninformative, above τ unstable; the refined answer is left out of
    Σ. Departure: τ is not given in the paper; the 32nd percentile of det Σ above 0 is inferred from
    its study of stability. Departure: Σ is the population covariance, which the paper leaves open,
    and the refined answer is taken to be the one that is strictly the best on both criteria.

    The limit that a pair passed is recorded with it.

    Args:
        pairs: all answers of a prompt count, in one pair or several.
        criteria: two criteria with a plus sign, the one with priority first.
        percentile: of det Σ over prompts where it is above 0, from 0 to 100; it gives τ.
        most: τ itself, instead of a percentile.
        refined: whether the strictly best answer is left out of Σ.
        missing: whether a pair without scores stops the work or is dropped.

    Raises:
        KnobError: not two criteria, or no percentile or τ.
    """
    limit = percentile if most is None else most
    bound = 100.0 if most is None else math.inf
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 <= limit <= bound:
        what = "percentile should be from 0 to 100" if most is None else "most should be at least 0"
        raise KnobError(f"{what}, found {limit!r}")
    names = two_criteria(criteria)
    step = {"by": "informativeness", "criteria": criteria, "refined": refined}
    step |= {"percentile": percentile} if most is None else {"most": most}
    return _verdicts(pairs, names, step, missing)


def volume(scores: np.ndarray, refined: bool) -> float:
    """Return det Σ of the scores of the answers of a prompt; 0 of fewer than three.

    Args:
        scores: shape (answers, 2).
        refined: whether the strictly best answer is left out.

    >>> round(volume(np.array([[0, 0], [2, 0], [0, 2]]), refined=False), 3)
    0.593
    """
    best = best_place(scores) if refined else None
    sampled = scores if best is None else np.delete(scores, best, axis=0)
    if len(sampled) < FEWEST:
        return 0.0
    # Rounding leaves a little of a volume that is 0: of scores that lie on a line.
    (a, b), (_, d) = np.cov(sampled.T, ddof=0)
    found = float(a * d - b * b)
    return found if found > 1e-9 * max(float(a * d), 1e-300) else 0.0


def _verdicts(
    pairs: Stream, criteria: Criteria, step: dict[str, Any], missing: Missing
) -> Iterator[Verdict]:
    volumes = by_prompt(
        pairs,
        criteria,
        missing,
        lambda pair: settled(pair, step) is not None,
        lambda scores: volume(scores, step["refined"]),
    )
    above = [found for found in volumes.values() if found > 0]
    limit = step.get("most")
    if limit is None:
        limit = float(np.percentile(above, step["percentile"])) if above else 0.0
    for pair in pairs:
        if settled(pair, step) is not None:
            yield Keep(pair)
        elif drop := next(filter(None, (unscored(pair, name, missing) for name in criteria)), None):
            yield drop
        else:
            found = volumes[key_of(pair)]
            if found <= 0:
                yield Drop(pair, "the scores of the prompt's answers have no covariance")
            elif found > limit:
                yield Drop(pair, f"det of the scores' covariance is {found:.3g}, above {limit:.3g}")
            else:
                yield Keep(pair, {**step, "limit": limit})
