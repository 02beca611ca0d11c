"""The tally: what became of every pair that was asked for. Nothing vanishes."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from earmark.storage.outputs import beside


@dataclass
class Tally:
    """Counts of rejected answers: written, by mode; and dropped, by mode and reason."""

    utterances: int = 0
    pairs: int = 0
    written: Counter[str] = field(default_factory=Counter)
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)

    def write(self, mode: str) -> None:
        """Count a rejected answer that is written."""
        self.written[mode] += 1

    def drop(self, mode: str, reason: str) -> None:
        """Count one that is not, and why."""
        self.dropped[mode, reason] += 1

    def as_dict(self) -> dict[str, Any]:
        """Return the tally as plain data, in a fixed order."""
        dropped: dict[str, dict[str, int]] = {}
        for (mode, reason), count in sorted(self.dropped.items()):
            dropped.setdefault(mode, {})[reason] = count
        return {
            "utterances": self.utterances,
            "pairs": self.pairs,
            "rejected": self.written.total(),
            "written": dict(sorted(self.written.items())),
            "dropped": dropped,
        }

    def table(self, title: str) -> Table:
        """Lay the tally out for the terminal."""
        table = Table("failure mode", "rejected", "why not", title=title)
        table.columns[1].justify = "right"
        for mode, count in sorted(self.written.items()):
            table.add_row(mode, str(count), "")
        for (mode, reason), count in sorted(self.dropped.items()):
            table.add_row(mode, str(count), f"dropped: {reason}", style="dim")
        table.add_section()
        total = f"{self.pairs} pairs of {self.utterances} utterances"
        table.add_row("all", str(self.written.total()), total)
        return table


def tally_path(out: str | Path) -> Path:
    """Return where the tally of a pairs file is kept.

    >>> tally_path("pairs.jsonl").name
    'pairs.jsonl.tally.json'
    """
    return beside(out, ".tally.json")
