"""The tables: what each arm reached, its differences to the controls, the claims, the answer."""

from collections import Counter
from collections.abc import Sequence
from statistics import mean

from earmark.experiments.numbers import change, with_interval
from earmark.experiments.outcomes import (
    BASE,
    Outcome,
    Outcomes,
    paired,
    paired_by,
    rates_of,
    verdict,
)
from earmark.experiments.which_objective.arms import ARMS
from earmark.experiments.which_objective.claims import CLAIMS
from earmark.experiments.which_objective.outcomes import (
    FAILURES,
    MONOLINGUAL,
    chosen_shift,
    failure_rate,
)
from earmark.report.numbers import per_cent, points
from earmark.report.plots.seeds import SeedMean
from earmark.report.tables import Table

MEASURED = (
    *("objective", "rate", "code-switching", "held-out", *FAILURES, "monolingual"),
    *("chosen shift, nats", "CPU s"),
)
DIFFERENCES = (
    *("objective", "minus sft", "minus dpo", "held-out minus sft", "held-out minus dpo"),
    *(f"{label} minus sft" for label in FAILURES),
)


def arms_of(outcomes: Outcomes, condition: str) -> list[str]:
    """Return the arms with a result under a condition, in the order of the plan."""
    return [arm for at, arm in outcomes if at == condition]


def measured(outcomes: Outcomes, condition: str) -> Table:
    """Tabulate what each arm reached under a condition."""
    rows = [measured_row(outcomes, condition, arm) for arm in arms_of(outcomes, condition)]
    return Table(
        f"{condition}: mixed error rates, and failures in distribution",
        MEASURED,
        rows,
        "Means over seeds [95 % interval]. (edge): the chosen learning rate is at an end of the "
        "grid. CPU s: training alone, with the forward passes of further references; features, the "
        "starting policy's log-probabilities and the training of references are not counted.",
    )


def measured_row(outcomes: Outcomes, condition: str, arm: str) -> tuple[str, ...]:
    """Make the row of an arm."""
    outcome = outcomes[condition, arm]
    rates = [rates_of(outcome, *sets) for sets in (("codeswitch",), ("codeswitch-heldout",))]
    shares = [[failure_rate(r, label) for r in outcome.seeds.values()] for label in FAILURES]
    alone = rates_of(outcome, *MONOLINGUAL)
    if arm == BASE:
        cells = [per_cent(mean(of)) for of in (*rates, *shares, alone)]
        return (arm, "", *cells, "0", "")
    edge = " (edge)" if outcome.at_edge else ""
    failed = f", {outcome.failed} failed" if outcome.failed else ""
    planned, there = len(outcomes[condition, BASE].seeds), len(outcome.seeds) + outcome.failed
    missing = f", {there} of {planned} seeds" if there < planned else ""
    start_of = None if ARMS[arm].references else outcomes.get((condition, "dpo"))
    shift = chosen_shift(outcome, start_of)
    costs = [r["cpu_s"] for r in outcome.seeds.values() if r["cpu_s"] is not None]
    return (
        arm,
        f"{outcome.rate:g}{edge}{failed}{missing}",
        *(with_interval(of) for of in (*rates, *shares, alone)),
        "n/a" if shift is None else f"{shift:+.1f}".replace("-", "−"),
        f"{mean(costs):.0f}" if costs else "n/a",
    )


def differences(outcomes: Outcomes, condition: str) -> Table:
    """Tabulate each arm against SFT and against DPO, paired by seed."""
    rows = []
    for arm in arms_of(outcomes, condition):
        if arm == BASE:
            continue
        cells = [
            "" if arm == control else change(difference_to(outcomes, condition, arm, control, name))
            for name in ("codeswitch", "codeswitch-heldout")
            for control in ("sft", "dpo")
        ]
        fewer = [
            "" if arm == "sft" else change(failures_beside_sft(outcomes, condition, arm, label))
            for label in FAILURES
        ]
        rows.append((arm, *cells, *fewer))
    note = (
        "Points of mixed error rate and, in the last three columns, of the share of utterances "
        "with that failure; below 0 is better than the control. Paired by seed."
    )
    return Table(f"{condition}: differences to the controls", DIFFERENCES, rows, note)


def difference_to(
    outcomes: Outcomes, condition: str, arm: str, control: str, name: str
) -> SeedMean | None:
    """Return the paired difference of an arm to a control on a test set."""
    return paired(outcomes[condition, arm], outcomes.get((condition, control)), name)


def failures_beside_sft(
    outcomes: Outcomes, condition: str, arm: str, label: str
) -> SeedMean | None:
    """Return the paired difference of an arm to SFT in the share of utterances with a failure."""
    sft = outcomes.get((condition, "sft"))
    return paired_by(lambda result: failure_rate(result, label), outcomes[condition, arm], sft)


def claims_table(outcomes: Outcomes) -> Table:
    """Tabulate the papers' claims with their controls, whatever came out."""
    rows = []
    for claim in CLAIMS:
        if claim.found(outcomes) is None:
            continue
        elsewhere = f" ({claim.control_condition})" if claim.control_condition else ""
        cells = (f"{claim.arm} ({claim.condition})", f"{claim.control}{elsewhere}")
        found = [claim.found(outcomes, name) for name in ("codeswitch", "codeswitch-heldout")]
        rows.append((claim.says, *cells, *map(change, found), claim.verdict(outcomes)))
    header = ("claim", "objective", "control", "minus control", "held-out", "error rate is")
    note = (
        f"{len(rows)} of {len(CLAIMS)} claims were run. Of many comparisons at 95 % about one in "
        "twenty shows something by chance alone."
    )
    return Table("The papers' claims", header, rows, note)


def answer_table(outcomes: Outcomes, conditions: Sequence[str]) -> Table:
    """Tabulate where the preference objective that development prefers beats SFT."""
    rows: list[tuple[str, ...]] = []
    for condition in conditions:
        sft = outcomes.get((condition, "sft"))
        arms = [arm for arm in arms_of(outcomes, condition) if arm not in (BASE, "sft")]
        if sft is None or not arms:
            rows.append((condition, "", "", "", "", "", "not run"))
            continue
        best = min(arms, key=lambda arm: on_development(outcomes[condition, arm]))
        rates = (rates_of(sft, "codeswitch"), rates_of(outcomes[condition, best], "codeswitch"))
        near, far = (
            difference_to(outcomes, condition, best, "sft", name)
            for name in ("codeswitch", "codeswitch-heldout")
        )
        written = (*map(with_interval, rates), change(near), change(far), verdict(near))
        rows.append((condition, best, *written))
    header = ("pairs", "best on development", "sft", "it", "minus sft", "held-out", "error rate is")
    note = "The objective is chosen on the development set, so the test sets chose nothing."
    return Table("Where does a preference objective beat SFT?", header, rows, note)


def overview(outcomes: Outcomes, conditions: Sequence[str]) -> Table:
    """Tabulate how far from SFT each arm is, by condition; arms of one condition are left out."""
    ran = Counter(arm for condition, arm in outcomes if arm not in (BASE, "sft"))
    controls = [outcomes.get((condition, "sft")) for condition in conditions]
    written = ["" if c is None else per_cent(mean(rates_of(c, "codeswitch"))) for c in controls]
    rows = [("sft", *written)]
    for arm in (arm for arm, times in ran.items() if times > 1 or len(conditions) == 1):
        rows.append((arm, *(beside_sft(outcomes, condition, arm) for condition in conditions)))
    note = (
        "Mixed error rate of SFT on code-switched speech, and how many points more or fewer each "
        "other objective has, means over seeds. Bold: its interval leaves out 0. Empty: not run."
    )
    return Table("Overview: difference to SFT, points", ("objective", *conditions), rows, note)


def beside_sft(outcomes: Outcomes, condition: str, arm: str) -> str:
    """Write the difference to SFT in points, bold where its interval leaves out 0."""
    if (condition, arm) not in outcomes:
        return ""
    found = difference_to(outcomes, condition, arm, "sft", "codeswitch")
    if found is None:
        return ""
    said = points(found.mean)
    return f"**{said}**" if verdict(found) in ("lower", "higher") else said


def on_development(outcome: Outcome) -> float:
    """Return the mean error rate on the development set."""
    return mean(result["development"] for result in outcome.seeds.values())
