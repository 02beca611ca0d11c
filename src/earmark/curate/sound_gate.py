"""Keep the pairs whose rejected answers sound like the chosen one, or do not, within limits.

A rejected answer that sounds like the truth is a likely mishearing and a hard case; one that
sounds like nothing near it is easy to reject. Sounds are strings of phone classes
(`text/pronunciation`), worked out from the texts: no model runs and no clip is opened.
"""

from collections.abc import Iterator

from earmark.curate.fields import Range, check_range
from earmark.curate.verdict import Drop, Keep, Stream, Verdict
from earmark.errors import InputError
from earmark.records import Pair
from earmark.text import tokenize
from earmark.text.pronunciation import most_alike, readings_of


def sound_gate(pairs: Stream, *, least: float = 0.6, most: float = 1.0) -> Iterator[Verdict]:
    """Keep a pair if the sound of every rejected answer is within limits of similarity.

    The similarity is that of whole answers, from 0 to 1, in the readings that agree best; answers
    that differ in case, script or marks alone have 1. A pair with an answer whose sound is not
    known (another script, nothing written) is dropped.

    Args:
        pairs: their answers are texts.
        least: similarity below which a rejected answer is too far.
        most: similarity above which it is too near.

    >>> pair = Pair("p", [], "我们 discuss budget", ["我们迪斯卡斯 budget", "明天见"])
    >>> next(sound_gate([pair], least=0.7)).why
    'rejected answer 2 sounds 0.49 like the chosen one, less than 0.7'

    Raises:
        KnobError: limits that are not from 0 to 1, or the least above the most.
    """
    limits = check_range(least, most, 0.0, 1.0, "a similarity")
    return (_judge(pair, limits) for pair in pairs)


def _judge(pair: Pair, limits: Range) -> Verdict:
    """Hold the rejected answers of a pair against the limits."""
    chosen = _tokens(pair, pair.chosen)
    if not any(readings_of(chosen)):
        return Drop(pair, "the sound of the chosen answer is not known")
    for number, answer in enumerate(pair.losers, start=1):
        rejected = _tokens(pair, answer)
        which = "the rejected answer" if len(pair.losers) == 1 else f"rejected answer {number}"
        if not any(readings_of(rejected)):
            return Drop(pair, f"the sound of {which} is not known")
        found = most_alike(chosen, rejected)
        if fault := limits.fault(found):
            return Drop(pair, f"{which} sounds {found:.2f} like the chosen one, {fault}")
    return Keep(pair)


def _tokens(pair: Pair, answer: object) -> list[str]:
    """Return the tokens of an answer.

    Raises:
        InputError: it is no text.
    """
    if not isinstance(answer, str):
        raise InputError(
            f"pair '{pair.id}': the sound of an answer is worked out from its text, found "
            f"{type(answer).__name__}; curate pairs of transcripts by sound"
        )
    return tokenize(answer)
