"""Student's t: how rarely a mean this far from zero comes by chance."""

import math

MOST_TERMS = 500
SMALLEST = 1e-300
PRECISION = 1e-15


def two_sided_p(t: float, freedom: int) -> float:
    """Return the probability of a Student's t at least as far from 0 as `t`.

    p = I(ν / (ν + t²); ν / 2, 1 / 2), the regularized incomplete beta function.

    >>> round(two_sided_p(2.5706, 5), 4), round(two_sided_p(-12.7062, 1), 4)
    (0.05, 0.05)
    >>> two_sided_p(0.0, 3), two_sided_p(math.inf, 3)
    (1.0, 0.0)

    Raises:
        ValueError: fewer than one degree of freedom.
    """
    if freedom < 1:
        raise ValueError(f"freedom is {freedom}; expected 1 or more")
    if math.isinf(t):
        return 0.0
    return _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularized incomplete beta function I(x; a, b)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    # The continued fraction converges fast on this side of the mean, the other by symmetry.
    if x < (a + 1) / (a + b + 2):
        return front * _continued_fraction(a, b, x) / a
    return 1 - front * _continued_fraction(b, a, 1 - x) / b


def _continued_fraction(a: float, b: float, x: float) -> float:
    """Evaluate the continued fraction of I(x; a, b) by Lentz's method (DLMF 8.17.22)."""
    above, below = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = below
    for m in range(1, MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            below = 1 / _away_from_zero(1 + term * below)
            above = _away_from_zero(1 + term / above)
            value *= above * below
        if abs(above * below - 1) < PRECISION:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > SMALLEST else SMALLEST
