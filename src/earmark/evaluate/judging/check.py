"""Check judges on rows that they have scored: their agreement, and their view of good and bad."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from rich.table import Table

from earmark.errors import InputError
from earmark.evaluate.bootstrap import STANDARD, Resampling
from earmark.evaluate.judging.separation import (
    Agreement,
    Estimate,
    Separation,
    agreement,
    separation,
)
from earmark.evaluate.tables import as_text
from earmark.records import Candidates, Pair

GOOD = "good"


@dataclass(frozen=True, repr=False)
class JudgesChecked:
    """What the check of some judges found; it prints as two tables."""

    rows: int
    agreements: Mapping[tuple[str, str], Agreement]
    separations: Mapping[str, Separation]

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain values."""
        return {
            "rows": self.rows,
            "agreement": [
                {"judges": list(pair), **_plain(found)} for pair, found in self.agreements.items()
            ],
            "separation": {name: _plain(found) for name, found in self.separations.items()},
        }

    def __repr__(self) -> str:
        """Name the judges."""
        return f"JudgesChecked({self.rows} rows: {', '.join(self.separations)})"

    def __str__(self) -> str:
        """Print the two tables."""
        return "".join(map(as_text, self.tables()))

    def tables(self) -> list[Table]:
        """Lay out the agreement of every two judges, and the separation of each."""
        return [_of_agreement(self.agreements), _of_separation(self.separations)]


def check_judges(
    records: Iterable[Candidates | Pair],
    criteria: Sequence[str] = (),
    *,
    good: str = GOOD,
    resampling: Resampling = STANDARD,
) -> JudgesChecked:
    """Compare judges by the scores in some records.

    Args:
        records: candidates or pairs with scores.
        criteria: the judges; empty for all that there are.
        good: for candidates, the name of a score or of an extra field of a candidate that says
            whether it is good: true or 1, false or 0. Of a pair the chosen answer is good.
        resampling: how to draw.

    Raises:
        InputError: no scores, a criterion that no row has, or a label that is neither.
    """
    names = dict.fromkeys(criteria)
    kept: list[tuple[list[Mapping[str, float]], list[bool | None]]] = []
    for record in records:
        scores = scores_of(record)
        if not criteria:
            names |= dict.fromkeys(name for each in scores for name in each if name != good)
        kept.append((scores, labels_of(record, good)))
    found = [name for name in names if any(name in each for row, _ in kept for each in row)]
    missing = [name for name in criteria if name not in found]
    if missing or not found:
        raise InputError(
            f"no row has a score of '{missing[0]}'"
            if missing
            else "the rows have no scores; judge them first: earmark judge IN OUT --by JUDGE"
        )
    pairs = {
        (one, two): agreement(_both(kept, one, two), resampling)
        for one, two in combinations(found, 2)
    }
    return JudgesChecked(
        len(kept), pairs, {name: separation(_known(kept, name), resampling) for name in found}
    )


def scores_of(record: Candidates | Pair) -> list[Mapping[str, float]]:
    """Return the scores of each answer of a record by criterion."""
    if isinstance(record, Candidates):
        return [candidate.scores for candidate in record.candidates]
    answers = range(1 + len(record.losers))
    whole = {k: v for k, v in record.scores.items() if len(v) == len(answers)}
    return [{name: numbers[n] for name, numbers in whole.items()} for n in answers]


def labels_of(record: Candidates | Pair, good: str = GOOD) -> list[bool | None]:
    """Return whether each answer of a record is good; None where nothing says.

    Raises:
        InputError: a label that is neither true nor false.
    """
    if isinstance(record, Pair):
        return [True, *([False] * len(record.losers))]
    found = []
    for candidate in record.candidates:
        label = candidate.extra.get(good, candidate.scores.get(good))
        if label not in (None, 0, 1):
            raise InputError(
                f"'{record.id}': '{good}' of a candidate should be true or false (1 or 0), found "
                f"{str(label)[:80]}"
            )
        found.append(None if label is None else bool(label))
    return found


def _both(kept: Any, one: str, two: str) -> list[tuple[list[float], list[float]]]:
    """Return for each row the scores of the answers that both judges have scored."""
    rows = []
    for scores, _ in kept:
        both = [each for each in scores if one in each and two in each]
        rows.append(([each[one] for each in both], [each[two] for each in both]))
    return rows


def _known(kept: Any, name: str) -> list[tuple[list[float], list[bool]]]:
    """Return for each row the scores of the answers of which it is known whether they are good."""
    rows = []
    for scores, labels in kept:
        zipped = zip(scores, labels, strict=True)
        known = [
            (each[name], label) for each, label in zipped if name in each and label is not None
        ]
        rows.append(([score for score, _ in known], [label for _, label in known]))
    return [row for row in rows if row[0]]


def _plain(found: Any) -> dict[str, Any]:
    """Return a result as plain values."""
    return {
        name: {"value": each.value, "interval": each.interval and list(each.interval)}
        if isinstance(each, Estimate)
        else each
        for name, each in found._asdict().items()
    }


def _of_agreement(found: Mapping[tuple[str, str], Agreement]) -> Table:
    table = Table("judges", "pairs", "equal order", "tau-b", "tied", title="agreement")
    for (one, two), each in found.items():
        tied = "-" if each.tied is None else f"{each.tied:.3f}"
        table.add_row(
            f"{one}, {two}", str(each.pairs), _shown(each.equal_order), _shown(each.tau), tied
        )
    return _right(table)


def _of_separation(found: Mapping[str, Separation]) -> Table:
    table = Table(
        "judge", "good", "bad", "AUROC", "within a row", title="separation of good and bad"
    )
    for name, each in found.items():
        table.add_row(name, str(each.good), str(each.bad), _shown(each.auroc), _shown(each.within))
    return _right(table)


def _right(table: Table) -> Table:
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _shown(estimate: Estimate) -> str:
    """Write a value with its interval.

    >>> _shown(Estimate(None)), _shown(Estimate(0.5))
    ('-', '0.500')
    """
    if estimate.value is None:
        return "-"
    inside = estimate.interval
    return f"{estimate.value:.3f}" + (f" [{inside.low:.3f}, {inside.high:.3f}]" if inside else "")
