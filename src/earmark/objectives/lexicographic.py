"""Make one score of two criteria, of which the first always decides."""

import math

from earmark.errors import InputError, KnobError


def lexicographic_score(
    first: float,
    second: float,
    *,
    second_least: float = 1.0,
    second_most: float = 10.0,
    tie_eps: float = 0.5,
) -> float:
    """Return a score that is higher if the first criterion is, or on a tie if the second is.

    score = λ·step(first) + second,  λ = (second_most − second_least) + 1
    step(first) = ⌊first / tie_eps + ½⌋

    One step of the first criterion is worth one point more than the second can make up. Two
    values of the first are a tie if they fall on the same step: a plain "closer than tie_eps"
    is no order (a ties with b and b with c, but a not with c), so no score can have it.

    By hand: on a scale from 1 to 10, first 8 is step 16 and λ is 10: with second 3 the score is
    163; first 7.5 (step 15) with second 10 has 160 only.

    Args:
        first: the criterion that decides, such as how faithful a transcript is.
        second: the criterion that decides ties.
        second_least: lowest value the second can have.
        second_most: highest value the second can have.
        tie_eps: width of a step of the first, above 0.

    Raises:
        InputError: the second criterion lies outside its bounds, or a value is not finite.
        KnobError: tie_eps is not above 0, or the bounds are the wrong way round.

    Example:
        >>> lexicographic_score(8, 3), lexicographic_score(7.5, 10), lexicographic_score(8.1, 3.5)
        (163.0, 160.0, 163.5)

    Source: SPA, Huang et al. 2025, arXiv 2511.06222.

    Inferred: the weight λ and the tie; the paper orders by the first criterion, then the second.
    """
    if not tie_eps > 0:
        raise KnobError(f"tie_eps should be above 0, found {tie_eps}")
    if not second_least <= second_most:
        raise KnobError(f"second_least {second_least} should not exceed second_most {second_most}")
    if not math.isfinite(first):
        raise InputError(f"the first score should be a finite number, found {first}")
    if not second_least <= second <= second_most:
        raise InputError(
            f"the second score should lie between {second_least} and {second_most}, found {second}"
        )
    step = math.floor(first / tie_eps + 0.5)
    return (second_most - second_least + 1) * step + second
