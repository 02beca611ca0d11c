"""What arms reached, seed by seed, and their differences to a control."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from earmark.experiments.cells import Cell, Result, Tries, chosen_rate, read_result
from earmark.progress import note
from earmark.report.plots.seeds import SeedMean, seed_mean

BASE = "base"


class Outcome(NamedTuple):
    """What an arm reached under a condition: the rate that was chosen, and a result per seed.

    `failed` counts seeds whose loss became NaN; they have no result.
    """

    rate: float | None
    at_edge: bool
    seeds: Mapping[int, Result]
    failed: int = 0


Outcomes = dict[tuple[str, str], Outcome]


def read_outcome(out: Path, tries: Tries, condition: str, arm: str, seeds: int) -> Outcome | None:
    """Read what an arm reached; None before its rate is chosen and a seed is tested.

    An arm of which every seed failed has none either, which is noted.
    """
    rate = chosen_rate(out, tries, condition, arm)
    if rate is None:
        return None
    cells = (Cell(condition, arm, rate, seed) for seed in range(seeds))
    results = {cell.seed: read_result(out, cell) or {} for cell in cells}
    tested = {seed: result for seed, result in results.items() if "test" in result}
    failed = sum("failed" in result for result in results.values())
    if not tested:
        if failed:
            note(f"{condition}, {arm}: every seed failed; it has no row")
        return None
    at_edge = rate in (min(tries.rates), max(tries.rates))
    return Outcome(rate, at_edge, tested, failed)


def error_rate(result: Result, *sets: str) -> float:
    """Return the mixed error rate over one or more test sets together.

    >>> error_rate({"test": {"a": {"errors": 1, "tokens": 4}, "b": {"errors": 0, "tokens": 4}}},
    ...            "a", "b")
    0.125
    """
    counts = [result["test"][name] for name in sets]
    return sum(c["errors"] for c in counts) / sum(c["tokens"] for c in counts)


def rates_of(outcome: Outcome, *sets: str) -> list[float]:
    """Return one mixed error rate per seed."""
    return [error_rate(result, *sets) for result in outcome.seeds.values()]


def paired(outcome: Outcome, control: Outcome | None, *sets: str) -> SeedMean | None:
    """Average the difference of mixed error rates to a control over the seeds that both have."""
    return paired_by(lambda result: error_rate(result, *sets), outcome, control)


def paired_by(
    measure: Callable[[Result], float], outcome: Outcome, control: Outcome | None
) -> SeedMean | None:
    """Average the difference of a measure to a control over the seeds that both have.

    Under one condition each difference is of two runs on the same pairs in the same order, so
    what a seed does to both drops out. None where no seed has both.
    """
    shared = sorted(outcome.seeds.keys() & control.seeds.keys()) if control else []
    if control is None or not shared:
        return None
    return seed_mean(
        [measure(outcome.seeds[seed]) - measure(control.seeds[seed]) for seed in shared]
    )


def verdict(difference: SeedMean | None) -> str:
    """Say in words what a paired difference of error rates shows.

    >>> verdict(SeedMean(-0.02, -0.03, -0.01)), verdict(SeedMean(0.01, -0.01, 0.03))
    ('lower', 'not shown')
    >>> verdict(SeedMean(-0.02, None, None)), verdict(None)
    ('one seed', 'not run')
    """
    if difference is None:
        return "not run"
    if difference.low is None or difference.high is None:
        return "one seed"
    if difference.high < 0:
        return "lower"
    return "higher" if difference.low > 0 else "not shown"
