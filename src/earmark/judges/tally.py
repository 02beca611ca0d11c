"""What became of each score: given, or not and why. Nothing vanishes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rich.table import Table

from earmark.errors import InputError

MOST_REASONS = 5
OTHER_REASONS = "other reasons"


class Unjudged(NamedTuple):
    """A score that there is none of: the row, the answer (from 1), the criterion, the reason."""

    id: str
    answer: int
    judge: str
    why: str


@dataclass
class Tally:
    """Counts of answers by criterion: scored, and not scored with the reason.

    `rows` and `answers` count what was judged, `replaced` the rows whose scores of a criterion were
    there before, `lowest` and `highest` and `sums` describe the scores, `spent` what judges spent.
    """

    rows: int = 0
    answers: int = 0
    scored: Counter[str] = field(default_factory=Counter)
    failed: dict[str, Counter[str]] = field(default_factory=dict)
    replaced: Counter[str] = field(default_factory=Counter)
    sums: dict[str, float] = field(default_factory=dict)
    lowest: dict[str, float] = field(default_factory=dict)
    highest: dict[str, float] = field(default_factory=dict)
    spent: dict[str, Mapping[str, int]] = field(default_factory=dict)

    def score(self, name: str, value: float) -> None:
        """Count a score."""
        self.scored[name] += 1
        self.sums[name] = self.sums.get(name, 0.0) + value
        self.lowest[name] = min(value, self.lowest.get(name, value))
        self.highest[name] = max(value, self.highest.get(name, value))

    def fail(self, name: str, why: str) -> None:
        """Count an answer without a score; after a few reasons the others are counted as one."""
        reasons = self.failed.setdefault(name, Counter())
        reasons[why if why in reasons or len(reasons) < MOST_REASONS else OTHER_REASONS] += 1

    def refuse_useless(self, names: Sequence[str]) -> None:
        """Refuse a result in which a judge has scored nothing at all.

        Raises:
            InputError: there were no rows, or names the judge with its commonest reason.
        """
        if not self.answers:
            raise InputError("there is not one answer to judge")
        for name in names:
            if not self.scored[name]:
                why, count = self.failed[name].most_common(1)[0]
                raise InputError(
                    f"judge '{name}' scored none of {self.answers} answers; the commonest reason "
                    f"({count} times): {why}"
                )

    def as_dict(self) -> dict[str, Any]:
        """Return the tally as plain data."""
        names = [*dict.fromkeys([*self.scored, *self.failed])]
        return {
            "rows": self.rows,
            "answers": self.answers,
            "judges": {name: self._of(name) for name in names},
        }

    def _of(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = {"scored": self.scored[name]}
        if self.scored[name]:
            found["mean"] = self.sums[name] / self.scored[name]
            found |= {"lowest": self.lowest[name], "highest": self.highest[name]}
        found["failed"] = dict(self.failed.get(name, {}))
        found |= {"replaced": self.replaced[name]} if self.replaced[name] else {}
        return found | ({"spent": dict(self.spent[name])} if self.spent.get(name) else {})

    def table(self, title: str) -> Table:
        """Lay out a line for each criterion, and one for each reason of a failure."""
        table = Table("judge", "scored", "mean", "lowest", "highest", title=title)
        for column in table.columns[1:]:
            column.justify = "right"
        for name, found in self.as_dict()["judges"].items():
            numbers = [found.get(key) for key in ("mean", "lowest", "highest")]
            shown = ["-" if each is None else f"{each:.4g}" for each in numbers]
            table.add_row(name, str(found["scored"]), *shown)
            for why, count in found["failed"].items():
                table.add_row(f"  no score: {why}", str(count), "", "", "")
            for what, count in found.get("spent", {}).items():
                table.add_row(f"  {what}", str(count), "", "", "")
        return table
