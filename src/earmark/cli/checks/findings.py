"""What was found in one file or folder: problems with their line, and a few facts."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from earmark.formats.files.set_aside import BadRow
from earmark.formats.files.source import Source
from earmark.formats.format import Format
from earmark.formats.schema.fields import misspelt
from earmark.records import AnyRecord

Level = Literal["error", "warning"]


class Problem(NamedTuple):
    """One problem: its line (0: the whole file), its level, the whole message."""

    line: int
    level: Level
    message: str


@dataclass
class Findings:
    """Problems and facts gathered about one input; at most `limit` are listed, errors first.

    An error is what a later command would refuse; a warning is what it would do or leave out.
    `source` and `format` are what the rows are read from; a model has none.
    """

    path: Path
    kind: str
    limit: int
    rows: int = 0
    problems: list[Problem] = field(default_factory=list)
    counts: Counter[Level] = field(default_factory=Counter)
    facts: list[str] = field(default_factory=list)
    source: Source = field(default_factory=lambda: Source("."))
    format: Format | None = None

    def error(self, where: str, message: str) -> None:
        """Note what a later command would refuse; `where` is `file:line`, or the file."""
        self._add(Problem(_line(where), "error", f"{where}: {message}"))

    def warn(self, where: str, message: str) -> None:
        """Note what a later command would do, or leave out, without stopping."""
        self._add(Problem(_line(where), "warning", f"{where}: {message}"))

    def check_names(self, record: AnyRecord, where: str) -> None:
        """Warn of fields that are kept as they are, but may be one of ours that is misspelt."""
        for name, near in misspelt(record):
            self.warn(where, f"'{name}' is kept, but not used; did you mean '{near}'?")

    def add_bad_rows(self, bad: list[BadRow]) -> None:
        """Note rows that could not be read; their reason names the place."""
        for row in bad:
            self._add(Problem(row.line, "error", row.reason))
        self.rows += len(bad)

    def _add(self, problem: Problem) -> None:
        self.counts[problem.level] += 1
        if self.counts[problem.level] <= self.limit:
            self.problems.append(problem)

    def lines(self) -> list[str]:
        """Return the report as lines: problems (those of the whole file last), counts, facts."""
        errors_first = sorted(self.problems, key=lambda problem: problem.level)
        shown = sorted(errors_first[: self.limit], key=lambda p: (p.line == 0, p.line))
        hidden = self.counts.total() - len(shown)
        lines = [f"{problem.level}: {problem.message}" for problem in shown]
        if hidden:
            lines.append(f"... and {hidden} more; --limit N shows more")
        counts = ", ".join(some(self.counts[level], level) for level in get_args(Level))
        format = self.format.name if self.format else "jsonl"
        how = "" if format == "jsonl" else f" ({format})"
        return [*lines, f"{self.path}: {self.kind}{how}; {counts}", *(f"  {f}" for f in self.facts)]


def some(count: int, noun: str) -> str:
    """Say how many there are of something.

    >>> some(1, "clip"), some(0, "clip")
    ('1 clip', '0 clips')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _line(where: str) -> int:
    """Return the line number in `file:line`, or 0 when there is none.

    >>> _line("a.jsonl:12"), _line("folder/text")
    (12, 0)
    """
    number = where.rpartition(":")[2]
    return int(number) if number.isdecimal() else 0
