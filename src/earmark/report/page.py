"""Compose the page: one self-contained HTML file that needs no network and runs no script.

What a model wrote is text from a stranger: the template escapes every value and shows control
characters as code points, and the page itself forbids scripts and everything outside it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from earmark import __version__
from earmark.display import visible
from earmark.errors import KnobError
from earmark.evaluate.tables import heaviest_in_words
from earmark.report.examples.cards import examples_of
from earmark.report.examples.choose import choose, rule_in_words, tallies
from earmark.report.headline import headline, needs_one_line
from earmark.report.numbers import counted
from earmark.report.plots.figures import curve_figures, error_figures, failure_figure
from earmark.report.plots.training_log import RunLog, read_runs
from earmark.report.provenance import provenance
from earmark.report.scoring import score_set
from earmark.report.shares import kinds, shares
from earmark.report.tables import (
    Table,
    change_overviews,
    composition_table,
    error_table,
    failure_change_table,
    failure_table,
    overview,
    tally_table,
    where_table,
)
from earmark.report.test_set import ScoredSet, TestSet
from earmark.text.language import language_of
from earmark.text.profiles import Profile

SET_TABLES = (error_table, where_table, failure_table, failure_change_table, composition_table)
MOST_BARS = 16  # before the examples; more are among the numbers
OPEN_RULES = 2  # the largest improvement and the largest loss are open, the rest is folded


def make_page(
    title: str,
    sets: Sequence[TestSet | ScoredSet],
    *,
    runs: Sequence[str | Path | RunLog] = (),
    profile: str | Profile = "default",
    examples: int = 12,
    seed: int = 0,
    focus: str | None = None,
    focus_why: str = "",
    control: str | None = None,
) -> str:
    """Return the report as one HTML page.

    Args:
        title: the page's heading.
        sets: one test set or several, all with the same systems; those not yet scored are.
        runs: training runs, read or as folders, for the curves.
        profile: the text profile for the sets that are not yet scored.
        examples: how many examples to show per set; 0 for none.
        seed: of the draw of examples.
        focus: the system that the cards at the top follow; if not given, the one with the
            lowest rate on the first set, and the page says so.
        focus_why: how that system was chosen, such as "chosen on the development set".
        control: the system that was trained without preference, for the sets that are not yet
            scored; default: the one called `sft`, if there is one.

    Raises:
        KnobError: no set, two sets of one name, sets that do not have the same systems in the
            same order, or a focus or control that is none of them.
        InputError: what `score_set` and `read_run` refuse.
    """
    _check_systems([each.test_set if isinstance(each, ScoredSet) else each for each in sets])
    logs = [run for run in runs if isinstance(run, RunLog)]
    logs += read_runs([run for run in runs if not isinstance(run, RunLog)])
    scored = [
        each if isinstance(each, ScoredSet) else score_set(each, profile=profile, control=control)
        for each in sets
    ]
    _check_controls(scored)
    page = {
        "title": title,
        "lead": _lead(scored),
        "headline": headline(scored, focus, focus_why),
        "notes": [f"{each.name}: {text}" for each in scored for text in each.notes],
        **_overview_part(scored),
        **_examples_part(scored, examples, seed),
        "curves": curve_figures(logs, scored[0].systems),
        "signatures": _signatures(scored),
        "made": provenance(
            {
                system: {each.name: each.test_set.hyps[system] for each in scored}
                for system in scored[0].systems
            }
        ),
    }
    return environment().get_template("page.html.j2").render(page=page, version=__version__)


def environment() -> Environment:
    """Make the template engine: every value escaped and visible, an unknown name an error."""
    environment = Environment(
        loader=PackageLoader("earmark", "assets/report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["language"] = language_of
    return environment


def _shown(value: Any) -> Any:
    """Show the control characters of a text; leave what the template itself has made."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _check_systems(sets: Sequence[TestSet]) -> None:
    """Refuse sets that cannot share a table."""
    if not sets or not sets[0].hyps:
        raise KnobError("a report needs at least one test set with one system; found none")
    first = sets[0]
    for other in sets:
        if list(other.hyps) != list(first.hyps):
            raise KnobError(
                f"every test set needs the same systems in the same order: {first.name} has "
                f"{', '.join(first.hyps)}; {other.name} has {', '.join(other.hyps)}"
            )
    names = [each.name for each in sets]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise KnobError(f"two test sets are called '{twice}'; give each a name of its own")


def _check_controls(sets: Sequence[ScoredSet]) -> None:
    """Refuse sets that were scored with different controls."""
    first = sets[0]
    for other in sets:
        if other.control != first.control:
            raise KnobError(
                f"every test set needs the same control: {first.name} has {first.control}; "
                f"{other.name} has {other.control}"
            )


def _lead(sets: Sequence[ScoredSet]) -> str:
    """Say in a sentence what the page is about."""
    utterances = sum(len(scored.test_set.truths) for scored in sets)
    return (
        f"{counted(len(sets[0].systems), 'system')} on {counted(len(sets), 'test set')}, "
        f"{counted(utterances, 'utterance')}."
    )


def _signatures(sets: Sequence[ScoredSet]) -> dict[str, str]:
    """Return signature -> the names of the sets that were scored so."""
    names: dict[str, list[str]] = {}
    for scored in sets:
        names.setdefault(scored.scores[scored.systems[0]]["signature"], []).append(scored.name)
    return {signature: ", ".join(of) for signature, of in names.items()}


def _overview_part(sets: Sequence[ScoredSet]) -> dict[str, Any]:
    """Gather the numbers: bars of all sets, tables over all sets, and the parts of each set."""
    kind_of = kinds(sets)
    large = [scored for scored in sets if not needs_one_line(scored)] or sets
    several = len(sets) > 1
    return {
        "kinds": kind_of,
        "shares": [shares(scored, kind_of) for scored in large],
        "shares_first": len(large) * len(sets[0].systems) <= MOST_BARS,
        "overviews": [overview(sets), *change_overviews(sets)] if several else [],
        "error_figures": error_figures(large),
        "sets": [_set_part(scored, several) for scored in sets],
    }


def _set_part(scored: ScoredSet, several: bool) -> dict[str, Any]:
    """Gather the numbers of one test set; of several, each table names its own."""
    score = scored.scores[scored.systems[0]]
    tables = [table for make in SET_TABLES if (table := make(scored))]
    tally = tallies(scored.outcomes, scored.systems)
    if tally:
        tables.insert(1, tally_table(tally, scored.systems[0]))
    return {
        "name": scored.name,
        "lead": f"{counted(score['utterances'], 'utterance')}, "
        f"{counted(score['counts']['truth_tokens'], 'token')} in the truth.",
        "notes": [
            f"{system}: {text}"
            for system, each in scored.scores.items()
            if (text := heaviest_in_words(each))
        ]
        + [
            f"{scored.systems[0]} and {system}: {left} utterances without a hypothesis of both are "
            "not compared"
            for system, each in scored.comparisons.items()
            if (left := each["left_out"]["utterances"])
        ],
        "tables": [_named(table, scored.name) for table in tables] if several else tables,
        "figure": failure_figure(scored),
    }


def _named(table: Table, name: str) -> Table:
    """Put the name of a test set before the title of its table."""
    return table._replace(title=f"{name}: {table.title[0].lower()}{table.title[1:]}")


def _examples_part(sets: Sequence[ScoredSet], examples: int, seed: int) -> dict[str, Any]:
    """Gather the examples of all sets; the first set whose results are a card has some open."""
    systems = sets[0].systems
    chosen = [choose(each.outcomes, systems, count=examples, seed=seed) for each in sets]
    first = next((index for index, each in enumerate(sets) if not needs_one_line(each)), 0)
    return {
        "examples_rule": rule_in_words(systems, examples, seed) if examples else "",
        "examples": [
            (each.name, examples_of(each, choices, open_rules=OPEN_RULES * (index == first)))
            for index, (each, choices) in enumerate(zip(sets, chosen, strict=True))
            if choices
        ],
    }
