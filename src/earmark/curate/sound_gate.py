"""Keep the pairs whose rejected answers sound like the chosen one, or do not, within limits.

A rejected answer that sounds like the truth is a likely mishearing and a hard case; one that
sounds like nothing near it is easy to reject. Sounds are strings of phone classes
(`text/pronunciation`), worked out from the texts: no model runs and no clip is opened.
"""

from collections.abc import Sequence

from earmark.curate.verdict import Drop, Keep, Verdict
from earmark.errors import InputError, KnobError
from earmark.records import Pair
from earmark.text import tokenize
from earmark.text.pronunciation import most_alike, readings_of


def sound_gate(pairs: Sequence[Pair], *, least: float = 0.6, most: float = 1.0) -> list[Verdict]:
    """Keep a pair if the sound of every rejected answer is within limits of similarity.

    The similarity is that of whole answers, from 0 to 1, in the readings that agree best; answers
    that differ in case, script or marks alone have 1. A pair with an answer whose sound is not
    known (another script, nothing written) is dropped.

    Args:
        pairs: their answers are texts.
        least: similarity below which a rejected answer is too far.
        most: similarity above which it is too near.

    >>> pair = Pair("p", [], "我们 discuss budget", ["我们迪斯卡斯 budget", "明天见"])
    >>> sound_gate([pair], least=0.7)[0].why
    'rejected answer 2 sounds 0.49 like the chosen one, less than 0.7'

    Raises:
        KnobError: limits that are not from 0 to 1, or the least above the most.
    """
    check_limits(least, most)
    return [_judge(pair, least, most) for pair in pairs]


def check_limits(least: float, most: float) -> None:
    """Refuse limits that no similarity is within.

    Raises:
        KnobError: says which.
    """
    for name, value in (("least", least), ("most", most)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise KnobError(f"{name} should be a similarity from 0 to 1, found {value!r}")
    if least > most:
        raise KnobError(f"least should be at most as large as most, found {least} above {most}")


def _judge(pair: Pair, least: float, most: float) -> Verdict:
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
        if found < least:
            return Drop(pair, f"{which} sounds {found:.2f} like the chosen one, less than {least}")
        if found > most:
            return Drop(pair, f"{which} sounds {found:.2f} like the chosen one, more than {most}")
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
