"""Read the results of a plan back: numbers by condition, arm and seed, and their differences."""

from collections.abc import Callable, Mapping
from statistics import mean
from typing import NamedTuple

from earmark.experiments.which_objective.cells import Cell, Result, read_result
from earmark.experiments.which_objective.schedule import Plan, base_result, chosen_rate
from earmark.experiments.which_objective.world import World
from earmark.progress import note
from earmark.report.plots.seeds import SeedMean, seed_mean

MONOLINGUAL = ("english", "mandarin")
FAILURES = ("omission", "translation", "hallucination")
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


def read_outcomes(world: World, plan: Plan) -> Outcomes:
    """Return the outcomes of all arms that have been tested, the base model's under each."""
    found: Outcomes = {}
    base = base_result(world)
    for condition in plan.conditions:
        found[condition, BASE] = Outcome(None, False, dict.fromkeys(range(plan.seeds), base))
    for condition, arm in plan.rows():
        rate = chosen_rate(world, condition, arm)
        if rate is None:
            continue
        cells = (Cell(condition, arm, rate, seed) for seed in range(plan.seeds))
        results = {cell.seed: read_result(world.out, cell) or {} for cell in cells}
        tested = {seed: result for seed, result in results.items() if "test" in result}
        failed = sum("failed" in result for result in results.values())
        if tested:
            at_edge = rate in (min(world.scale.rates), max(world.scale.rates))
            found[condition, arm] = Outcome(rate, at_edge, tested, failed)
        elif failed:
            note(f"{condition}, {arm}: every seed failed; it has no row")
    return found


def error_rate(result: Result, *sets: str) -> float:
    """Return the mixed error rate over one or more test sets together.

    >>> error_rate({"test": {"a": {"errors": 1, "tokens": 4}, "b": {"errors": 0, "tokens": 4}}},
    ...            "a", "b")
    0.125
    """
    counts = [result["test"][name] for name in sets]
    return sum(c["errors"] for c in counts) / sum(c["tokens"] for c in counts)


def failure_rate(result: Result, label: str) -> float:
    """Return the share of the code-switched utterances in distribution that have a label."""
    counts = result["test"]["codeswitch"]
    return float(counts["labels"].get(label, 0) / counts["utterances"])


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


def chosen_shift(outcome: Outcome, start_of: Outcome | None) -> float | None:
    """Return how far the chosen answer's log-probability moved in training, in nats.

    Runs with a reference log it. For others the start is taken from a run with a reference and
    the same seed, whose batches are the same; None where there is none.
    """
    shifts = []
    for seed, result in outcome.seeds.items():
        shift = result["chosen_shift"]
        other = start_of.seeds.get(seed) if start_of else None
        if shift is None and other is not None and other["chosen_shift"] is not None:
            start = other["chosen_logps"] - other["chosen_shift"]
            shift = result["chosen_logps"] - start
        if shift is None:
            return None
        shifts.append(shift)
    return mean(shifts)


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
