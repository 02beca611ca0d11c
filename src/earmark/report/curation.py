"""A page about what a chain of curators did: what it dropped and why, before and after."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from earmark import __version__
from earmark.report.numbers import counted
from earmark.report.page import environment
from earmark.report.tables import NOTHING, Table
from earmark.storage.atomic import write_text

Json = Mapping[str, Any]
FIELDS = {
    "source": "Sources",
    "task": "Tasks",
    "language": "Languages",
    "failure_modes": "Failure modes",
    "difficulty": "Difficulty",
    "input_quality": "Input quality",
    "safety": "Safety",
}
MOST_ROWS = 40


def write_page(result: Json, path: str | Path) -> None:
    """Write the page of a chain's tally, as `curate_file` returns it."""
    write_text(path, make_page(result))


def make_page(result: Json) -> str:
    """Return the page as one HTML file that needs no network and runs no script."""
    total = result["kept"] + result["dropped"]
    page = {
        "title": "Curation",
        "lead": f"{result['kept']:,} of {counted(total, 'pair')} kept, "
        f"{result['dropped']:,} dropped, by {counted(len(result['steps']), 'curator')}.",
        "summary": summary_table(result),
        "steps": [steps_table(result), *reason_tables(result)],
        "shifts": list(shift_tables(result)),
        "chain": result["curator"].split(","),
    }
    return environment().get_template("curation.html.j2").render(page=page, version=__version__)


def summary_table(result: Json) -> Table:
    """Tabulate what may be wrong with pairs, before and after and in the control."""
    sides = _sides(result)
    rows = [("pairs", *(f"{side['pairs']:,}" for side in sides.values()))]
    for criterion in sorted({name for side in sides.values() for name in side["order"]}):
        shares = (side["order"].get(criterion) for side in sides.values())
        below = (NOTHING if s is None else _per_cent(s["chosen_below_rejected"]) for s in shares)
        rows.append((f"chosen below rejected by {criterion}", *below))
    for name, words in (
        ("guessed_by_length", "chosen answer guessed by its length"),
        ("guessed_by_first_word", "side guessed by the first word"),
    ):
        rows.append((words, *(_per_cent(side[name]) for side in sides.values())))
    return Table(
        "Before and after",
        ("", *sides),
        rows,
        "Guessed by length: of the rules 'the shorter' and 'the longer' the one that is right more "
        "often, over pairs of unequal lengths; 50 % gives nothing away. By first word: the usual "
        "side of that word, counted on the same pairs, which flatters rare words.",
    )


def steps_table(result: Json) -> Table:
    """Tabulate how many pairs each step saw, kept and dropped."""
    rows = []
    for step in result["steps"]:
        returned = step.get("returned", 0)
        dropped = 0 if returned else step["dropped"]
        numbers = (step["seen"], step["kept"], dropped, step.get("changed", 0), returned)
        rows.append((step["step"], *(f"{number:,}" for number in numbers)))
    header = ("curator", "seen", "kept", "dropped", "changed", "returned")
    note = "Returned: pairs that earlier steps dropped and a later one took back."
    return Table("Steps", header, rows, note)


def reason_tables(result: Json) -> Iterator[Table]:
    """Yield a table of the reasons of each step that dropped something."""
    for step in result["steps"]:
        reasons = step.get("reasons", {})
        if reasons:
            rows = [
                (why, f"{count:,}", _per_cent(count / step["seen"]))
                for why, count in list(reasons.items())[:MOST_ROWS]
            ]
            yield Table(f"Why {step['step']} dropped", ("reason", "pairs", "of those seen"), rows)


def shift_tables(result: Json) -> Iterator[Table]:
    """Yield how the pairs are divided among sources, tasks, ... before and after."""
    sides = _sides(result)
    before = result["before"]
    for field, title in FIELDS.items():
        counts = before["by"].get(field)
        if not counts or len(counts) > MOST_ROWS:
            continue
        rows = []
        for value, count in counts.items():
            cells = [
                _with_share(side["by"].get(field, {}).get(value, 0), side["pairs"])
                for side in sides.values()
            ]
            left = result["after"]["by"].get(field, {}).get(value, 0)
            rows.append((value, *cells, _per_cent(left / count)))
        yield Table(title, (field.replace("_", " "), *sides, "kept"), rows)


def _sides(result: Json) -> dict[str, Json]:
    sides = {"before": result["before"], "after": result["after"]}
    return sides | ({"random control": result["control"]} if "control" in result else {})


def _with_share(count: int, total: int) -> str:
    return f"{count:,} ({_per_cent(count / total if total else None)})"


def _per_cent(share: float | None) -> str:
    return NOTHING if share is None else f"{100 * share:.1f} %"
