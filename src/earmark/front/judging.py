"""Judge answers from Python: records, rows or a path; names, objects and functions as judges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from earmark.errors import InputError
from earmark.evaluate.rows import frame
from earmark.evaluate.tables import as_text
from earmark.front.inputs import Given, records_of
from earmark.judges.cases import TRUTH
from earmark.judges.choose import OwnJudge, chosen_judges
from earmark.judges.files import open_rows
from earmark.judges.run import judge_records
from earmark.judges.tally import Tally, Unjudged
from earmark.records import Candidates, Pair


@dataclass(frozen=True, repr=False)
class Judged(Sequence[Candidates | Pair]):
    """Rows with the scores of their answers; `unjudged` names each score that is missing, and why.

    A sequence of Candidates or Pair that prints like the table of `earmark judge`.
    """

    rows: tuple[Candidates | Pair, ...]
    tally: Tally
    unjudged: tuple[Unjudged, ...]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        """Return one row, or some."""
        return self.rows[index]

    def to_dict(self) -> dict[str, Any]:
        """Return the tally as plain values."""
        return self.tally.as_dict()

    def to_frame(self) -> Any:
        """Return a pandas data frame with one row per answer: its row, its number, its scores.

        Raises:
            ImportError: pandas is not installed.
        """
        return frame([answer for row in self.rows for answer in _answers(row)])

    def __repr__(self) -> str:
        """Name the result by its counts."""
        answers, missing = self.tally.answers, len(self.unjudged)
        return f"Judged({len(self)} rows, {answers} answers, {missing} scores missing)"

    def __str__(self) -> str:
        """Print like the table of `earmark judge`."""
        return as_text(self.__rich__())

    def __rich__(self) -> Table:
        """Lay out what each judge gave."""
        return self.tally.table("judges")


def judge(
    rows: Given,
    by: OwnJudge | Sequence[OwnJudge],
    *,
    weights: Mapping[str, float] | None = None,
    total: str | None = None,
    truth: str = TRUTH,
) -> Judged:
    """Score the answers of candidates or pairs; each judge writes its own criterion.

    >>> rows = [{"id": "a", "prompt": [], "truth": "我想 review", "candidates": [
    ...     {"content": "我想"}, {"content": "我想 review"}]}]
    >>> [c.scores for c in judge(rows, "mixed_error_rate:cap=2,loop")[0].candidates]
    [{'mixed_error_rate': -0.3333333333333333, 'loop': 0.0}, {'mixed_error_rate': 0.0, 'loop': 0.0}]

    Args:
        rows: candidates or pairs, rows of them, or a path. Of a pair both sides are scored.
        by: `NAME[:knob=value]`, several with commas, or a list of names, `Judge` objects, and
            functions that take a `Case` and return a number for each of its answers.
        weights: of the weighted sum, by criterion.
        total: the criterion of the weighted sum; default: `total` where there are weights.
        truth: the field that has the right answer; `chosen` takes the chosen answer of a pair.

    Raises:
        InputError: rows that cannot be used, or a judge that scored nothing.
        KnobError: no such judge, or a knob that it does not have.
    """
    chosen = chosen_judges(by, weights)
    found: list[Any] = records_of(_kind(rows), rows, "rows")
    tally, missing = Tally(), list[Unjudged]()
    judged = judge_records(found, chosen, tally, total=total, truth=truth, unjudged=missing.append)
    return Judged(tuple(judged), tally, tuple(missing))


def _kind(given: Given) -> type[Any]:
    """Return whether candidates or pairs are given.

    Raises:
        InputError: neither.
    """
    if isinstance(given, str | Path):
        return open_rows(given).kind
    first = next(iter(given), None) if isinstance(given, Sequence) else None
    if isinstance(first, Pair) or (isinstance(first, Mapping) and "chosen" in first):
        return Pair
    if isinstance(first, Candidates) or (isinstance(first, Mapping) and "candidates" in first):
        return Candidates
    raise InputError(
        "rows should be a list of Candidates or Pair, of rows of them, or a path; found "
        f"{type(given).__name__} of {type(first).__name__}"
    )


def _answers(row: Candidates | Pair) -> list[dict[str, Any]]:
    """Return the scores of each answer of a row as a flat row."""
    if isinstance(row, Candidates):
        scores: list[Mapping[str, float]] = [each.scores for each in row.candidates]
    else:
        count = 1 + len(row.losers)
        scores = [{k: v[n] for k, v in row.scores.items()} for n in range(count)]
    return [{"id": row.id, "answer": n, **each} for n, each in enumerate(scores, start=1)]
