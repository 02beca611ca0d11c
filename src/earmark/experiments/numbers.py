"""Write means over seeds, and differences, with their intervals."""

from collections.abc import Sequence

from earmark.report.numbers import NO_BREAK, per_cent, points
from earmark.report.plots.seeds import SeedMean, seed_mean


def with_interval(rates: Sequence[float]) -> str:
    """Write a mean rate with its interval over seeds; no rate lies below 0."""
    middle, low, high = seed_mean(rates)
    if low is None or high is None:
        return per_cent(middle)
    return f"{per_cent(middle)} [{max(100 * low, 0):.1f},{NO_BREAK}{100 * high:.1f}]"


def change(difference: SeedMean | None) -> str:
    """Write a paired difference in points with its interval.

    >>> change(SeedMean(-0.02, -0.03, -0.01)).replace(NO_BREAK, " "), change(None)
    ('−2.0 [−3.0, −1.0]', '')
    """
    if difference is None:
        return ""
    middle, low, high = difference
    if low is None or high is None:
        return points(middle)
    return f"{points(middle)} [{points(low)},{NO_BREAK}{points(high)}]"
