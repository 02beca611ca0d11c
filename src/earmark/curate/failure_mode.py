"""Keep the pairs whose rejected answers fail in certain ways."""

from collections.abc import Iterator

from earmark.curate.fields import names_in, with_rejected
from earmark.curate.verdict import Change, Drop, Keep, Stream, Verdict
from earmark.errors import KnobError
from earmark.records import Pair


def failure_mode(pairs: Stream, *, keep: str = "", drop: str = "") -> Iterator[Verdict]:
    """Keep pairs by the failure modes of their rejected answers.

    A pair with several rejected answers loses those of other modes, and is dropped where none is
    left. A pair that names no modes is dropped where `keep` is given.

    Args:
        pairs: their `failure_modes` name one mode for each rejected answer.
        keep: modes to keep, with plus signs; nothing keeps all that are not in `drop`.
        drop: modes to drop.

    Raises:
        KnobError: neither is given, or both have the same mode.

    >>> pair = Pair("p", [], "a", ["b", "c"], ["loop", "empty"])
    >>> [verdict.pair.rejected for verdict in failure_mode([pair], drop="empty")]
    [['b']]
    """
    kept, dropped = set(names_in(keep)), set(names_in(drop))
    if not kept and not dropped:
        raise KnobError("failure_mode needs keep or drop, names of modes with plus signs")
    if kept & dropped:
        raise KnobError(f"keep and drop both name {', '.join(sorted(kept & dropped))}")
    return (_judge(pair, kept, dropped) for pair in pairs)


def _judge(pair: Pair, kept: set[str], dropped: set[str]) -> Verdict:
    modes = pair.failure_modes
    if len(modes) != len(pair.losers):
        if kept:
            return Drop(pair, "does not name the failure mode of each rejected answer")
        # One mode for all answers, or none: the pair is judged as a whole.
        bad = dropped.intersection(modes)
        return Drop(pair, f"failure mode {min(bad)}") if bad else Keep(pair)
    good = [n for n, mode in enumerate(modes) if mode not in dropped and (not kept or mode in kept)]
    if len(good) == len(modes):
        return Keep(pair)
    if good:
        gone = len(modes) - len(good)
        return Change(
            with_rejected(pair, good), f"{gone} of {len(modes)} rejected answers left out"
        )
    return Drop(pair, f"failure mode {'+'.join(modes)}")
