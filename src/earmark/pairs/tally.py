"""The tally: what became of every pair that was requested. Nothing vanishes."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from earmark.storage.outputs import beside


@dataclass
class Tally:
    """Counts of rejected answers: written, by mode; and dropped, by mode and reason.

    `counted` is what the modes are called in the table, and `noun` what pairs are made of.

    `words` counts the words of the truths by language, Han characters one by one, and `known`
    those that the dictionary has, where one translates.
    """

    utterances: int = 0
    pairs: int = 0
    written: Counter[str] = field(default_factory=Counter)
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    counted: str = "failure mode"
    noun: str = "utterances"

    def write(self, mode: str) -> None:
        """Count a rejected answer that is written."""
        self.written[mode] += 1

    def drop(self, mode: str, reason: str) -> None:
        """Count one that is not, and why."""
        self.dropped[mode, reason] += 1

    def cover(self, language: str, words: int, known: int) -> None:
        """Count words of a language, and how many of them the dictionary knows."""
        self.words[language] += words
        self.known[language] += known

    def as_dict(self) -> dict[str, Any]:
        """Return the tally as plain data, in a fixed order."""
        dropped: dict[str, dict[str, int]] = {}
        for (mode, reason), count in sorted(self.dropped.items()):
            dropped.setdefault(mode, {})[reason] = count
        return {
            self.noun: self.utterances,
            "pairs": self.pairs,
            "rejected": self.written.total(),
            "written": dict(sorted(self.written.items())),
            "dropped": dropped,
            **({"dictionary": self._coverage()} if self.words else {}),
        }

    def _coverage(self) -> dict[str, dict[str, int]]:
        """Return how many words of each language there are, and how many are known."""
        return {
            language: {"words": count, "known": self.known[language]}
            for language, count in sorted(self.words.items())
        }

    def table(self, title: str) -> Table:
        """Lay the tally out for the terminal."""
        table = Table(self.counted, "written", "dropped", "why dropped", title=title)
        for column in table.columns[1:3]:
            column.justify = "right"
        for mode, count in sorted(self.written.items()):
            table.add_row(mode, str(count), "", "")
        for (mode, reason), count in sorted(self.dropped.items()):
            table.add_row(mode, "", str(count), reason, style="dim")
        table.add_section()
        total = f"{self.pairs} pairs of {self.utterances} {self.noun}"
        for language, count in sorted(self.words.items()):
            share = f"{self.known[language] / count:.1%}" if count else "-"
            known = f"the dictionary knows {share} of {count} words ({language})"
            table.add_row("", "", "", known, style="dim")
        table.add_row("all", str(self.written.total()), str(self.dropped.total()), total)
        return table

    def why_none(self) -> str:
        """Say why no pair was made: the reasons, the commonest first.

        >>> tally = Tally(utterances=2)
        >>> for reason in ("needs both languages", "needs both languages", "needs a loop"):
        ...     tally.drop("loop", reason)
        >>> tally.why_none()
        'of 2 utterances; needs both languages: 2; needs a loop: 1'
        """
        reasons: Counter[str] = Counter()
        for (_, reason), count in self.dropped.items():
            reasons[reason] += count
        listed = (f"{reason}: {count}" for reason, count in reasons.most_common())
        return "; ".join([f"of {self.utterances} {self.noun}", *listed])


def tally_path(out: str | Path) -> Path:
    """Return where the tally of a pairs file is kept.

    >>> tally_path("pairs.jsonl").name
    'pairs.jsonl.tally.json'
    """
    return beside(out, ".tally.json")
