"""Keep a share of the pairs whatever they are: the control of a curator that keeps as many."""

from collections.abc import Iterator
from random import Random
from typing import Any

from earmark.curate.gap_filter import check_share, draw
from earmark.curate.settled import settled
from earmark.curate.verdict import Drop, Keep, Stream, Verdict
from earmark.errors import check_seed


def random_share(pairs: Stream, *, keep_share: float = 0.8, seed: int = 0) -> Iterator[Verdict]:
    """Keep a share of the pairs, drawn at random.

    Pairs that were drawn have a record of it, and are kept when the same step meets them again. The
    control of a whole chain is `earmark curate --control`, which keeps as many as the chain.

    Args:
        pairs: the pairs.
        keep_share: share of the pairs to keep, from 0 to 1; at least one is kept.
        seed: of the draw.

    Raises:
        KnobError: a share that is not above 0 and at most 1, or a seed below 0.
    """
    check_share(keep_share)
    check_seed(seed)
    return _verdicts(pairs, {"by": "random", "keep_share": keep_share, "seed": seed})


def _verdicts(pairs: Stream, step: dict[str, Any]) -> Iterator[Verdict]:
    count = sum(settled(pair, step) is None for pair in pairs)
    kept = draw([0.0] * count, step["keep_share"], Random(step["seed"])) if count else set()
    place = 0
    for pair in pairs:
        if settled(pair, step) is not None:
            yield Keep(pair)
        else:
            yield Keep(pair, step) if place in kept else Drop(pair, "drawn at random")
            place += 1
