"""Judge a stream of rows: a few at a time, each judge in turn, failures counted with their reason.

A row keeps its place. What a judge cannot score is left without that score.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from earmark.errors import KnobError
from earmark.judges.cases import TRUTH, Judged, case_of, criteria_of, with_scores
from earmark.judges.choose import Chosen
from earmark.judges.judge import Case, Failed, Score, scores_of
from earmark.judges.kept import KeptScores
from earmark.judges.tally import Tally, Unjudged

AT_ONCE = 64
TOTAL = "total"


def total_of(chosen: Sequence[Chosen], total: str | None) -> str | None:
    """Return the criterion of the weighted sum: as named, or `total` where a judge has a weight.

    Raises:
        KnobError: a judge writes that criterion itself.
    """
    name = total or (TOTAL if any(each.weighted for each in chosen) else None)
    if name in [each.criterion for each in chosen]:
        raise KnobError(f"the weighted sum is called '{name}' like a judge; choose another name")
    return name


def judge_records(
    records: Iterable[Judged],
    chosen: Sequence[Chosen],
    tally: Tally,
    *,
    folder: Path = Path(),
    total: str | None = None,
    truth: str = TRUTH,
    kept: KeptScores | None = None,
    unjudged: Callable[[Unjudged], object] | None = None,
) -> Iterator[Judged]:
    """Yield the records with the scores of all judges, in their order.

    Args:
        records: candidates or pairs.
        chosen: the judges.
        tally: counts what became of each score.
        folder: where the paths of the records start.
        total: the criterion of the weighted sum; None writes none, unless a judge has a weight.
        truth: see `case_of`.
        kept: scores of an interrupted run, and where new ones are kept.
        unjudged: is called with each score that there is none of.

    Raises:
        InputError: at the end, if a judge has scored nothing; or a record that makes no case.
    """
    name = total_of(chosen, total)
    signatures = {each.criterion: each.judge.signature for each in chosen}
    if name is not None:
        weights = "+".join(f"{each.weight:g}*{each.criterion}" for each in chosen)
        signatures[name] = f"sum|{weights}"
    rows = iter(records)
    while some := list(islice(rows, AT_ONCE)):
        cases = [case_of(record, folder, truth) for record in some]
        columns = {each.criterion: _scores(each, cases, kept) for each in chosen}
        for number, record in enumerate(some):
            tally.rows += 1
            tally.answers += len(cases[number].answers)
            tally.replaced.update(criteria_of(record) & signatures.keys())
            by_judge = {criterion: column[number] for criterion, column in columns.items()}
            if name is not None:
                by_judge[name] = _sums(chosen, by_judge, len(cases[number].answers))
            _count(record.id, by_judge, tally, unjudged)
            yield with_scores(record, _by_answer(by_judge, len(cases[number].answers)), signatures)
    tally.spent.update({each.criterion: each.judge.spent() for each in chosen})
    tally.refuse_useless([*signatures])


def _scores(
    chosen: Chosen, cases: Sequence[Case], kept: KeptScores | None
) -> list[Sequence[Score]]:
    """Return a judge's scores of some cases, those that are kept from there."""
    judge = chosen.judge
    keep = kept if judge.kept else None
    found: list[Sequence[Score] | None] = [keep.get(judge, c) if keep else None for c in cases]
    missing = [number for number, scores in enumerate(found) if scores is None]
    for start in range(0, len(missing), judge.at_once):
        few = missing[start : start + judge.at_once]
        given = list(judge.score([cases[n] for n in few]))
        if len(given) != len(few):
            raise KnobError(f"judge '{judge.name}' scored {len(given)} rows of {len(few)}")
        for place, scores in zip(few, given, strict=True):
            # Whatever a judge of the user's own gives.
            checked = scores_of(cases[place], partial(_given, scores))
            found[place] = checked
            if keep:
                keep.put(judge, cases[place], checked)
    return [scores for scores in found if scores is not None]


def _given(scores: Sequence[Any], case: Case) -> Sequence[Any]:
    del case  # its answers are counted by the caller
    return scores


def _sums(
    chosen: Sequence[Chosen], by_judge: dict[str, Sequence[Score]], answers: int
) -> list[Score]:
    """Add the scores of each answer, weighted; there is no sum where one of them is missing."""
    sums: list[Score] = []
    for number in range(answers):
        value = 0.0
        for each in chosen:
            score = by_judge[each.criterion][number]
            if isinstance(score, Failed):
                sums.append(Failed(f"there is no score of '{each.criterion}'"))
                break
            value += each.weight * score
        else:
            sums.append(value)
    return sums


def _count(
    id_: str,
    by_judge: dict[str, Sequence[Score]],
    tally: Tally,
    unjudged: Callable[[Unjudged], object] | None,
) -> None:
    """Count the scores of a row."""
    for criterion, scores in by_judge.items():
        for number, score in enumerate(scores, start=1):
            if isinstance(score, Failed):
                tally.fail(criterion, score.why)
                if unjudged is not None:
                    unjudged(Unjudged(id_, number, criterion, score.why))
            else:
                tally.score(criterion, score)


def _by_answer(by_judge: dict[str, Sequence[Score]], answers: int) -> list[dict[str, float]]:
    """Turn scores by judge into scores by answer, without what there is none of."""
    return [
        {
            criterion: score
            for criterion, scores in by_judge.items()
            if not isinstance(score := scores[number], Failed)
        }
        for number in range(answers)
    ]
