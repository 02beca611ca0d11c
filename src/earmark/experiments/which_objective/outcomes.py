"""Read the results of a plan back: numbers by condition, arm and seed, and their differences."""

from statistics import mean

from earmark.experiments.cells import Result
from earmark.experiments.outcomes import BASE, Outcome, Outcomes, read_outcome
from earmark.experiments.which_objective.schedule import Plan, base_result
from earmark.experiments.which_objective.world import World

MONOLINGUAL = ("english", "mandarin")
FAILURES = ("omission", "translation", "hallucination")


def read_outcomes(world: World, plan: Plan) -> Outcomes:
    """Return the outcomes of all arms that have been tested, the base model's under each."""
    found: Outcomes = {}
    base = base_result(world)
    for condition in plan.conditions:
        found[condition, BASE] = Outcome(None, False, dict.fromkeys(range(plan.seeds), base))
    for condition, arm in plan.rows():
        outcome = read_outcome(world.out, world.scale, condition, arm, plan.seeds)
        if outcome is not None:
            found[condition, arm] = outcome
    return found


def failure_rate(result: Result, label: str) -> float:
    """Return the share of the code-switched utterances in distribution that have a label."""
    counts = result["test"]["codeswitch"]
    return float(counts["labels"].get(label, 0) / counts["utterances"])


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
