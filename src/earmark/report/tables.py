"""The tables of a report, as plain values: the same ones on the page, terminal and README."""

from collections.abc import Sequence
from typing import NamedTuple

from earmark.evaluate.fitted_table import FittedTable
from earmark.report.examples.choose import Tally
from earmark.report.numbers import counted, difference, interval, p_value, per_cent
from earmark.report.test_set import OK, Json, ScoredSet

NOTHING = "–"


class Table(NamedTuple):
    """A title, a row of headings, rows of cells (the first names the row), and a footnote."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""


def overview(sets: Sequence[ScoredSet]) -> Table:
    """Tabulate the mixed error rate of each system on each set, with its interval."""
    rows = [
        (system, *(_with_interval(scored.scores[system]) for scored in sets))
        for system in sets[0].systems
    ]
    return Table(
        "Mixed error rate [95 % interval]",
        ("system", *(scored.name for scored in sets)),
        rows,
        "Errors per 100 tokens of the truth (a Han character or a word); lower is better.",
    )


def change_overviews(sets: Sequence[ScoredSet]) -> list[Table]:
    """Tabulate on each set every system's rate minus the control's, and minus the first's."""
    against = {sets[0].control: [scored.control_comparisons for scored in sets]}
    against[sets[0].systems[0]] = [scored.comparisons for scored in sets]
    names = ("system", *(scored.name for scored in sets))
    return [
        Table(
            f"Mixed error rate minus that of {other}, points [95 % interval]",
            names,
            [
                (system, *(difference(each[system]["mixed_error_rate"]) for each in changes))
                for system in changes[0]
            ],
        )
        for other, changes in against.items()
        if changes[0]
    ]


def error_table(scored: ScoredSet) -> Table:
    """Tabulate one set: rate, differences to the first system and the control, and the edits."""
    first, control = scored.systems[0], str(scored.control)
    kinds = [(first, scored.comparisons), (control, scored.control_comparisons)]
    against = [(name, changes) for name, changes in kinds if changes]
    rows = []
    for system, score in scored.scores.items():
        counts, cells = score["counts"], []
        for _, changes in against:
            change = changes[system]["mixed_error_rate"] if system in changes else None
            floor = changes[system]["p_floor"] if change else 0.0
            cells += (
                [difference(change), p_value(change["p"], floor)] if change else [NOTHING, NOTHING]
            )
        edits = [counts[kind] for kind in ("substitutions", "deletions", "insertions")]
        numbers = (f"{number:,}" for number in (*edits, score["missing"]))
        rows.append((system, _with_interval(score), *cells, *numbers))
    heads = [head for name, _ in against for head in (f"minus {name}, points", "p")]
    return Table(
        "Errors",
        ("system", "mixed error rate", *heads, "S", "D", "I", "missing"),
        rows,
        "S, D, I: substitutions, deletions, insertions. Missing: no hypothesis, all deletions. "
        f"In brackets: 95 % bootstrap intervals over {_drawn(scored)}." + _on_p(scored),
    )


def _on_p(scored: ScoredSet) -> str:
    """Say what p is, and how small it can be at most."""
    for change in scored.comparisons.values():
        return (
            " Difference and p are paired, without correction for the number of comparisons; "
            f"with {change['resamples']:,} resamples p is at least {change['p_floor']:.2g}."
        )
    return ""


def _drawn(scored: ScoredSet) -> str:
    """Say what the intervals resample; the notes on a score say where those are too few."""
    if scored.scores[scored.systems[0]]["interval_over"] == "utterance":
        return "utterances"
    return counted(len({truth.speaker for truth in scored.test_set.truths}), "speaker")


def where_table(scored: ScoredSet) -> Table:
    """Tabulate where the errors are: by language, at points of interest, without outliers."""
    rows = []
    for system, score in scored.scores.items():
        languages, points_of = score["by_language"], score["points_of_interest"]
        places = [languages[name]["rate"] for name in ("zh", "en", "other")]
        places += [points_of[name]["rate"] for name in ("embedded", "rest", "near_switch")]
        whole = [
            f"{per_cent(score[name])} {interval(score['intervals'][name])}".rstrip()
            for name in ("capped_mixed_error_rate", "mixed_error_rate_without_loops")
        ]
        rows.append((system, *(per_cent(rate) for rate in places), *whole))
    header = ("Mandarin", "English", "other", "embedded", "rest", "near a switch")
    return Table(
        "Where the errors are",
        ("system", *header, "capped", "without loops"),
        rows,
        "Embedded language, rest, near a switch: utterances in both languages only. "
        "Capped: each utterance counts 100 % at most.",
    )


def failure_table(scored: ScoredSet) -> Table:
    """Tabulate the share (and number) of utterances with each label."""
    labels = scored.failure_modes
    rows = [
        (system, *(_share(score["failure_modes"].get(label)) for label in labels))
        for system, score in scored.scores.items()
    ]
    return Table("Failures, share of utterances (number)", ("system", *labels), rows)


def failure_change_table(scored: ScoredSet) -> Table | None:
    """Tabulate how the share of each failure changed from the first system, or return None."""
    if not scored.comparisons:
        return None
    labels = list(next(iter(scored.comparisons.values()))["failure_modes"])
    rows = [
        (system, *(_of_label(change, label) for label in labels))
        for system, change in scored.comparisons.items()
    ]
    title = f"Failures minus those of {scored.systems[0]}, points [95 % interval]"
    return Table(title, ("system", *labels), rows)


def _of_label(comparison: Json, label: str) -> str:
    """Write how the share of a label changed; more utterances without an error are better."""
    return difference(comparison["failure_modes"][label], more_is_better=label == OK)


def composition_table(scored: ScoredSet) -> Table:
    """Tabulate how the truth, and what each system wrote, mix the languages."""
    sides = {"truth": scored.scores[scored.systems[0]]["composition"]["truth"]}
    sides |= {system: score["composition"]["hyp"] for system, score in scored.scores.items()}
    indices = ("switches_per_utterance", "code_mixing_index", "i_index", "m_index")
    rows = [
        (
            name,
            *(f"{side['utterances'][kind]:,}" for kind in ("mixed", "zh", "en", "other")),
            *("n/a" if side[index] is None else f"{side[index]:.3f}" for index in indices),
        )
        for name, side in sides.items()
    ]
    kinds = ("utterances in both", "Mandarin only", "English only", "neither")
    header = ("text", *kinds, "switches each", "code-mixing index", "I-index", "M-index")
    return Table("How the languages mix", header, rows)


def _share(mode: Json | None) -> str:
    """Write a share of utterances and their number; a plain 0 where there are none."""
    if mode is None or not mode["utterances"]:
        return "0"
    return f"{per_cent(mode['rate'])} ({mode['utterances']:,})"


def _with_interval(score: Json) -> str:
    """Write a score's rate with its interval."""
    return f"{per_cent(score['mixed_error_rate'])} {interval(score['interval'])}".rstrip()


def tally_table(tallies: Sequence[Tally], first: str) -> Table:
    """Tabulate on how many utterances each system does better or worse than the first."""
    rows = [(t.system, f"{t.better:,}", f"{t.same:,}", f"{t.worse:,}") for t in tallies]
    header = ("system", "fewer errors", "as many", "more errors")
    return Table(f"Utterances, compared with {first}", header, rows)


def to_markdown(table: Table) -> str:
    """Render a table as Markdown; what would end a cell is escaped.

    >>> print(to_markdown(Table("t", ("system", "rate"), [("a|b", "1 %")])))
    | system | rate |
    |---|---:|
    | a&#124;b | 1 % |
    """
    bar = "|---|" + "---:|" * (len(table.header) - 1)
    lines = [_markdown_row(table.header), bar, *(_markdown_row(row) for row in table.rows)]
    return "\n".join(lines)


def _markdown_row(cells: Sequence[str]) -> str:
    """Write one row of Markdown."""
    safe = {ord("|"): "&#124;", ord("<"): "&lt;", ord("\n"): " "}
    return f"| {' | '.join(cell.translate(safe) for cell in cells)} |"


def to_rich(table: Table) -> FittedTable:
    """Render a table for the terminal, whole at any width; nothing in a cell is markup."""
    return FittedTable(table.header, table.rows, table.title, table.note)
