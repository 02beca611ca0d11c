"""Keep the pairs above a percentile of their source, by the score of an answer or by the margin."""

import math
from array import array
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

import numpy as np

from earmark.curate.fields import (
    Groups,
    Missing,
    group_of,
    margin_of,
    names_in,
    scores_of,
    unscored,
)
from earmark.curate.settled import settled
from earmark.curate.verdict import Drop, Keep, Stream, Verdict
from earmark.errors import InputError, KnobError
from earmark.formats.schema.fields import brief
from earmark.pairs.rules import is_finite
from earmark.records import Pair

Of = Literal["chosen", "margin"]
VALUES: dict[Of, Callable[[Pair, str], float]] = {
    "chosen": lambda pair, criterion: scores_of(pair, criterion)[0],
    "margin": margin_of,
}


class _Cuts(NamedTuple):
    """The percentile below which pairs of a source are dropped: the usual one, and exceptions."""

    usual: float
    of: dict[str, float]

    def at(self, source: str) -> float:
        return self.of.get(source, self.usual)


def percentile(
    pairs: Stream,
    *,
    criterion: str = "",
    least: str = "25",
    per: str = "source",
    of: Of = "chosen",
    missing: Missing = "stop",
) -> Iterator[Verdict]:
    """Keep pairs at or above a percentile of the scores of their source.

    The cut of UltraMix (arXiv 2511.10985): the 25th percentile of the chosen answers' rewards in
    general data sets, the 80th in one of code: `least=25+code=80`.

    The threshold that a pair passed is recorded with it, so that a second run keeps what the first
    one kept. Other pairs are held against the threshold that those of their source have recorded,
    the lowest of several; a source without one has its percentile computed.

    Args:
        pairs: each needs scores for the criterion and a value of the field `per`.
        criterion: the name of the scores.
        least: the percentile, from 0 to 100, and those of single sources after plus signs.
        per: the field whose values are the sources; nothing takes all pairs together.
        of: the score of the chosen answer, or its margin above the best rejected one.
        missing: whether a pair without scores stops the work or is dropped.

    Raises:
        InputError: a pair without scores or without a source.
        KnobError: what is not a percentile.
    """
    cuts = parse_cuts(least)
    if of not in VALUES:
        raise KnobError(f"of should be one of: {', '.join(VALUES)}; found '{of}'")
    step = {"by": "percentile", "criterion": criterion, "least": least, "per": per, "of": of}
    return _verdicts(pairs, cuts, step, missing)


def _verdicts(
    pairs: Stream, cuts: _Cuts, step: dict[str, Any], missing: Missing
) -> Iterator[Verdict]:
    criterion, per, value = step["criterion"], step["per"], VALUES[step["of"]]
    thresholds = _thresholds(pairs, cuts, step, missing)
    for pair in pairs:
        if drop := unscored(pair, criterion, missing):
            yield drop
            continue
        record = settled(pair, step)
        group = group_of(pair, per)
        threshold = thresholds[group] if record is None else _threshold(pair, record)
        score = value(pair, criterion)
        if score >= threshold:
            yield Keep(pair, {**step, "threshold": threshold})
        else:
            which = f" of {group}" if per else ""
            yield Drop(
                pair,
                f"{criterion} {score:g} is below {threshold:g}, the percentile "
                f"{cuts.at(group):g}{which}",
            )


def _thresholds(
    pairs: Stream, cuts: _Cuts, step: dict[str, Any], missing: Missing
) -> dict[str, float]:
    """Return the threshold of each source: one that is recorded, else the percentile."""
    criterion, per, value = step["criterion"], step["per"], VALUES[step["of"]]
    groups, places, values = Groups(), array("i"), array("d")
    recorded: dict[str, float] = {}
    for pair in pairs:
        if unscored(pair, criterion, missing) is not None:
            continue
        group, record = group_of(pair, per), settled(pair, step)
        if record is not None:
            recorded[group] = min(_threshold(pair, record), recorded.get(group, math.inf))
        places.append(groups.number(group))
        values.append(value(pair, criterion))
    found, of = np.asarray(values), np.asarray(places)
    return recorded | {
        name: float(np.percentile(found[of == number], cuts.at(name)))
        for name, number in groups.names.items()
        if name not in recorded
    }


def _threshold(pair: Pair, record: Any) -> float:
    """Return the threshold that a pair passed before.

    Raises:
        InputError: the record has none.
    """
    found = record.get("threshold")
    if not is_finite(found):
        raise InputError(
            f"pair '{pair.id}': the threshold of an earlier run should be a finite number, found "
            f"{brief(found)}; remove made_by.curated"
        )
    return float(found)


def parse_cuts(text: str | float) -> _Cuts:
    """Read percentiles: the usual one, and those of single sources.

    Raises:
        KnobError: what is not a percentile from 0 to 100, or two usual ones.

    >>> parse_cuts("25+code=80").at("code"), parse_cuts(25).at("code")
    (80.0, 25.0)
    """
    usual: float | None = None
    of: dict[str, float] = {}
    for part in names_in(str(text)):
        name, equals, number = part.rpartition("=")
        value = _percent(number, text)
        if equals and name not in of:
            of[name] = value
        elif not equals and usual is None:
            usual = value
        else:
            raise KnobError(f"least should have one percentile for each source, found '{text}'")
    return _Cuts(0.0 if usual is None else usual, of)


def _percent(number: str, text: str | float) -> float:
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise KnobError(
            f"least should be a percentile from 0 to 100, as 25 or 25+code=80, found '{text}'"
        )
    return value
