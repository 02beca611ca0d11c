"""The tallies of a chain and of annotations as tables for the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

MOST_REASONS = 8
MOST_VALUES = 14


def curation_table(result: Mapping[str, Any], title: str) -> Table:
    """Lay out what each step kept, and why it dropped the others.

    Args:
        result: the tally, as `curate_file` returns it.
        title: of the table.
    """
    table = Table("step", "kept", "dropped", "why", title=title)
    for column in table.columns[1:3]:
        column.justify = "right"
    for step in result["steps"]:
        dropped = step["dropped"] if not step.get("returned") else 0
        table.add_row(step["step"], f"{step['kept']:,}", f"{dropped:,}", _remark(step))
        reasons = list(step.get("reasons", {}).items())
        for why, count in reasons[:MOST_REASONS]:
            table.add_row("", "", f"{count:,}", why, style="dim")
        rest = sum(count for _, count in reasons[MOST_REASONS:])
        if rest:
            table.add_row("", "", f"{rest:,}", f"{len(reasons) - MOST_REASONS} more", style="dim")
    table.add_section()
    total = result["kept"] + result["dropped"]
    table.add_row("all", f"{result['kept']:,}", f"{result['dropped']:,}", f"of {total:,} pairs")
    return table


def _remark(step: Mapping[str, Any]) -> str:
    """Say what a step did beside keeping and dropping."""
    parts = [
        f"{count:,} {what}"
        for name, what in (("changed", "changed"), ("returned", "returned of those dropped"))
        if (count := step.get(name))
    ]
    return ", ".join(parts)


def annotation_table(result: Mapping[str, Any], title: str) -> Table:
    """Lay out how many pairs have which annotation, and what went wrong.

    Args:
        result: the tally, as `Annotations.as_dict` returns it.
        title: of the table.
    """
    table = Table("annotation", "value", "pairs", title=title)
    table.columns[2].justify = "right"
    for name, counts in result["by"].items():
        for value, count in list(counts.items())[:MOST_VALUES]:
            table.add_row(name, value, f"{count:,}")
            name = ""
        table.add_section()
    for problem, count in list(result["problems"].items())[:MOST_REASONS]:
        table.add_row("not usable", problem, f"{count:,}", style="dim")
    return table
