"""Compose the page: one self-contained HTML file that needs no network and runs no script.

What a model wrote is text from a stranger: the template escapes every value, and the page
itself forbids scripts and everything outside it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from earmark import __version__
from earmark.errors import KnobError
from earmark.report.examples.cards import example_groups
from earmark.report.examples.choose import choose, rule_in_words, tallies
from earmark.report.headline import headline
from earmark.report.plots.figures import curve_figures, error_figures, failure_figures
from earmark.report.plots.training_log import RunLog, read_run
from earmark.report.provenance import provenance
from earmark.report.scoring import score_set
from earmark.report.tables import (
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

SET_TABLES = (error_table, where_table, failure_table, failure_change_table, composition_table)


def make_page(
    title: str,
    sets: Sequence[TestSet | ScoredSet],
    *,
    runs: Sequence[str | Path | RunLog] = (),
    profile: str = "default",
    examples: int = 12,
    seed: int = 0,
    focus: str | None = None,
    focus_why: str = "",
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

    Raises:
        KnobError: no set, sets that do not have the same systems in the same order, or a
            focus that is none of them.
        InputError: what `score_set` and `read_run` refuse.
    """
    _check_systems([each.test_set if isinstance(each, ScoredSet) else each for each in sets])
    logs = [run if isinstance(run, RunLog) else read_run(run) for run in runs]
    scored = [
        each if isinstance(each, ScoredSet) else score_set(each, profile=profile) for each in sets
    ]
    systems = scored[0].systems
    cards, cards_note = headline(scored, focus, focus_why)
    page = {
        "title": title,
        "lead": _lead(scored),
        "cards": cards,
        "cards_note": cards_note,
        "overview": overview(scored) if len(scored) > 1 else None,
        "error_figures": error_figures(scored),
        "failure_figures": failure_figures(scored),
        "sets": [_set_part(each, examples, seed) for each in scored],
        "examples_rule": rule_in_words(systems, examples, seed) if examples else "",
        "curves": curve_figures(logs, systems),
        "systems": [
            (name, provenance({each.name: each.test_set.hyps[name] for each in scored}))
            for name in systems
        ],
    }
    return _environment().get_template("page.html.j2").render(page=page, version=__version__)


def _environment() -> Environment:
    """Make the template engine: every value escaped, an unknown name an error."""
    environment = Environment(
        loader=PackageLoader("earmark", "assets/report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["language"] = language_of
    return environment


def _check_systems(sets: Sequence[TestSet]) -> None:
    """Refuse sets that cannot stand in one table."""
    if not sets or not sets[0].hyps:
        raise KnobError("a report needs at least one test set with one system; found none")
    first = sets[0]
    for other in sets:
        if list(other.hyps) != list(first.hyps):
            raise KnobError(
                f"every test set needs the same systems in the same order: {first.name} has "
                f"{', '.join(first.hyps)}; {other.name} has {', '.join(other.hyps)}"
            )


def _lead(sets: Sequence[ScoredSet]) -> str:
    """Say in a sentence what the page is about."""
    systems = sets[0].systems
    utterances = sum(len(scored.test_set.truths) for scored in sets)
    text = (
        f"{_count(len(systems), 'system')} on {_count(len(sets), 'test set')}, "
        f"{_count(utterances, 'utterance')}."
    )
    if len(systems) > 1:
        text += f" Differences are to the first system, {systems[0]}."
    return text


def _count(number: int, noun: str) -> str:
    """Write a number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _set_part(scored: ScoredSet, examples: int, seed: int) -> dict[str, Any]:
    """Gather what the page shows of one test set."""
    first = scored.systems[0]
    score = scored.scores[first]
    tally = tallies(scored.outcomes, scored.systems)
    chosen = choose(scored.outcomes, scored.systems, count=examples, seed=seed)
    utterances = _count(score["utterances"], "utterance")
    return {
        "name": scored.name,
        "lead": f"{utterances}, {_count(score['counts']['truth_tokens'], 'token')} in the truth.",
        "tables": [table for make in SET_TABLES if (table := make(scored))],
        "signature": score["signature"],
        "tally": tally_table(tally, first) if tally else None,
        "groups": example_groups(scored, chosen),
    }
