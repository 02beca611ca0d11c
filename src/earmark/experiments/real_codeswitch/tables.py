"""The tables: what arms reached, differences to SFT of equal steps, failures, the answers."""

from collections.abc import Callable, Sequence
from statistics import mean

from earmark.experiments.cells import Result
from earmark.experiments.numbers import change, with_interval
from earmark.experiments.outcomes import (
    BASE,
    Outcome,
    error_rate,
    paired,
    rates_of,
    read_outcome,
    verdict,
)
from earmark.experiments.real_codeswitch.arms import ARMS, SFT
from earmark.experiments.real_codeswitch.schedule import CONDITION, base_result
from earmark.experiments.real_codeswitch.sets import (
    ENGLISH,
    HELD_OUT_SET,
    MANDARIN,
    MIXED,
    PEOPLE,
    WORDS,
)
from earmark.experiments.real_codeswitch.world import World
from earmark.report.numbers import per_cent
from earmark.report.tables import Table

LABELS = ("omission", "translation", "hallucination", "format")
SETS = (MIXED, HELD_OUT_SET, WORDS, ENGLISH, MANDARIN, PEOPLE)
# Continued SFT of as many steps is what a second stage is compared with.
CONTINUED = f"{SFT}>{SFT}"
AMBITION = ((MIXED, 0.75), (HELD_OUT_SET, 0.6), (WORDS, 0.3))
MOST_FORGOTTEN = 0.01

Outcomes = dict[str, Outcome]


def read_outcomes(world: World, arms: Sequence[str], seeds: int) -> Outcomes:
    """Return what the base model and all arms that have been tested reached."""
    found: Outcomes = {BASE: Outcome(None, False, dict.fromkeys(range(seeds), base_result(world)))}
    for arm in arms:
        outcome = read_outcome(world.out, world.scale, CONDITION, arm, seeds)
        if outcome is not None:
            found[arm] = outcome
    return found


def sets_of(outcomes: Outcomes) -> list[str]:
    """Return the test sets that were measured, in the order of the tables."""
    return [name for name in SETS if name in outcomes[BASE].seeds[0]["test"]]


def control_of(arm: str) -> str:
    """Return the SFT arm of as many steps that an arm is compared with."""
    return CONTINUED if ARMS[arm].start else SFT


def measured(outcomes: Outcomes) -> Table:
    """Tabulate mixed error rates."""
    sets = sets_of(outcomes)
    rows = []
    for arm, outcome in outcomes.items():
        cells = [_rate(arm, rates_of(outcome, name)) for name in sets]
        costs = [r["cpu_s"] for r in outcome.seeds.values() if r.get("cpu_s") is not None]
        cost = f"{mean(costs):.0f}" if costs else ""
        rows.append((arm, _chosen(outcomes, arm), *cells, cost))
    return Table(
        "Mixed error rates",
        ("arm", "rate", *sets, "CPU s"),
        rows,
        "Per cent, means over seeds [95 % interval over seeds]. (edge): the chosen learning rate "
        "is at an end of the grid. CPU s: training of this stage alone.",
    )


def _chosen(outcomes: Outcomes, arm: str) -> str:
    outcome = outcomes[arm]
    if outcome.rate is None:
        return ""
    planned, there = len(outcomes[BASE].seeds), len(outcome.seeds) + outcome.failed
    return (
        f"{outcome.rate:g}"
        + " (edge)" * outcome.at_edge
        + (f", {outcome.failed} failed" if outcome.failed else "")
        + (f", {there} of {planned} seeds" if there < planned else "")
    )


def _rate(arm: str, rates: list[float]) -> str:
    return per_cent(mean(rates)) if arm == BASE else with_interval(rates)


def differences(outcomes: Outcomes) -> Table:
    """Tabulate each arm's difference to SFT of equal steps, paired by seed, in points."""
    sets = sets_of(outcomes)
    rows = []
    for arm, outcome in outcomes.items():
        control = "" if arm == BASE else control_of(arm)
        if arm in ("", control) or control not in outcomes:
            continue
        found = [paired(outcome, outcomes[control], name) for name in sets]
        rows.append((arm, control, *map(change, found), verdict(found[0])))
    return Table(
        "Differences to SFT of equal steps",
        ("arm", "control", *sets, f"error rate, {MIXED}"),
        rows,
        "Points of mixed error rate, arm minus control, paired by seed [95 % interval]; below 0 is "
        "better than the control.",
    )


def failures(outcomes: Outcomes) -> Table:
    """Tabulate how often each failure is left on mixed speech, and how the languages fare."""
    measures: dict[str, Callable[[Result], float]] = {
        **{label: _share_of(label) for label in LABELS},
        "Mandarin in it": lambda result: _language(result, "zh"),
        "English in it": lambda result: _language(result, "en"),
        "switches written": _switches,
    }
    rows = []
    for arm, outcome in outcomes.items():
        columns = [[of(result) for result in outcome.seeds.values()] for of in measures.values()]
        shift = [r["chosen_shift"] for r in outcome.seeds.values() if r.get("chosen_shift")]
        moved = f"{mean(shift):+.1f}".replace("-", "−") if shift else ""
        rows.append((arm, *(per_cent(mean(values)) for values in columns), moved))
    return Table(
        f"Failures on: {MIXED}",
        ("arm", *measures, "chosen shift, nats"),
        rows,
        "Per cent: of the utterances with a failure, of each language's tokens that are wrong, and "
        "switches of the transcripts over those of the truths.",
    )


def _share_of(label: str) -> Callable[[Result], float]:
    def share(result: Result) -> float:
        found = result["test"][MIXED]
        return float(found["labels"].get(label, 0) / found["utterances"])

    return share


def _language(result: Result, name: str) -> float:
    errors, tokens = result["test"][MIXED][name]
    return float(errors / tokens)


def _switches(result: Result) -> float:
    written, said = result["test"][MIXED]["switches"]
    return float(written / said)


def prompts(outcomes: Outcomes) -> Table:
    """Tabulate the base model on mixed speech by the language that its prompt names."""
    base = outcomes[BASE].seeds[0]
    rows = [("zh", *(per_cent(error_rate(base, name)) for name in (MIXED, HELD_OUT_SET)))]
    others = {**base.get("prompts", {}), "zh, whole window": base.get("whole window")}
    for prompt_language, found in others.items():
        if found is None:
            continue
        rates = [error_rate({"test": found}, name) for name in (MIXED, HELD_OUT_SET)]
        rows.append((prompt_language, *map(per_cent, rates)))
    return Table(
        "The base model by the language in its prompt",
        ("prompt", MIXED, HELD_OUT_SET),
        rows,
        "Mixed error rate. `auto`: the model finds each clip's language by itself.",
    )


def answers(outcomes: Outcomes) -> Table:
    """Tabulate what the comparison must answer, as far as it was run."""
    questions = (
        ("preference on mined pairs beats SFT", "dpo-mined", SFT),
        ("preference with a likelihood term beats SFT", "dpo+sft", SFT),
        ("a second stage of preference beats continued SFT", "sft>dpo+sft", CONTINUED),
        ("mined pairs beat imitated ones", "dpo-mined", "dpo-imitated"),
        ("mined pairs beat imitated ones, with a likelihood term", "dpo+sft", "dpo+sft-imitated"),
        ("rejected answers in the truth's style help", "dpo-styled", "dpo-mined"),
        ("replay costs nothing on mixed speech", "dpo+sft-replay", "dpo+sft"),
    )
    rows: list[tuple[str, ...]] = []
    for says, arm, control in questions:
        if arm not in outcomes or control not in outcomes:
            rows.append((says, f"{arm} minus {control}", "not run", "", ""))
            continue
        found = [paired(outcomes[arm], outcomes[control], name) for name in (MIXED, HELD_OUT_SET)]
        rows.append((says, f"{arm} minus {control}", *map(change, found), verdict(found[0])))
    return Table(
        "What it answers",
        ("question", "compared", MIXED, HELD_OUT_SET, "error rate"),
        rows,
        "Points of mixed error rate, paired by seed [95 % interval].",
    )


def ambition(outcomes: Outcomes) -> Table:
    """Tabulate the share of the base model's errors that each arm cuts, and what it forgets."""
    base = outcomes[BASE]
    there = sets_of(outcomes)
    goals = [(name, goal) for name, goal in AMBITION if name in there]
    rows = []
    for arm, outcome in outcomes.items():
        if arm == BASE:
            continue
        cut = [1 - mean(rates_of(outcome, name)) / mean(rates_of(base, name)) for name, _ in goals]
        lost = [paired(outcome, base, name) for name in (ENGLISH, MANDARIN)]
        meets = all(share >= goal for share, (_, goal) in zip(cut, goals, strict=True)) and all(
            found is not None and found.mean <= MOST_FORGOTTEN for found in lost
        )
        rows.append((arm, *map(per_cent, cut), *map(change, lost), "yes" if meets else "no"))
    wanted = ", ".join(f"{name} {100 * goal:.0f} %" for name, goal in goals)
    return Table(
        "Errors cut, and forgotten",
        ("arm", *(name for name, _ in goals), ENGLISH, MANDARIN, "all reached"),
        rows,
        f"Per cent of the base model's mixed error rate that is gone (aimed at: {wanted}), and "
        "points of error rate more in one language alone (aimed at: 1 at most).",
    )


def all_tables(outcomes: Outcomes) -> list[Table]:
    """Return all tables."""
    return [
        measured(outcomes),
        differences(outcomes),
        answers(outcomes),
        ambition(outcomes),
        failures(outcomes),
        prompts(outcomes),
    ]
