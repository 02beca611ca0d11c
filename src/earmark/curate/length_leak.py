"""Keep so many pairs that the length of an answer does not give its side away."""

from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np

from earmark.curate.first_word_leak import check_leak
from earmark.curate.settled import settled
from earmark.curate.verdict import Drop, Keep, Stream, Verdict
from earmark.records import Pair
from earmark.text import tokenize


def length_leak(pairs: Stream, *, most: float = 0.6) -> Iterator[Verdict]:
    """Drop pairs until the shorter, or the longer, answer is chosen in at most a share of them.

    In the data of arXiv 2512.06097 the shorter answer is the chosen one in 83 % of pairs, so that
    DPO can succeed by length alone. Of the side with too many pairs, those whose lengths differ
    most are dropped. Pairs of equal lengths stay and do not count. Pairs that are kept have a
    record of it, since later steps may change the shares.

    Args:
        pairs: of several rejected answers, their mean length counts.
        most: share of the pairs of unequal lengths, from 0.5 to 1.

    Raises:
        KnobError: a share out of range.
    """
    check_leak(most)
    return _verdicts(pairs, {"by": "length_leak", "most": most})


def lengthening(pair: Pair) -> float:
    """Return how many words the chosen answer has more than the rejected ones, on average.

    >>> lengthening(Pair("p", [], "我 go", ["我", "我们 go home"]))
    -0.5
    """
    losers = pair.losers
    mean = sum(len(tokenize(text)) for text in losers) / max(1, len(losers))
    return len(tokenize(pair.chosen)) - mean


def _verdicts(pairs: Stream, step: dict[str, Any]) -> Iterator[Verdict]:
    looked_at = (pair for pair in pairs if settled(pair, step) is None)
    more = array("d", map(lengthening, looked_at))
    gone = _too_many(np.asarray(more), step["most"])
    place = 0
    for pair in pairs:
        if settled(pair, step) is not None:
            yield Keep(pair)
            continue
        difference = more[place]
        if gone[place]:
            side = "longer" if difference > 0 else "shorter"
            why = f"the {side} answer is chosen too often; here by {abs(difference):g} words"
            yield Drop(pair, why)
        else:
            yield Keep(pair, step)
        place += 1


def _too_many(more: np.ndarray, most: float) -> np.ndarray:
    """Return which pairs are dropped, of those whose chosen answer has so many words more."""
    gone = np.zeros(len(more), bool)
    shorter, longer = np.flatnonzero(more < 0), np.flatnonzero(more > 0)
    many, few = (shorter, longer) if len(shorter) >= len(longer) else (longer, shorter)
    # kept / (kept + few) <= most
    allowed = len(many) if most == 1 else int(most / (1 - most) * len(few) + 1e-9)
    if len(many) > allowed:
        by_difference = np.argsort(np.abs(more[many]), kind="stable")
        gone[many[by_difference[allowed:]]] = True
    return gone
