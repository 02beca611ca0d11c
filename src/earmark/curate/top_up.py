"""Return pairs of some tasks that earlier steps dropped, under relaxed gates."""

from array import array
from collections.abc import Callable, Iterator

import numpy as np

from earmark.curate.annotated import QUALITIES, from_level
from earmark.curate.fields import Missing, margin_of, names_in, scores_of, unscored, value_of
from earmark.curate.verdict import Drop, Keep, Stream, Verdict
from earmark.errors import KnobError
from earmark.records import Pair

OUT = -np.inf


def top_up(
    dropped: Stream,
    *,
    criterion: str = "",
    task: str,
    percentile: float = 0.0,
    least_quality: str = "",
    most: int = 0,
    missing: Missing = "drop",
) -> Iterator[Verdict]:
    """Return dropped pairs of some tasks whose chosen answer scores above the rejected ones.

    UltraMix (arXiv 2511.10985) adds math and code with chosen above rejected, then information
    seeking and reasoning of average quality with a reward from the 70th percentile. It looks at the
    pairs that earlier steps of the chain dropped, except copies. The percentile is that of the
    dropped pairs of these tasks. A pair that is returned has a record of it, and earlier steps of
    the same chain pass over it.

    Args:
        dropped: the pairs that earlier steps dropped.
        criterion: the name of the scores.
        task: tasks with plus signs, as `earmark annotate` names them.
        percentile: of the chosen answers' scores, from 0 to 100, below which none is returned.
        least_quality: input quality that a pair needs: very poor, poor, average, good, excellent.
        most: how many are returned at most, the highest scores first; 0 for no limit.
        missing: whether a pair without scores stops the work or stays out.

    Raises:
        KnobError: no task, a percentile out of range, an unknown quality, or a limit below 0.
    """
    tasks = names_in(task)
    if not tasks:
        raise KnobError("top_up needs task, names of tasks with plus signs")
    if isinstance(percentile, bool) or not 0 <= percentile <= 100:
        raise KnobError(f"percentile should be from 0 to 100, found {percentile!r}")
    if isinstance(most, bool) or not isinstance(most, int) or most < 0:
        raise KnobError(f"most should be a whole number of pairs from 0, found {most!r}")
    qualities = from_level(least_quality, QUALITIES, "least_quality")

    def fault(pair: Pair) -> str | None:
        if value_of(pair, "task") not in tasks:
            return "another task"
        if qualities and value_of(pair, "input_quality") not in qualities:
            return "of lower quality"
        if unscored(pair, criterion, missing):
            return f"without scores for '{criterion}'"
        return None if margin_of(pair, criterion) > 0 else "chosen is not above rejected"

    return _verdicts(dropped, criterion, percentile, most, fault)


def _verdicts(
    dropped: Stream,
    criterion: str,
    percentile: float,
    most: int,
    fault: Callable[[Pair], str | None],
) -> Iterator[Verdict]:
    scores = array("d")
    for pair in dropped:
        scores.append(OUT if fault(pair) else scores_of(pair, criterion)[0])
    found = np.asarray(scores)
    fit = np.flatnonzero(found > OUT)
    threshold = float(np.percentile(found[fit], percentile)) if len(fit) else OUT
    taken = fit[found[fit] >= threshold]
    if most and len(taken) > most:
        taken = taken[np.argsort(-found[taken], kind="stable")[:most]]
    returned = np.zeros(len(found), bool)
    returned[taken] = True
    for pair, back, score in zip(dropped, returned, found, strict=True):
        if back:
            yield Keep(pair)
        elif why := fault(pair):
            yield Drop(pair, why)
        elif score < threshold:
            yield Drop(pair, f"{criterion} {score:g} is below {threshold:g}")
        else:
            yield Drop(pair, f"not among the {most} with the highest {criterion}")
