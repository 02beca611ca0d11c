"""What the demo prints: one seed as it is, several seeds as means with intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

from earmark.recipes.demo import ARMS, TEST_SETS, Result
from earmark.report.numbers import per_cent
from earmark.report.plots.seeds import seed_mean
from earmark.report.tables import Table, failure_table, overview


def summary_tables(results: Sequence[Result]) -> list[Table]:
    """Return the tables of the demo: error rates, failures, and what the best arm changed."""
    if len(results) == 1:
        (result,) = results
        failures = failure_table(result.sets[0])
        failures = failures._replace(title=f"{result.sets[0].name}: {failures.title.lower()}")
        return [overview(result.sets), failures, cut_table(results)]
    return [means(results), failure_means(results), cut_table(results)]


def error_rate(score: Mapping[str, Any]) -> float:
    """Read the mixed error rate of a score, a fraction."""
    return float(score["mixed_error_rate"])


def cut_table(results: Sequence[Result]) -> Table:
    """Tabulate the change from the base to the preference arm that development chose."""
    header = ("preference arm", *TEST_SETS)
    rows = []
    for number, result in enumerate(results):
        scores = result.scores()
        cells = []
        for name in TEST_SETS:
            before, after = (error_rate(scores[arm][name]) for arm in ("base", result.best))
            cells.append(change(before, after))
        seed = f" (seed {number})" if len(results) > 1 else ""
        rows.append((result.best + seed, *cells))
    return Table(
        "Base -> the preference arm chosen on the development set",
        header,
        rows,
        "Relative cut where the base errs much; points where it hardly errs.",
    )


def change(before: float, after: float) -> str:
    """Write a change of error rates: a relative cut, or points when the base is below 5 %.

    >>> change(0.30, 0.03), change(0.01, 0.012)
    ('-90 %', '+0.2 points')
    """
    if before < 0.05:
        return f"{100 * (after - before):+.1f} points"
    return f"{100 * (after - before) / before:+.0f} %"


def means(results: Sequence[Result]) -> Table:
    """Tabulate the mean mixed error rate over seeds with its interval."""
    rows = []
    for arm in ("base", *ARMS):
        rates = [
            [error_rate(result.scores()[arm][name]) for result in results] for name in TEST_SETS
        ]
        rows.append((arm, *map(_mean, rates)))
    note = f"{len(results)} seeds; the interval is Student's t over seeds."
    title = "Mixed error rate, mean over seeds [95 % interval]"
    return Table(title, ("system", *TEST_SETS), rows, note)


def failure_means(results: Sequence[Result]) -> Table:
    """Tabulate the mean share of utterances with each failure, in-distribution."""
    rows = []
    for arm in ("base", *ARMS):
        shares = [result.scores()[arm]["codeswitch"]["failure_modes"] for result in results]
        rows.append(
            (arm, *(_mean([share[label]["rate"] for share in shares]) for label in shares[0]))
        )
    labels = list(results[0].scores()["base"]["codeswitch"]["failure_modes"])
    return Table("codeswitch: failures, mean share of utterances [95 %]", ("system", *labels), rows)


def _mean(rates: Sequence[float]) -> str:
    middle, low, high = seed_mean(rates)
    if low is None or high is None or low == high:
        return per_cent(middle)
    return f"{per_cent(middle)} [{100 * low:.1f}, {100 * high:.1f}]"
