"""Show what several seeds say together: the mean, its interval, and every seed as a dot."""

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import NormalDist, mean, stdev
from typing import NamedTuple

from matplotlib.figure import Figure

from earmark.report.plots.bars import Bar, error_bars
from earmark.report.plots.svg import SCREEN, Palette

# Student's t, two-sided 95 %, for 1 to 10 degrees of freedom.
T_95 = (12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281)


class SeedMean(NamedTuple):
    """A mean over seeds with its 95 % interval; no interval for a single seed."""

    mean: float
    low: float | None
    high: float | None


def seed_mean(rates: Sequence[float]) -> SeedMean:
    """Average rates over seeds, with the 95 % interval of Student's t.

    The interval takes the seeds as a sample of all seeds; it says nothing of other test sets.

    >>> seed_mean([0.10, 0.12, 0.14]).mean.__round__(3), seed_mean([0.1]).low
    (0.12, None)

    Raises:
        ValueError: no rates.
    """
    if not rates:
        raise ValueError("expected the rate of at least one seed, found none")
    if len(rates) == 1:
        return SeedMean(rates[0], None, None)
    half = t_95(len(rates) - 1) * stdev(rates) / sqrt(len(rates))
    middle = mean(rates)
    return SeedMean(middle, middle - half, middle + half)


def t_95(freedom: int) -> float:
    """Return the two-sided 95 % quantile of Student's t.

    From a table up to 10 degrees of freedom; beyond, by the Cornish-Fisher expansion to the
    third order, which is right to three decimals there.

    >>> t_95(4), round(t_95(20), 3)
    (2.7764, 2.086)
    """
    if freedom <= len(T_95):
        return T_95[freedom - 1]
    z = NormalDist().inv_cdf(0.975)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3


def seed_bars(
    rates: Mapping[str, Sequence[float]],
    *,
    title: str,
    top: float | None = None,
    palette: Palette = SCREEN,
) -> Figure:
    """Draw each system's mean rate over seeds with its interval and a dot per seed."""
    bars = [Bar(system, *seed_mean(of), dots=tuple(of)) for system, of in rates.items()]
    return error_bars(bars, title=title, top=top, palette=palette)
