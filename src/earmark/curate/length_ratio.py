"""Keep the pairs whose rejected answers are about as long as the chosen one."""

from collections.abc import Iterator

from earmark.curate.fields import Range, check_range, with_rejected
from earmark.curate.verdict import Change, Drop, Keep, Stream, Verdict
from earmark.records import Pair
from earmark.text import tokenize

MOST = 1000.0


def length_ratio(pairs: Stream, *, least: float = 0.5, most: float = 2.0) -> Iterator[Verdict]:
    """Keep pairs whose rejected answer has between `least` and `most` times the chosen one's words.

    Words are English words and single Han characters. A pair with several rejected answers loses
    those outside, and is dropped where none is left. An empty chosen answer has no ratio.

    Args:
        pairs: their answers are texts.
        least: ratio below which a rejected answer is too short.
        most: ratio above which it is too long.

    Raises:
        KnobError: limits that are not ratios.

    >>> [verdict.why for verdict in length_ratio([Pair("p", [], "我想 review 一下", "我")])]
    ['the rejected answer has 0.2 times the words of the chosen one, less than 0.5']
    """
    limits = check_range(least, most, 0.0, MOST, "a ratio")
    return (_judge(pair, limits) for pair in pairs)


def _judge(pair: Pair, limits: Range) -> Verdict:
    words = len(tokenize(pair.chosen))
    if not words:
        return Drop(pair, "the chosen answer has no word")
    ratios = [len(tokenize(loser)) / words for loser in pair.losers]
    good = [n for n, ratio in enumerate(ratios) if limits.fault(ratio) is None]
    if len(good) == len(ratios):
        return Keep(pair)
    if good:
        gone = len(ratios) - len(good)
        why = f"{gone} of {len(ratios)} rejected answers are too short or too long"
        return Change(with_rejected(pair, good), why)
    return Drop(
        pair,
        f"the rejected answer has {ratios[0]:.2g} times the words of the chosen one, "
        f"{limits.fault(ratios[0])}",
    )
